import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DocumentFault, MAX_DEPTH, parseDocument } from './parse-document.ts'

const bytes = (text: string) => Buffer.from(text)

test('parseDocument reads what JSON.parse reads', () => {
  fc.assert(
    fc.property(fc.json(), fc.boolean(), (text, mark) => {
      let expected: unknown
      try {
        expected = parseDocument(bytes(`${mark ? '\ufeff' : ''}${text}`))
      } catch (error) {
        // The names of arbitrary objects are of all kinds.
        expect([text.includes('__proto__') || text.includes('constructor'), error]).toEqual([
          true,
          expect.any(DocumentFault),
        ])
        return
      }
      expect(expected).toEqual(JSON.parse(text))
    }),
    { numRuns: 500 },
  )
})

test('parseDocument takes any bytes for a document or for a fault', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 30 }), (any) => {
      try {
        parseDocument(any)
      } catch (error) {
        expect(error).toBeInstanceOf(DocumentFault)
      }
    }),
    { numRuns: 500 },
  )
})

test.each([
  ['{"a":1,"a":2}', 'a name stands twice in one object'],
  ['{"a":1,"\\u0061":2}', 'a name stands twice in one object'],
  ['[{"x":{"b":[],"c":{},"b":0}}]', 'a name stands twice in one object'],
  ['{"a\\\\":1,"a\\\\":2}', 'a name stands twice in one object'],
  ['{"":1,"":2}', 'a name stands twice in one object'],
  ['{"__proto__":{}}', 'a name reaches for a prototype'],
  ['{"a":{"\\u005f_proto__":1}}', 'a name reaches for a prototype'],
  ['{"constructor":{"prototype":{"a":1}}}', 'a name reaches for a prototype'],
  ['[', 'the content is no JSON'],
  ['', 'the content is no JSON'],
  ['{a:1}', 'the content is no JSON'],
  ['NaN', 'the content is no JSON'],
  ['\ufeff\ufeff{}', 'the content is no JSON'],
  ['['.repeat(MAX_DEPTH + 1) + ']'.repeat(MAX_DEPTH + 1), `the content is nested deeper than ${MAX_DEPTH}`],
  ['['.repeat(300_000) + ']'.repeat(300_000), `the content is nested deeper than ${MAX_DEPTH}`],
])('parseDocument does not take %j', (text, message) => {
  expect(() => parseDocument(bytes(text))).toThrow(message)
})

test.each([
  Buffer.from('"\xff"', 'latin1'),
  Buffer.from('{}', 'utf16le'),
  Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]),
])('parseDocument does not take %j for UTF-8', (any) => {
  expect(() => parseDocument(any)).toThrow(DocumentFault)
})

test.each([
  ['{"a":{"a":{"a":1}},"b":{"a":1}}'],
  ['[{"a":1},{"a":1}]'],
  ['{"a":"\\"a\\":1","b":"{\\"b\\":1,"}'],
  ['{"constructor":1,"prototype":2}'],
  ['{"prototype":{"constructor":1}}'],
  ['"__proto__"'],
  ['['.repeat(MAX_DEPTH) + ']'.repeat(MAX_DEPTH)],
  ['  null '],
])('parseDocument takes %j', (text) => {
  expect(parseDocument(bytes(text))).toEqual(JSON.parse(text))
})
