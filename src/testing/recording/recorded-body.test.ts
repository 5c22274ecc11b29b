import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytesOfRecorded, recordedBody } from './recorded-body.ts'

test.each([
  ['{"a":[1,{"b":null}]}', { json: { a: [1, { b: null }] } }],
  ['{"b":1,"a":2}', { json: { b: 1, a: 2 } }],
  ['{ "a": 1 }', { text: '{ "a": 1 }' }],
  ['{"a":1.0}', { text: '{"a":1.0}' }],
  ['{"a":1,"a":2}', { text: '{"a":1,"a":2}' }],
  ['{"2":1,"1":2}', { text: '{"2":1,"1":2}' }],
  ['"a"', { text: '"a"' }],
  ['one\r\ntwo\n\nthree', { text: ['one\r\n', 'two\n', '\n', 'three'] }],
  ['\ufeffé', { text: '\ufeffé' }],
  ['\u0000', { base64: 'AA==' }],
  [Buffer.from([0xff]), { base64: '/w==' }],
  [Buffer.alloc(76, 0xff), { base64: ['/'.repeat(100), '/w=='] }],
])('recordedBody of %j', (content, form) => {
  expect(recordedBody(Buffer.from(content as string))).toEqual(form)
})

test('recordedBody of deep JSON is text: indented, it would be many times as long', () => {
  const deep = '['.repeat(51) + ']'.repeat(51)
  expect(recordedBody(Buffer.from(deep))).toEqual({ text: deep })
  expect(recordedBody(Buffer.from(deep.slice(1, -1)))).toHaveProperty('json')
})

test('bytesOfRecorded gives the same bytes back, through a file', () => {
  const content = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((it) => Buffer.from(it)),
    fc.array(fc.integer({ max: 0xd7ff, min: 0 })).map((it) => Buffer.from(String.fromCodePoint(...it))),
    fc
      .array(fc.constantFrom('{', '}', '[', ']', '"', ',', ':', 'a', '1', '\n', '\\', ' '))
      .map((it) => Buffer.from(it.join(''))),
    fc.tuple(fc.json(), fc.constantFrom('', '\n', ' ')).map(([text, end]) => Buffer.from(text + end)),
  )
  fc.assert(
    fc.property(content, (bytes) => {
      const read = JSON.parse(JSON.stringify(recordedBody(bytes), undefined, 2))
      expect(bytesOfRecorded(read)?.equals(bytes)).toBe(true)
    }),
  )
})

test('bytesOfRecorded has none of what was omitted', () => {
  expect(bytesOfRecorded({ omitted: 'too long' })).toBe(undefined)
})
