import { describe, expect, test } from 'vitest'
import { exchange } from '../../testing/index.ts'
import { MalformedCredentials } from './bearer-token.ts'
import {
  type CredentialSource,
  isCredentialSource,
  readCredential,
  removeCredential,
} from './credential-source.ts'

const HEADER = { header: 'X-Key' }
const QUERY = { query: 'api key' }
const COOKIE = { cookie: 'key' }

function read(
  source: CredentialSource,
  url: string,
  headers: [string, string][] = [],
): [unknown, string, unknown] {
  const { request } = exchange({ url, headers })
  const found = readCredential(request, source)
  removeCredential(request, source)
  return [
    found instanceof MalformedCredentials ? 'several' : found,
    request.target,
    request.headers.get('cookie'),
  ]
}

describe('readCredential and removeCredential', () => {
  test.each<[string, CredentialSource, string, [string, string][], unknown, string, (string | undefined)?]>([
    ['a field', HEADER, '/?a=1', [['x-KEY', 'abc']], 'abc', '/?a=1'],
    ['no field', HEADER, '/', [], undefined, '/'],
    [
      'two fields',
      HEADER,
      '/',
      [
        ['x-key', 'a'],
        ['x-key', 'a'],
      ],
      'several',
      '/',
    ],
    ['a field that services take for it', HEADER, '/', [['X_Key', 'abc']], 'abc', '/'],
    [
      'two fields, one of them disguised',
      HEADER,
      '/',
      [
        ['x-key', 'a'],
        ['X_KEY', 'b'],
      ],
      'several',
      '/',
    ],
    ['a parameter', QUERY, '/x?a=1&api%20key=a%2Bb+c&b=%zz', [], 'a+b c', '/x?a=1&b=%zz'],
    ['a parameter alone', QUERY, '/x?api+key=abc', [], 'abc', '/x'],
    ['a parameter without a value', QUERY, '/x?api+key', [], '', '/x'],
    [
      'two parameters, one of them written in another way',
      QUERY,
      '/x?api+key=a&%61pi%20key=b',
      [],
      'several',
      '/x',
    ],
    ['a parameter that is no UTF-8', QUERY, '/x?api+key=%ff&a', [], '', '/x?a'],
    ['two parameters, one of them no UTF-8', QUERY, '/x?api+key=%ff&api+key=b', [], 'several', '/x'],
    ['a query that no request has', QUERY, '/x?%%^`{|}&api+key=1', [], '1', '/x?%%^`{|}'],
    ['no parameter', QUERY, '/x?&&=&key=1', [], undefined, '/x?&&=&key=1'],
    ['a cookie', COOKIE, '/', [['cookie', 'a=1; key=x=y; b=2']], 'x=y', '/', 'a=1; b=2'],
    ['a cookie alone', COOKIE, '/', [['cookie', 'key=x']], 'x', '/', undefined],
    [
      'cookies on two lines',
      COOKIE,
      '/',
      [
        ['cookie', 'a=1'],
        ['cookie', 'key=x;'],
      ],
      'x',
      '/',
      'a=1',
    ],
    ['two cookies', COOKIE, '/', [['cookie', 'key=1; key=2']], 'several', '/', undefined],
    [
      'a cookie of another name',
      COOKIE,
      '/',
      [['cookie', 'Key=1;=key;key2=1;  ;']],
      undefined,
      '/',
      'Key=1; =key; key2=1',
    ],
  ])('%s', (_, source, url, headers, value, target, cookie) => {
    expect(read(source, url, headers)).toEqual([value, target, cookie])
  })
})

test.each<[unknown, boolean]>([
  [HEADER, true],
  [QUERY, true],
  [COOKIE, true],
  [{}, false],
  [null, false],
  ['X-Key', false],
  [{ header: 'a b' }, false],
  [{ cookie: '' }, false],
  [{ query: '' }, false],
  [{ header: 7 }, false],
  [{ path: 'key' }, false],
  [{ header: 'a', query: 'b' }, false],
])('isCredentialSource of %j is %s', (value, expected) => {
  expect(isCredentialSource(value)).toBe(expected)
})
