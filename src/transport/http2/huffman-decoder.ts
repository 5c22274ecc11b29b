import { EOS, HUFFMAN_BITS, HUFFMAN_CODES } from './huffman-code.ts'

/** What `huffmanDecode` answers where the bytes are no Huffman code of anything. */
export const NOT_HUFFMAN = -1

/** Added to the length where a byte came out that no field value may have: a control character other than the tab. */
export const HAS_CONTROL = 0x4000_0000

/** Bits of a step: the state after it, two bytes that come out, how many of them do, and what is wrong with them. */
const FIRST = 8
const SECOND = 16
const COUNT = 24
const CONTROL = 1 << 26
/** The sign, so that it survives everything that is put beside it. */
const BROKEN = 1 << 31

/**
 * The bytes that `huffmanDecode` may need for so many. The shortest code has five bits; and a step may write a byte more
 * than it counts.
 */
export function huffmanRoom(bytes: number): number {
  return ((bytes * 8) / 5 + 2) | 0
}

/**
 * Decodes a Huffman-coded string (RFC 7541 section 5.2) into `output`, which has `huffmanRoom`. Returns the number of bytes
 * that came out, with `HAS_CONTROL` where it fits, or `NOT_HUFFMAN`: for the code of EOS, for padding of more than seven bits,
 * and for padding that is not all ones.
 *
 * A step takes eight bits at once. Between two steps there are fewer bits than the longest code has, which is one of 256
 * states: the inner nodes of the tree of codes.
 */
export function huffmanDecode(bytes: Uint8Array, from: number, to: number, output: Uint8Array): number {
  steps ??= makeSteps()
  const table = steps
  let state = 0
  let at = 0
  let seen = 0
  for (let i = from; i < to; i++) {
    const step = table[(state << 8) | bytes[i]!]!
    output[at] = step >> FIRST
    output[at + 1] = step >> SECOND
    at += (step >> COUNT) & 3
    state = step & 0xff
    seen |= step
  }
  if (seen < 0 || MAY_END[state] === 0) return NOT_HUFFMAN
  return (seen & CONTROL) === 0 ? at : at | HAS_CONTROL
}

/** Made when first used: 256 KiB that a proxy without HTTP/2 does not need. */
let steps: Int32Array | undefined

/** States in which a string may end: up to seven bits, all ones, of a code that did not come. */
const MAY_END = new Uint8Array(256)

function makeSteps(): Int32Array {
  const nodes = codeTree()
  // Four bits first. Two of these steps make one of eight: no code is so short that four bits end two.
  const nibbles = new Int32Array(256 * 16)
  for (let state = 0; state < 256; state++) {
    for (let bits = 0; bits < 16; bits++) nibbles[(state << 4) | bits] = walk(nodes, state, bits)
  }
  const table = new Int32Array(256 * 256)
  for (let state = 0; state < 256; state++) {
    for (let byte = 0; byte < 256; byte++) {
      const high = nibbles[(state << 4) | (byte >> 4)]!
      table[(state << 8) | byte] = joined(high, nibbles[((high & 0xff) << 4) | (byte & 15)]!)
    }
  }
  let state = 0
  for (let bits = 0; bits <= 7; bits++) {
    MAY_END[state] = 1
    state = nodes[state * 2 + 1]!
  }
  return table
}

/** The inner nodes, two places for each: the node that the bit leads to, or, below zero, the symbol that it completes. */
function codeTree(): Int32Array {
  const nodes = new Int32Array(256 * 2)
  let used = 1
  for (let symbol = 0; symbol <= EOS; symbol++) {
    let node = 0
    for (let bit = HUFFMAN_BITS[symbol]! - 1; bit > 0; bit--) {
      const place = node * 2 + ((HUFFMAN_CODES[symbol]! >>> bit) & 1)
      if (nodes[place] === 0) nodes[place] = used++
      node = nodes[place]!
    }
    nodes[node * 2 + (HUFFMAN_CODES[symbol]! & 1)] = -1 - symbol
  }
  return nodes
}

function walk(nodes: Int32Array, from: number, bits: number): number {
  let state = from
  let emitted = 0
  for (let bit = 3; bit >= 0; bit--) {
    state = nodes[state * 2 + ((bits >> bit) & 1)]!
    if (state >= 0) continue
    emitted = emission(-1 - state)
    state = 0
  }
  return emitted | state
}

function emission(symbol: number): number {
  if (symbol === EOS) return BROKEN
  const control = (symbol < 0x20 && symbol !== 0x09) || symbol === 0x7f
  return (symbol << FIRST) | (1 << COUNT) | (control ? CONTROL : 0)
}

function joined(first: number, second: number): number {
  const wrong = (first | second) & (BROKEN | CONTROL)
  const state = second & 0xff
  const byte = (step: number): number => (step >> FIRST) & 0xff
  const countOf = (step: number): number => (step >> COUNT) & 3
  const count = countOf(first) + countOf(second)
  const one = countOf(first) === 1 ? byte(first) : byte(second)
  const two = count === 2 ? byte(second) : 0
  return wrong | state | (one << FIRST) | (two << SECOND) | (count << COUNT)
}
