import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PRINTED_CODES } from '../../../test/http2/huffman-codes.ts'
import { EOS, HUFFMAN_BITS, HUFFMAN_CODES } from './huffman-code.ts'
import { HAS_CONTROL, huffmanDecode, huffmanRoom, NOT_HUFFMAN } from './huffman-decoder.ts'

/** Symbols, as bits, with this padding behind them; that of a proper string where there is none. */
function coded(symbols: readonly number[], padding?: string): Buffer {
  let bits = symbols
    .map((it) => PRINTED_CODES[it]![0].toString(2).padStart(PRINTED_CODES[it]![1], '0'))
    .join('')
  bits += padding ?? '1'.repeat((8 - (bits.length % 8)) % 8)
  expect(bits.length % 8).toBe(0)
  return Buffer.from(bits.match(/.{8}/g)?.map((byte) => Number.parseInt(byte, 2)) ?? [])
}

/** What comes out: bytes, or the verdict. Nothing is written past the room. */
function decoded(bytes: Buffer): number[] | typeof NOT_HUFFMAN {
  const room = huffmanRoom(bytes.length)
  const output = Buffer.alloc(room + 1, 0xaa)
  const length = huffmanDecode(bytes, 0, bytes.length, output)
  expect(output[room]).toBe(0xaa)
  return length === NOT_HUFFMAN ? length : [...output.subarray(0, length & ~HAS_CONTROL)]
}

describe('the Huffman code', () => {
  test('is the one that RFC 7541 Appendix B prints', () => {
    expect(PRINTED_CODES).toHaveLength(EOS + 1)
    const made = PRINTED_CODES.map((_, symbol) => [HUFFMAN_CODES[symbol], HUFFMAN_BITS[symbol]])
    expect(made).toEqual(PRINTED_CODES)
  })
})

describe('huffmanDecode', () => {
  test('decodes any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        expect(decoded(coded([...bytes]))).toEqual([...bytes])
      }),
      { numRuns: 2000 },
    )
  })

  test('decodes each byte behind and before each other one', () => {
    for (let one = 0; one < 256; one++) {
      for (let other = 0; other < 256; other++) {
        const found = decoded(coded([one, other]))
        if (String(found) !== `${one},${other}`) expect(found).toEqual([one, other])
      }
    }
  })

  test('decodes from one place up to another', () => {
    const output = Buffer.alloc(100)
    const bytes = Buffer.concat([coded([0x61]), coded([0x62, 0x63]), coded([0x64])])
    expect(huffmanDecode(bytes, 1, 3, output)).toBe(2)
    expect(output.toString('latin1', 0, 2)).toBe('bc')
  })

  test('tells of control characters that no field value may have', () => {
    for (let byte = 0; byte < 256; byte++) {
      const bytes = coded([0x61, byte, 0x61])
      const control = (byte < 0x20 && byte !== 0x09) || byte === 0x7f
      const length = huffmanDecode(bytes, 0, bytes.length, Buffer.alloc(100))
      expect([byte, length]).toEqual([byte, control ? 3 | HAS_CONTROL : 3])
    }
  })

  test('refuses the code of EOS, wherever it stands', () => {
    expect(decoded(coded([EOS]))).toBe(NOT_HUFFMAN)
    for (let byte = 0; byte < 256; byte++) {
      expect(decoded(coded([byte, EOS, byte]))).toBe(NOT_HUFFMAN)
      expect(decoded(coded([byte, EOS]))).toBe(NOT_HUFFMAN)
    }
  })

  test('refuses padding of more than seven bits, and padding that is not all ones', () => {
    // 'a' has five bits, '&' has eight.
    expect(decoded(coded([0x61], '111'))).toEqual([0x61])
    for (const padding of ['110', '101', '011', '11111111111']) {
      expect([padding, decoded(coded([0x61], padding))]).toEqual([padding, NOT_HUFFMAN])
    }
    // Two bits more would be another '0'.
    expect(decoded(coded([0x61], '000'))).toBe(NOT_HUFFMAN)
    expect(decoded(coded([0x26], ''))).toEqual([0x26])
    expect(decoded(coded([0x26], '11111111'))).toBe(NOT_HUFFMAN)
    for (let length = 1; length <= 7; length++) {
      const symbol = PRINTED_CODES.findIndex(([, bits]) => (bits + length) % 8 === 0)
      expect(decoded(coded([symbol], '1'.repeat(length)))).toEqual([symbol])
      expect(decoded(coded([symbol], `${'1'.repeat(length - 1)}0`))).toBe(NOT_HUFFMAN)
    }
  })

  test('takes nothing for nothing', () => {
    expect(decoded(Buffer.alloc(0))).toEqual([])
  })
})
