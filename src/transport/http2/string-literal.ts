import { HUFFMAN_BITS, HUFFMAN_CODES } from './huffman-code.ts'
import type { OutputBuffer } from './output-buffer.ts'

const HUFFMAN = 0x80
/** Up to this length, a loop over the characters is faster than a call into Node. */
const SHORT = 24
/** The longest code has 30 bits: no byte becomes more than four. */
const MOST_PER_BYTE = 4
/** A prefix of seven bits, and the bytes that may follow it. */
const MOST_PER_LENGTH = 5

/** Writes an integer (RFC 7541 section 5.1) behind the bits `first`, whose free bits `max` are all. The room is reserved. */
export function writeInteger(out: OutputBuffer, first: number, max: number, value: number): void {
  const { bytes } = out
  let at = out.length
  if (value < max) bytes[at++] = first | value
  else {
    bytes[at++] = first | max
    let rest = value - max
    while (rest >= 0x80) {
      bytes[at++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    bytes[at++] = rest
  }
  out.length = at
}

/** Writes a string (RFC 7541 section 5.2) as it is. Its characters are bytes, as those of a `HeaderList` are. */
export function writePlainString(out: OutputBuffer, text: string): void {
  out.reserve(MOST_PER_LENGTH + text.length)
  writeInteger(out, 0, 0x7f, text.length)
  const { bytes } = out
  const at = out.length
  if (text.length <= SHORT) for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i)
  else bytes.write(text, at, 'latin1')
  out.length = at + text.length
}

/** Writes a string in Huffman code, where that is shorter. */
export function writeHuffmanString(out: OutputBuffer, text: string): void {
  out.reserve(MOST_PER_LENGTH + text.length * MOST_PER_BYTE)
  const lengthAt = out.length
  // Shorter than the text, the code's length needs no more bytes than the text's. Where it would need fewer, the text is long,
  // and the code's length is counted first.
  let behindLength = lengthAt + 1
  if (text.length >= 0x7f) {
    const bytes = huffmanLength(text)
    if (bytes >= text.length) {
      writePlainString(out, text)
      return
    }
    writeInteger(out, HUFFMAN, 0x7f, bytes)
    behindLength = out.length
  }
  const end = encode(out.bytes, behindLength, text)
  const length = end - behindLength
  if (text.length < 0x7f) {
    if (length >= text.length) {
      writePlainString(out, text)
      return
    }
    out.bytes[lengthAt] = HUFFMAN | length
  }
  out.length = end
}

function encode(bytes: Buffer, from: number, text: string): number {
  let at = from
  let pending = 0
  let bits = 0
  for (let i = 0; i < text.length; i++) {
    const symbol = text.charCodeAt(i)
    let code = HUFFMAN_CODES[symbol]!
    let length = HUFFMAN_BITS[symbol]!
    if (length > 24) {
      // With up to seven bits that are pending, it would not fit in 32: its first eight go first.
      length -= 8
      pending = (pending << 8) | (code >>> length)
      bytes[at++] = pending >>> bits
      code &= (1 << length) - 1
    }
    pending = (pending << length) | code
    bits += length
    while (bits >= 8) {
      bits -= 8
      bytes[at++] = pending >>> bits
    }
  }
  // The padding is made of the first bits of EOS, which are ones.
  if (bits > 0) bytes[at++] = (pending << (8 - bits)) | (0xff >> bits)
  return at
}

function huffmanLength(text: string): number {
  let bits = 0
  for (let i = 0; i < text.length; i++) bits += HUFFMAN_BITS[text.charCodeAt(i)]!
  return (bits + 7) >>> 3
}
