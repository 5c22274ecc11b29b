import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { quotedString, tokenOrString } from './structured-field.ts'

describe('quotedString', () => {
  it.each([
    ['', '""'],
    ['a b', '"a b"'],
    ['a"b\\c', '"a\\"b\\\\c"'],
    ['a\r\nb\u0000\u007f', '"a??b??"'],
    ['caf\u00e9 \u{1f600}', '"caf? ?"'],
  ])('writes %j as %s', (text, quoted) => {
    expect(quotedString(text)).toBe(quoted)
  })

  it('never ends before its end', () => {
    const unit = fc.constantFrom('"', '\\', 'a', ';', ',', '\n', '\u00e9')
    fc.assert(
      fc.property(fc.string({ unit }), (text) => {
        expect(quotedString(text)).toMatch(/^"(?:[ !#-[\]-~]|\\["\\])*"$/)
      }),
    )
  })
})

describe('tokenOrString', () => {
  it.each([
    ['gatewright', 'gatewright'],
    ['edge-1.example:80/a', 'edge-1.example:80/a'],
    ['10.0.0.1', '"10.0.0.1"'],
    ['a b', '"a b"'],
    ['', '""'],
    ['a;b', '"a;b"'],
  ])('writes %j as %s', (text, item) => {
    expect(tokenOrString(text)).toBe(item)
  })
})
