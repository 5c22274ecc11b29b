import { describe, expect, it } from 'vitest'
import { printable } from './printable.ts'

describe('printable', () => {
  it.each([
    ['a\nb\u001b[2J', 'a\\u000ab\\u001b[2J'],
    ['\u009b31m\u0085\u007f', '\\u009b31m\\u0085\\u007f'],
    ['\u2028\u2029\u202e\u2066', '\\u2028\\u2029\\u202e\\u2066'],
    ['GET /é 日本 \u{1f600} \\ "', 'GET /é 日本 \u{1f600} \\ "'],
  ])('escapes what is not of %j', (text, expected) => {
    expect(printable(text)).toBe(expected)
  })

  it('leaves JSON with the same meaning', () => {
    const said = { a: '\n\u2028\u009b\u202e"\\' }
    expect(JSON.parse(printable(JSON.stringify(said)))).toEqual(said)
  })
})
