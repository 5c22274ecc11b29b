import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { heldPieces, piecesBetween } from './held-content.ts'

/** Chunks as they come: exact ones, and parts of larger memory. */
const chunks = fc.array(
  fc
    .tuple(fc.constantFrom(1, 700, 40_000, 300_000), fc.nat(255), fc.boolean())
    .map(([size, byte, isExact]) =>
      isExact ? new Uint8Array(size).fill(byte) : new Uint8Array(size + 9).subarray(9).fill(byte),
    ),
  { maxLength: 8 },
)
const lengthOf = (list: readonly Uint8Array[]) => list.reduce((sum, { byteLength }) => sum + byteLength, 0)

describe('heldPieces', () => {
  test('has the same bytes, in memory of their own, and few pieces', () => {
    fc.assert(
      fc.property(chunks, (list) => {
        const length = lengthOf(list)
        const pieces = heldPieces(list, length)
        expect(Buffer.compare(Buffer.concat(pieces), Buffer.concat(list))).toBe(0)
        for (const { byteLength, buffer } of pieces) expect(buffer.byteLength).toBe(byteLength)
        expect(pieces.length).toBeLessThanOrEqual(Math.ceil(length / 32_768))
        expect(heldPieces(pieces, length)).toBe(pieces)
      }),
    )
  })
})

describe('piecesBetween', () => {
  test('has the bytes of a range, without copies', () => {
    fc.assert(
      fc.property(chunks, fc.nat(1_000_000), fc.nat(1_000_000), (list, one, other) => {
        const from = Math.min(one, other, lengthOf(list))
        const to = Math.min(Math.max(one, other), lengthOf(list))
        const parts = piecesBetween(list, from, to)
        expect(Buffer.compare(Buffer.concat(parts), Buffer.concat(list).subarray(from, to))).toBe(0)
        for (const { buffer } of parts) expect(list.some((it) => it.buffer === buffer)).toBe(true)
      }),
    )
  })
})
