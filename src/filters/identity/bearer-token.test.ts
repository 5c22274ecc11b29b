import { describe, expect, test } from 'vitest'
import { HeaderList } from '../../core/headers.ts'
import { bearerToken, credentialsOf, MalformedCredentials } from './bearer-token.ts'

function read(...fields: [name: string, value: string][]): unknown {
  const found = bearerToken(HeaderList.from(fields), 20)
  return found instanceof MalformedCredentials ? found.reason : found
}

describe('bearerToken reads', () => {
  test.each<[string, string, string]>([
    ['the token', 'Bearer abc.DEF-1_2~3+4/5==', 'abc.DEF-1_2~3+4/5=='],
    ['it behind a scheme in any case', 'bEARER abc', 'abc'],
    ['it behind several spaces', 'Bearer   abc', 'abc'],
    ['a token as long as it may be', `Bearer ${'a'.repeat(20)}`, 'a'.repeat(20)],
  ])('%s', (_, value, token) => {
    expect(read(['Authorization', value])).toBe(token)
  })

  test('the field whatever the case of its name', () => {
    expect(read(['AUTHORIZATION', 'Bearer abc'])).toBe('abc')
  })
})

describe('bearerToken finds none', () => {
  test('where there is no such field', () => {
    expect(read(['Proxy-Authorization', 'Bearer abc'], ['X-Authorization', 'Bearer abc'])).toBeUndefined()
  })

  test.each(['', 'Basic YTpi', 'Bearertoken', 'Bearer-x abc', 'Bea', 'abc', ', Bearer abc'])(
    'in %j',
    (value) => {
      expect(read(['Authorization', value])).toBeUndefined()
    },
  )
})

describe('bearerToken takes for malformed', () => {
  test.each<[string, string, RegExp]>([
    ['a scheme alone', 'Bearer', /nothing behind/],
    ['a tab behind the scheme, which many services take for a space', 'Bearer\tabc', /no space/],
    ['another space of Latin-1', 'bearer\xa0abc', /no space/],
    ['a colon behind the scheme', 'Bearer: abc', /no space/],
    ['a token too long', `Bearer ${'a'.repeat(21)}`, /too long/],
    ['white space within', 'Bearer abc def', /characters/],
    ['a comma', 'Bearer abc,def', /characters/],
    ['a second challenge', 'Bearer abc, Bearer def', /characters/],
    ['padding within', 'Bearer ab=c', /characters/],
    ['padding alone', 'Bearer ==', /characters/],
    ['parameters', 'Bearer token="abc"', /characters/],
    ['a letter beyond ASCII', 'Bearer ab\u00e9', /characters/],
    ['a no-break space', 'Bearer \u00a0abc', /characters/],
  ])('%s', (_, value, reason) => {
    expect(read(['Authorization', value])).toMatch(reason)
  })

  test.each<[string, string, string]>([
    ['two tokens', 'Bearer abc', 'Bearer def'],
    ['twice the same', 'Bearer abc', 'Bearer abc'],
    ['another scheme before it', 'Basic YTpi', 'Bearer abc'],
    ['another scheme behind it', 'Bearer abc', 'Basic YTpi'],
    ['an empty field before it', '', 'Bearer abc'],
    ['two of another scheme', 'Basic YTpi', 'Basic YTpi'],
  ])('two fields: %s', (_, first, second) => {
    expect(read(['Authorization', first], ['x', 'y'], ['authorization', second])).toMatch(/more than one/)
  })
})

test('credentialsOf gives what stands behind another scheme', () => {
  const headers = HeaderList.from({ authorization: 'BASIC YTpi' })
  expect(credentialsOf(headers, 'basic', 100)).toBe('YTpi')
  expect(credentialsOf(headers, 'bearer', 100)).toBeUndefined()
  expect(credentialsOf(headers, 'basic', 3)).toBeInstanceOf(MalformedCredentials)
})
