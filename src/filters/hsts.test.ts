import { describe, expect, it } from 'vitest'

import type { Handler } from '../core/handler.ts'
import { respond } from '../core/message.ts'
import { exchange } from '../testing/exchange.ts'
import { type HstsOptions, hsts } from './hsts.ts'

const YEARS = 365 * 86_400

async function fieldsAfter(
  options?: HstsOptions,
  url = 'https://a.test/',
  answer: Handler = () => respond(200),
) {
  const response = await hsts(options)(exchange({ url }), answer)
  return response.headers.getAll('Strict-Transport-Security')
}

describe('hsts', () => {
  it.each<[HstsOptions | undefined, string]>([
    [undefined, `max-age=${2 * YEARS}`],
    [{ maxAge: '1d' }, 'max-age=86400'],
    [{ maxAge: 1_999 }, 'max-age=1'],
    [{ maxAge: 0 }, 'max-age=0'],
    [{ includeSubDomains: true }, `max-age=${2 * YEARS}; includeSubDomains`],
    [
      { maxAge: '365d', includeSubDomains: true, preload: true },
      `max-age=${YEARS}; includeSubDomains; preload`,
    ],
  ])('with %j says %s', async (options, field) => {
    expect(await fieldsAfter(options)).toEqual([field])
  })

  it('says nothing to a client that came without TLS', async () => {
    expect(await fieldsAfter({}, 'http://a.test/')).toEqual([])
  })

  it('goes by what a trusted proxy in front has said', async () => {
    const behind = exchange({ url: 'http://a.test/', client: { scheme: 'https' } })
    const response = await hsts()(behind, () => respond(200))
    expect(response.headers.has('Strict-Transport-Security')).toBe(true)
  })

  it("takes the place of a service's own, since clients heed the first one alone", async () => {
    const answer: Handler = () => respond(200, '', { 'Strict-Transport-Security': 'max-age=1' })
    expect(await fieldsAfter({ maxAge: '2s' }, 'https://a.test/', answer)).toEqual(['max-age=2'])
    expect(await fieldsAfter({}, 'http://a.test/', answer)).toEqual(['max-age=1'])
  })

  it.each<[object, string]>([
    [{ maxAge: -1 }, '"maxAge"'],
    [{ maxAge: 'long' }, '"maxAge"'],
    [{ includeSubDomains: 'yes' }, '"includeSubDomains" must be true or false'],
    [{ preload: true }, '"preload" must be false'],
    [{ preload: true, includeSubDomains: true, maxAge: '364d' }, '"preload" must be false'],
    [{ maxage: 1 }, 'did you mean "maxAge"'],
  ])('refuses %j', (options, message) => {
    expect(() => hsts(options as HstsOptions)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', message: expect.stringContaining(message) }),
    )
  })
})
