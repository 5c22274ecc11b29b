import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { apacheText, clipped, inJson, oneLine } from './line-text.ts'

const anyText = () => fc.string({ unit: fc.integer({ max: 0xffff }).map((it) => String.fromCharCode(it)) })
const ASCII = /^[ -~]*$/

describe('inJson', () => {
  it.each([
    ['plain', '"plain"'],
    ['', '""'],
    ['a"b', '"a\\"b"'],
    ['a\\b', '"a\\\\b"'],
    ['a\nb\r', '"a\\nb\\r"'],
    ['\u0000\u001b[2J\u007f', '"\\u0000\\u001b[2J\\u007f"'],
    ['\u0085\u009b\u2028\u2029', '"\\u0085\\u009b\\u2028\\u2029"'],
    ['caf\u00e9', '"caf\\u00e9"'],
    ['\ud800', '"\\ud800"'],
    ['\u{1f600}', '"\\ud83d\\ude00"'],
  ])('writes %j as %s', (text, json) => {
    expect(`"${inJson(text)}"`).toBe(json)
  })

  it('gives ASCII on one line that reads as the text, whatever that is', () => {
    fc.assert(
      fc.property(anyText(), (text) => {
        const json = `"${inJson(text)}"`
        expect(json).toMatch(ASCII)
        expect(JSON.parse(json)).toBe(text)
      }),
    )
  })
})

describe('oneLine', () => {
  it('leaves what is plain as it is, beyond ASCII too', () => {
    expect(oneLine('GET /caf\u00e9 "200" \\ \u{1f600}')).toBe('GET /caf\u00e9 "200" \\ \u{1f600}')
  })

  it('escapes all that ends a line or commands a terminal', () => {
    expect(oneLine('a\nb\rc\u0085d\u2028e\u001b[0m\u009b')).toBe(
      'a\\u000ab\\u000dc\\u0085d\\u2028e\\u001b[0m\\u009b',
    )
  })
})

describe('apacheText', () => {
  it.each([
    ['plain /?a=1', 'plain /?a=1'],
    ['a"b\\c', 'a\\"b\\\\c'],
    ['\b\n\r\t\v', '\\b\\n\\r\\t\\v'],
    ['\u0000\u001b\u007f', '\\x00\\x1b\\x7f'],
    ['\u00e9\u00ff', '\\xe9\\xff'],
    ['\u2028', '\\xe2\\x80\\xa8'],
    ['\u{1f600}', '\\xf0\\x9f\\x98\\x80'],
  ])('writes %j as %s', (text, escaped) => {
    expect(apacheText(text)).toBe(escaped)
  })

  it('gives ASCII without a quote that would end the column', () => {
    fc.assert(
      fc.property(anyText(), (text) => {
        const escaped = apacheText(text)
        expect(escaped).toMatch(ASCII)
        expect(escaped.replace(/\\./g, '')).not.toContain('"')
      }),
    )
  })
})

describe('clipped', () => {
  it('cuts a text behind 1024 characters', () => {
    expect(clipped('x'.repeat(1_024))).toBe('x'.repeat(1_024))
    expect(clipped('x'.repeat(1_025))).toBe(`${'x'.repeat(1_024)}\u2026`)
  })
})
