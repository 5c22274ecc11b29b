import { describe, expect, test } from 'vitest'
import { HeaderList } from './headers.ts'
import { cookieName, cookiePairs, cookieValues, replaceCookies } from './request-cookies.ts'

const SENT = HeaderList.from([
  ['Cookie', 'a=1;  b = "x=y" ;;c; =d'],
  ['X', 'a=2'],
  ['cookie', 'a=3; A=4; \u00a0a=5'],
])

describe('cookies of a request', () => {
  test('are told apart on all lines, by spaces and tabs alone', () => {
    expect(cookiePairs(SENT)).toEqual(['a=1', 'b = "x=y"', 'c', '=d', 'a=3', 'A=4', '\u00a0a=5'])
    expect(cookiePairs(SENT).map(cookieName)).toEqual(['a', 'b', '', '', 'a', 'A', '\u00a0a'])
  })

  test('have the values of their very name', () => {
    expect(cookieValues(SENT, 'a')).toEqual(['1', '3'])
    expect(cookieValues(SENT, 'b')).toEqual(['"x=y"'])
    expect(cookieValues(SENT, 'c')).toEqual([])
    expect(cookieValues(new HeaderList(), 'a')).toEqual([])
  })

  test('are replaced in one line, or by none', () => {
    const headers = SENT.clone()
    replaceCookies(headers, ['a=1', 'b=2'])
    expect([...headers]).toEqual([
      ['Cookie', 'a=1; b=2'],
      ['X', 'a=2'],
    ])
    replaceCookies(headers, [])
    expect(headers.has('cookie')).toBe(false)
  })
})
