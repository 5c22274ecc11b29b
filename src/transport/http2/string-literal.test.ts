import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HAS_CONTROL, huffmanDecode, huffmanRoom } from './huffman-decoder.ts'
import { OutputBuffer } from './output-buffer.ts'
import { writeHuffmanString, writeInteger, writePlainString } from './string-literal.ts'

function written(write: (out: OutputBuffer) => void): Buffer {
  const out = new OutputBuffer(16)
  write(out)
  return Buffer.from(out.bytes.subarray(0, out.length))
}

/** The text of a literal that is all there is, and whether it was in Huffman code. */
function read(bytes: Buffer): { text: string; huffman: boolean; bytes: number } {
  let length = bytes[0]! & 0x7f
  let at = 1
  if (length === 0x7f) {
    let shift = 0
    let byte: number
    do {
      byte = bytes[at++]!
      length += (byte & 0x7f) << shift
      shift += 7
    } while (byte >= 0x80)
  }
  expect(at + length).toBe(bytes.length)
  const huffman = bytes[0]! >= 0x80
  if (!huffman) return { text: bytes.toString('latin1', at), huffman, bytes: length }
  const output = Buffer.alloc(huffmanRoom(length))
  const decoded = huffmanDecode(bytes, at, bytes.length, output) & ~HAS_CONTROL
  return { text: output.toString('latin1', 0, decoded), huffman, bytes: length }
}

const byteStrings = (constraints: fc.ArrayConstraints = {}): fc.Arbitrary<string> =>
  fc
    .array(fc.oneof({ weight: 3, arbitrary: fc.integer({ min: 0x20, max: 0x7e }) }, fc.nat(255)), constraints)
    .map((bytes) => Buffer.from(bytes).toString('latin1'))

describe('writeInteger', () => {
  // RFC 7541 section C.1.
  test.each([
    [10, 0x00, 0x1f, '0a'],
    [1337, 0x00, 0x1f, '1f9a0a'],
    [42, 0x00, 0xff, '2a'],
    [30, 0x20, 0x1f, '3e'],
    [31, 0x20, 0x1f, '3f00'],
    [158, 0x20, 0x1f, '3f7f'],
    [159, 0x20, 0x1f, '3f8001'],
    [2 ** 32 - 1, 0x20, 0x1f, '3fe0ffffff0f'],
  ])('writes %d', (value, first, max, hex) => {
    const bytes = written((out) => {
      out.reserve(6)
      writeInteger(out, first, max, value)
    })
    expect(bytes.toString('hex')).toBe(hex)
  })
})

describe('writePlainString', () => {
  test('writes the bytes as they are, behind their number', () => {
    fc.assert(
      fc.property(byteStrings({ maxLength: 300 }), (text) => {
        expect(read(written((out) => writePlainString(out, text)))).toEqual({
          text,
          huffman: false,
          bytes: text.length,
        })
      }),
    )
  })
})

describe('writeHuffmanString', () => {
  test('writes what decodes to the same, and is no longer than the string itself', () => {
    fc.assert(
      fc.property(byteStrings({ maxLength: 300 }), (text) => {
        const back = read(written((out) => writeHuffmanString(out, text)))
        expect(back.text).toBe(text)
        if (back.huffman) expect(back.bytes).toBeLessThan(text.length)
        else expect(back.bytes).toBe(text.length)
      }),
      { numRuns: 2000 },
    )
  })

  test('writes each byte, behind each number of bits that are pending', () => {
    for (let byte = 0; byte < 256; byte++) {
      // Forty digits of five bits make up for the longest code.
      for (let digits = 0; digits < 8; digits++) {
        const text = `${'0'.repeat(digits)}${String.fromCharCode(byte)}${'0'.repeat(40)}`
        const back = read(written((out) => writeHuffmanString(out, text)))
        expect([back.huffman, back.text]).toEqual([true, text])
      }
    }
  })

  test.each([
    ['', '00'],
    ['a', '0161'],
    ['X', '0158'],
    ['00', '023030'],
    ['000', '8200' + '01'],
  ])('writes %j as the shorter of the two', (text, hex) => {
    expect(written((out) => writeHuffmanString(out, text)).toString('hex')).toBe(hex)
  })

  test('writes the length in as few bytes as it needs, on either side of 127', () => {
    // Of 126 digits, of 127, and up to those whose code has 127 bytes and more.
    for (let digits = 120; digits < 220; digits++) {
      const bytes = written((out) => writeHuffmanString(out, '0'.repeat(digits)))
      const code = Math.ceil((digits * 5) / 8)
      expect([digits, bytes.length]).toEqual([digits, code + (code < 127 ? 1 : 2)])
      expect(read(bytes).text).toBe('0'.repeat(digits))
    }
  })
})
