import { expect, test } from 'vitest'
import { PRINTED_CODES } from '../../../test/http2/huffman-codes.ts'
import { HPACK_EXAMPLES } from '../../../test/http2/rfc7541-examples.ts'
import { encodeFields, type Http2Field, SimpleHpackDecoder } from './simple-hpack.ts'
import { decodeHuffman } from './simple-huffman.ts'

test.each(HPACK_EXAMPLES.filter(({ tableBytes }) => tableBytes === 4096))(
  'SimpleHpackDecoder reads $section of RFC 7541',
  ({ blocks }) => {
    const decoder = new SimpleHpackDecoder()
    expect(blocks.map(({ hex }) => decoder.decode(Buffer.from(hex.replace(/\s/g, ''), 'hex')))).toEqual(
      blocks.map(({ fields }) => fields),
    )
  },
)

test('SimpleHpackDecoder drops what a smaller table has no room for', () => {
  const decoder = new SimpleHpackDecoder()
  const added = Buffer.from('400161016240016301640', 'hex')
  expect(decoder.decode(added)).toEqual([
    ['a', 'b'],
    ['c', 'd'],
  ])
  // A table of 34 bytes holds one of the two.
  expect(decoder.decode(Buffer.from('3f03be', 'hex'))).toEqual([['c', 'd']])
  expect(() => decoder.decode(Buffer.from('bf', 'hex'))).toThrow('no entry 63')
})

test('decodeHuffman knows every code that is printed in RFC 7541', () => {
  for (const [byte, [code, bits]] of PRINTED_CODES.entries()) {
    if (byte === 256) break
    // Padded with ones to whole bytes.
    const text = code
      .toString(2)
      .padStart(bits, '0')
      .padEnd(Math.ceil(bits / 8) * 8, '1')
    const bytes = Buffer.from(text.match(/.{8}/g)!.map((it) => Number.parseInt(it, 2)))
    expect([...decodeHuffman(bytes)]).toEqual([byte])
  }
})

test.each([
  ['padding of zeros', '00', 'padding'],
  ['padding of a whole byte', '1fff', 'padding'],
  ['the code that ends nothing', 'ffffffff', 'no such code'],
])('decodeHuffman throws at %s', (_, hex, message) => {
  expect(() => decodeHuffman(Buffer.from(hex, 'hex'))).toThrow(message)
})

test.each([
  ['a string that is cut off', '000561', 'cut off'],
  ['a number that never ends', `7f${'ff'.repeat(9)}`, 'too large'],
  ['index 0', '80', 'no entry 0'],
  ['a table that nobody allowed', '3fe2ff03', 'a table of'],
])('SimpleHpackDecoder throws at %s', (_, hex, message) => {
  expect(() => new SimpleHpackDecoder().decode(Buffer.from(hex, 'hex'))).toThrow(message)
})

test('encodeFields writes what is read again, whatever its length', () => {
  const fields: Http2Field[] = [
    [':status', '200'],
    ['empty', ''],
    ['latin', '\xe9\x80'],
    ...[126, 127, 128, 300, 20_000].map((length): Http2Field => [`x-${length}`, 'v'.repeat(length)]),
  ]
  expect(new SimpleHpackDecoder().decode(encodeFields(fields))).toEqual(fields)
})
