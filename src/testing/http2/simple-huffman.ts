/** @internal Reads a string in the code of RFC 7541 Appendix B, bit by bit. */
export function decodeHuffman(bytes: Uint8Array): Buffer {
  const out: number[] = []
  let code = 0
  let bits = 0
  for (const byte of bytes) {
    for (let at = 7; at >= 0; at--) {
      code = code * 2 + ((byte >> at) & 1)
      bits++
      const symbol = SYMBOLS.get(keyOf(code, bits))
      if (symbol === undefined) {
        if (bits > LONGEST) throw new Error('Huffman: no such code')
        continue
      }
      out.push(symbol)
      code = 0
      bits = 0
    }
  }
  // What is left is the beginning of a code of ones, and shorter than a byte (section 5.2).
  if (bits > 7 || code !== 2 ** bits - 1) throw new Error('Huffman: padding that is none')
  return Buffer.from(out)
}

function keyOf(code: number, bits: number): number {
  return code * 32 + bits
}

const LONGEST = 30

/** The length of each byte's code, in the order of the bytes: `0`-`9`, then `a` for 10, and so on. */
const LENGTHS = [
  'dnsssssssoussussssssssusssssssss6aacd68baa8b8666555666666678f6ca',
  'd67777777777777777777777878djde6f56565666577666567655677777fbeds',
  'kmkkmmmnmnnnnnonoomnonnnnlmnmnnomlkmmnnlnmmolmnnllmlnmnnkmmmnmmn',
  'qqkjmnmpqqqrrqopjlqrrqrollqqsrrrkoklmllnmmppooqnqrqqrrrrrsrrrrrq',
].join('')

/** The code is canonical: codes of one length are consecutive numbers, in the order of their bytes. */
const SYMBOLS: ReadonlyMap<number, number> = canonical()

function canonical(): Map<number, number> {
  const symbols = new Map<number, number>()
  let code = 0
  for (let bits = 1; bits <= LONGEST; bits++) {
    code *= 2
    for (let byte = 0; byte < LENGTHS.length; byte++) {
      if (Number.parseInt(LENGTHS[byte]!, 36) === bits) symbols.set(keyOf(code++, bits), byte)
    }
  }
  return symbols
}
