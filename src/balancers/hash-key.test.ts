import { describe, expect, test } from 'vitest'
import type { Candidates } from '../core/balancer.ts'
import { hashText } from '../core/hash.ts'
import { endpoint } from '../testing/endpoint.ts'
import { type ExchangeOptions, exchange } from '../testing/exchange.ts'
import { byKey, type HashKey } from './hash-key.ts'

const candidates = [endpoint({ id: 'a' }), endpoint({ id: 'b' })]

/** The hash that the choice is given; `undefined` when it is left to chance. */
function hashOf(key: HashKey | undefined, options: ExchangeOptions): number | undefined {
  let given: number | undefined
  const balancer = byKey('test', key, (them: Candidates, hash) => {
    given = hash
    return them[0]!
  })
  balancer(candidates, exchange(options), () => 0.9)
  return given
}

describe('byKey', () => {
  test("goes by the client's address, by default too", () => {
    const client = '198.51.100.7'
    expect(hashOf('client-address', { client })).toBe(hashText(client))
    expect(hashOf(undefined, { client })).toBe(hashText(client))
  })

  test('goes by the path without the query', () => {
    expect(hashOf('path', { url: '/a/b?c=d' })).toBe(hashText('/a/b'))
  })

  test('goes by a header, whatever its case', () => {
    expect(hashOf({ header: 'X-User' }, { headers: { 'x-user': 'ann' } })).toBe(hashText('ann'))
    expect(hashOf({ header: 'x-user' }, {})).toBeUndefined()
    expect(hashOf({ header: 'x-user' }, { headers: { 'x-user': '' } })).toBeUndefined()
  })

  test('goes by the first cookie of exactly that name', () => {
    const cookie = (...lines: string[]) => ({ headers: { cookie: lines } })
    expect(hashOf({ cookie: 'sid' }, cookie('sid=1'))).toBe(hashText('1'))
    expect(hashOf({ cookie: 'sid' }, cookie('xsid=0; sid=a=b;sid=2'))).toBe(hashText('a=b'))
    expect(hashOf({ cookie: 'sid' }, cookie('x=1', 'sid=3'))).toBe(hashText('3'))
    expect(hashOf({ cookie: 'sid' }, cookie('SID=1; sidx=2; sid'))).toBeUndefined()
    expect(hashOf({ cookie: 'sid' }, cookie('sid='))).toBeUndefined()
    expect(hashOf({ cookie: 'sid' }, {})).toBeUndefined()
  })

  test('goes by a function, and by chance when it gives nothing', () => {
    expect(hashOf(({ request }) => request.method, { method: 'PUT' })).toBe(hashText('PUT'))
    expect(hashOf(() => undefined, {})).toBeUndefined()
    expect(hashOf((() => 5) as never, {})).toBeUndefined()
  })

  test('picks by weight and chance when there is no key', () => {
    const weighted = [endpoint({ id: 'a', weight: 3 }), endpoint({ id: 'b' })]
    const balancer = byKey(
      'test',
      () => undefined,
      () => expect.unreachable(),
    )
    expect([0, 0.74, 0.76].map((chance) => balancer(weighted, exchange(), () => chance).id)).toEqual([
      'a',
      'a',
      'b',
    ])
  })

  test.each([
    'ip',
    { header: '' },
    { header: 'a b' },
    { cookie: 5 },
    { header: 'a', cookie: 'b' },
    {},
    null,
    7,
  ])('refuses the key %j', (key) => {
    expect(() => byKey('maglev', key as never, () => candidates[0]!)).toThrow(
      expect.objectContaining({
        code: 'ERR_OPTION_INVALID',
        option: 'key',
        message: expect.stringMatching(/^maglev: "key" must be/),
      }),
    )
  })
})
