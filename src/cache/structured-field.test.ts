import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { quotedString } from '../core/structured-field.ts'
import { parseDictionary } from './structured-field.ts'

const found = (text: string) => {
  const members = parseDictionary(text)
  return members && Object.fromEntries([...members].map(([key, { kind, value }]) => [key, [kind, value]]))
}

describe('parseDictionary', () => {
  test.each<[rule: string, text: string, members: Record<string, unknown> | undefined]>([
    ['8941 4.2 empty', '', {}],
    ['8941 4.2 spaces', '   ', {}],
    ['8941 3.2 boolean', 'a', { a: ['boolean', true] }],
    ['8941 3.2 boolean false', 'a=?0, b=?1', { a: ['boolean', false], b: ['boolean', true] }],
    [
      '8941 3.2 members',
      'max-age=60,no-store',
      { 'max-age': ['integer', 60], 'no-store': ['boolean', true] },
    ],
    ['8941 4.2.2 white space', '  a=1 \t,\t b=2  ', { a: ['integer', 1], b: ['integer', 2] }],
    ['8941 4.2.2 a tab last', 'a=1 \t', { a: ['integer', 1] }],
    ['8941 4.2.2 the last one counts', 'a=1, a="x"', { a: ['string', 'x'] }],
    ['8941 3.3.1 negative', 'a=-7', { a: ['integer', -7] }],
    ['8941 3.3.1 zeros', 'a=007', { a: ['integer', 7] }],
    ['8941 3.3.1 15 digits', 'a=999999999999999', { a: ['integer', 999_999_999_999_999] }],
    ['8941 3.3.2', 'a=-1.5', { a: ['decimal', -1.5] }],
    ['8941 3.3.2 12 and 3 digits', 'a=123456789012.125', { a: ['decimal', 123_456_789_012.125] }],
    ['8941 3.3.3', 'a="x, \\"y\\" \\\\"', { a: ['string', 'x, "y" \\'] }],
    ['8941 3.3.4', 'a=*b/c:d, b=Ab', { a: ['token', '*b/c:d'], b: ['token', 'Ab'] }],
    ['8941 3.3.5', 'a=:aGk=:', { a: ['bytes', 'aGk='] }],
    [
      '8941 3.1.1',
      'a=( 1  b ), b=()',
      {
        a: [
          'list',
          [
            { kind: 'integer', value: 1 },
            { kind: 'token', value: 'b' },
          ],
        ],
        b: ['list', []],
      },
    ],
    [
      '8941 3.1.2 parameters',
      'a=1;x;y=2; z="q,", b;c, d=(1;e);f',
      { a: ['integer', 1], b: ['boolean', true], d: ['list', [{ kind: 'integer', value: 1 }]] },
    ],
    ['8941 3.1.2 keys', '*a=1, a_-.*9=2', { '*a': ['integer', 1], 'a_-.*9': ['integer', 2] }],
    // RFC 8941 section 4.2: one thing that is wrong, and all of it is.
    ['8941 4.2.2 a comma at the end', 'a=1,', undefined],
    ['8941 4.2.2 a comma and a space', 'a=1, ', undefined],
    ['8941 4.2.2 a comma first', ',a=1', undefined],
    ['8941 4.2.2 two commas', 'a=1,,b=2', undefined],
    ['8941 4.2.2 no comma', 'a=1 b=2', undefined],
    ['8941 4.2 a tab first', '\ta=1', undefined],
    ['8941 3.1.2 capitals', 'Max-Age=60', undefined],
    ['8941 3.1.2 a key of a digit', '1a=1', undefined],
    ['8941 4.2.2 a space before =', 'a =1', undefined],
    ['8941 4.2.2 a space behind =', 'a= 1', undefined],
    ['8941 4.2.2 nothing behind =', 'a=', undefined],
    ['8941 4.2.3.1 unknown', 'a=1, &&', undefined],
    ['8941 4.2.3.1 unknown value', 'a=@1', undefined],
    ['8941 4.2.4 16 digits', 'a=1234567890123456', undefined],
    ['8941 4.2.4 13 digits and a fraction', 'a=1234567890123.1', undefined],
    ['8941 4.2.4 4 digits of a fraction', 'a=1.2345', undefined],
    ['8941 4.2.4 a period last', 'a=1.', undefined],
    ['8941 4.2.4 two periods', 'a=1.2.3', undefined],
    ['8941 4.2.4 a sign', 'a=+1', undefined],
    ['8941 4.2.4 two signs', 'a=--1', undefined],
    ['8941 4.2.5 an open quote', 'a="x', undefined],
    ['8941 4.2.5 another escape', 'a="\\x"', undefined],
    ['8941 4.2.5 no ASCII', 'a="\xe4"', undefined],
    ['8941 4.2.5 a line', 'a="\n"', undefined],
    ['8941 4.2.7 an open byte sequence', 'a=:aGk=', undefined],
    ['8941 4.2.7 no base64', 'a=:a_b:', undefined],
    ['8941 4.2.8', 'a=?2', undefined],
    ['8941 4.2.1.2 an open list', 'a=(1', undefined],
    ['8941 4.2.1.2 no space', 'a=("x""y")', undefined],
    ['8941 4.2.1.2 nested', 'a=((1))', undefined],
    ['8941 4.2.3.2 no key', 'a;', undefined],
    ['8941 4.2.3.2 no value', 'a;b=', undefined],
    ['8941 4.2.3.2 a list', 'a;b=(1)', undefined],
    ['8941 4.2.3.2 a space before ;', 'a ;b', undefined],
    ['8941 4.2.2 behind a list', 'a=(1)x', undefined],
  ])('%s: %j', (_rule, text, members) => {
    expect(found(text)).toEqual(members)
  })

  const piece = fc.constantFrom(
    'a',
    'b',
    '=',
    '"',
    '\\',
    ',',
    ' ',
    '(',
    ')',
    ';',
    ':',
    '?',
    '1',
    '-',
    '.',
    '\t',
  )

  test('never throws', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece).map((all) => all.join('')),
        ),
        (text) => {
          const members = parseDictionary(text)
          expect(members === undefined || members.size <= text.length).toBe(true)
        },
      ),
    )
  })

  test.each(['a,', '(', '1 ', ';a', '"', '\\"', ':', 'a;', ' '])(
    'reads 2 MB of %j in linear time',
    (piece) => {
      const text = `a=(${piece.repeat(2_000_000 / piece.length)}&`
      expect(parseDictionary(text)).toBeUndefined()
      expect(parseDictionary(text.replace('(', '"'))).toBeUndefined()
    },
  )
})

describe('quotedString', () => {
  test('is read back by parseDictionary (RFC 8941 sections 4.1.6 and 4.2.5)', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(found(`a=${quotedString(text)}`)).toEqual({
          a: ['string', text.replaceAll(/[^\x20-\x7e]/g, '?')],
        })
      }),
    )
  })
})
