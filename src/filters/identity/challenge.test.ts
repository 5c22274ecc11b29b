import { describe, expect, test } from 'vitest'
import { HeaderList } from '../../core/headers.ts'
import { challenge, checkedRealm } from './challenge.ts'

describe('challenge', () => {
  test('asks for a token', () => {
    expect(challenge({ scheme: 'Bearer', realm: 'api' })).toBe('Bearer realm="api"')
  })

  test('asks for a name and a password in UTF-8', () => {
    expect(challenge({ scheme: 'Basic', realm: 'staff' })).toBe('Basic realm="staff", charset="UTF-8"')
  })

  test('says what is wrong, and which scopes would do', () => {
    expect(
      challenge({
        scheme: 'Bearer',
        realm: 'api',
        error: 'insufficient_scope',
        errorDescription: 'the token lacks a scope',
        scope: ['orders:read', 'orders:write'],
      }),
    ).toBe(
      'Bearer realm="api", error="insufficient_scope", error_description="the token lacks a scope", scope="orders:read orders:write"',
    )
  })

  test('leaves out a list of no scopes', () => {
    expect(challenge({ scheme: 'Bearer', realm: 'api', scope: [] })).toBe('Bearer realm="api"')
  })

  test('is one challenge whatever the texts hold', () => {
    const hostile = 'a", Basic realm="x\\"\r\nSet-Cookie: a=b\0\u00e9\u{1f600}'
    const value = challenge({
      scheme: 'Bearer',
      realm: hostile,
      error: 'invalid_token',
      errorDescription: hostile,
      scope: [hostile],
    })
    expect(() => HeaderList.from({ 'www-authenticate': value })).not.toThrow()
    const texts =
      /^Bearer realm="((?:[^"\\]|\\.)*)", error="invalid_token", error_description="([^"\\]*)", scope="([^"\\]*)"$/
    const found = texts.exec(value)
    expect(found?.slice(1)).toEqual([
      'a\\", Basic realm=\\"x\\\\\\"??Set-Cookie: a=b????',
      "a', Basic realm='x''??Set-Cookie: a=b????",
      "a', Basic realm='x''??Set-Cookie: a=b????",
    ])
  })
})

describe('checkedRealm', () => {
  test('takes what a field can hold', () => {
    expect(checkedRealm('jwt', 'my "own" realm')).toBe('my "own" realm')
  })

  test.each(['', 'a\nb', 'caf\u00e9', 'x'.repeat(201), 7 as unknown as string])('refuses %j', (realm) => {
    expect(() => checkedRealm('jwt', realm)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', option: 'realm' }),
    )
  })
})
