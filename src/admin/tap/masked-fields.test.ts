import { describe, expect, it } from 'vitest'
import { HeaderList } from '../../core/headers.ts'
import { maskedFields } from './masked-fields.ts'

describe('maskedFields', () => {
  it.each([
    ['Authorization', 'Basic dTpw'],
    ['Proxy-Authorization', 'Basic dTpw'],
    ['Cookie', 'sid=1'],
    ['Set-Cookie', 'sid=1'],
    ['X-Api-Key', '123'],
    ['apikey', '123'],
    ['X-Auth-Request-Access', '123'],
    ['X-Amz-Security-Token', '123'],
    ['X-CSRF', '123'],
    ['X-Client-Secret', '123'],
    ['X-Password', '123'],
    ['X-Session-Id', '123'],
    ['X-Goog-Iap-Jwt-Assertion', '123'],
    ['X-Hub-Signature-256', 'sha256=1'],
    ['DPoP', '123'],
    ['X-Custom', 'Bearer 123'],
    ['X-Custom', 'basic dTpw'],
    ['X-Custom', 'jwt=eyJhbGciOiJIUzI1NiJ9.e30.x'],
    ['X-Original-Query', 'a=b'],
    ['X-Pass', '123'],
    ['X-Db-Pwd', '123'],
    ['X-Sig', '123'],
    ['X-Saml', '123'],
  ])('hides what %s: %s holds', (name, value) => {
    expect(maskedFields(HeaderList.from({ [name]: value }))).toEqual([[name, '***']])
  })

  it.each([
    ['Accept', 'text/html, */*;q=0.1'],
    ['User-Agent', 'what? (curl)'],
    ['X-Request-Id', '0a1b'],
    ['X-Forwarded-For', '192.0.2.1'],
    ['Host', 'a.test:8080'],
    ['Referer', 'https://a.test/path'],
  ])('shows %s: %s', (name, value) => {
    expect(maskedFields(HeaderList.from({ [name]: value }))).toEqual([[name, value]])
  })

  it.each([
    ['Referer', 'https://a.test/path?code=1', 'https://a.test/path?…'],
    ['X-Original-URL', '/path?code=1', '/path?…'],
    ['Link', '<https://a.test/?code=1>; rel=next', '<https://a.test/?…'],
  ])('leaves the query out of %s: %s', (name, value, shown) => {
    expect(maskedFields(HeaderList.from({ [name]: value }))).toEqual([[name, shown]])
  })

  it.each([
    ['Referer', 'https://me:pw@a.test/path', 'https://***@a.test/path'],
    ['X-Upstream', 'redis://:p@w@a.test:1', 'redis://***@a.test:1'],
    ['X-Two', 'http://a:b@c/, http://d@e/f', 'http://***@c/, http://***@e/f'],
    ['X-Mail', 'https://a.test/@me', 'https://a.test/@me'],
  ])('leaves user and password out of %s: %s', (name, value, shown) => {
    expect(maskedFields(HeaderList.from({ [name]: value }))).toEqual([[name, shown]])
  })

  it('shows so much of a value, and so many fields', () => {
    const headers = HeaderList.from({ 'X-Long': 'x'.repeat(1_000) })
    for (let i = 0; i < 100; i++) headers.append('X-Many', String(i))
    const shown = maskedFields(headers)
    expect(shown).toHaveLength(64)
    expect(shown[0]).toEqual(['X-Long', `${'x'.repeat(200)}…`])
    expect(shown.at(-1)).toEqual(['X-Many', '62'])
  })
})
