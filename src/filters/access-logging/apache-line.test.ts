import { describe, expect, it } from 'vitest'
import { respond } from '../../core/message.ts'
import { type ExchangeOptions, exchange, run } from '../../testing/index.ts'
import { accessLog } from '../access-log.ts'

/** The line of an exchange at 2026-01-01T00:00:00Z. */
async function line(
  format: 'common' | 'combined',
  asked: ExchangeOptions = {},
  more: Parameters<typeof accessLog>[0] = {},
): Promise<string> {
  const texts: string[] = []
  const log = accessLog({ format, query: 'keep', to: (lines) => texts.push(lines), ...more })
  const ran = await run(log, exchange(asked), () => respond(200, 'hello'))
  await ran.finish()
  await log.flush()
  expect(texts).toEqual([expect.stringMatching(/^.*\n$/)])
  return texts[0]!.slice(0, -1)
}

describe('commonLine', () => {
  it('is the common format of Apache', async () => {
    expect(await line('common', { url: '/a/b?c=1' })).toBe(
      '192.0.2.1 - - [01/Jan/2026:00:00:00 +0000] "GET /a/b?c=1 HTTP/1.1" 200 5',
    )
  })

  it('has the field "user" as the user, in one column', async () => {
    const fields = { user: () => 'ann "x" smith\n' }
    expect(await line('common', { version: '2' }, { fields })).toBe(
      '192.0.2.1 - ann\\x20\\"x\\"\\x20smith\\n [01/Jan/2026:00:00:00 +0000] "GET / HTTP/2.0" 200 5',
    )
  })
})

describe('combinedLine', () => {
  it('has referer and user agent', async () => {
    const headers = { 'User-Agent': 'curl/8', Referer: 'https://a.example/?q=1' }
    expect(await line('combined', { headers })).toBe(
      '192.0.2.1 - - [01/Jan/2026:00:00:00 +0000] "GET / HTTP/1.1" 200 5 "https://a.example/?q=1" "curl/8"',
    )
  })

  it('has dashes for what is not there', async () => {
    expect(await line('combined')).toMatch(/ 200 5 "-" "-"$/)
  })

  it('lets no client end a column or a line', async () => {
    const headers = { 'User-Agent': 'x" 200 1\t"\\', Referer: '\u00e9"' }
    expect(await line('combined', { url: '/%0a"x', headers })).toMatch(
      / "GET \/%0a\\"x HTTP\/1.1" 200 5 "\\xe9\\"" "x\\" 200 1\\t\\"\\\\"$/,
    )
  })
})
