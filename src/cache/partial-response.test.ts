import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HeaderList } from '../core/headers.ts'
import { knownHead } from './held-response.ts'
import { PartialResponse } from './partial-response.ts'
import { DEFAULT_REUSE_TERMS } from './reuse-terms.ts'

const SIZE = 400
const CONTENT = Buffer.from(Array.from({ length: SIZE }, (_, i) => i % 251))
const head = knownHead(
  {
    status: 200,
    reason: undefined,
    headers: HeaderList.from({ ETag: '"1"' }),
    requestTime: 0,
    responseTime: 0,
    variant: '',
    tags: [],
  },
  { terms: DEFAULT_REUSE_TERMS, targets: [] },
)

/** Of a larger memory, as chunks come from sockets. */
const chunksOf = (first: number, last: number) => {
  const middle = (first + last) >> 1
  return [CONTENT.subarray(first, middle), CONTENT.subarray(middle, last + 1)]
}
const range = fc.tuple(fc.nat(SIZE - 1), fc.nat(60)).map(([first, more]) => ({
  first,
  last: Math.min(first + more, SIZE - 1),
}))

describe('PartialResponse', () => {
  test('has the bytes of all its parts, and no others', () => {
    fc.assert(
      fc.property(range, fc.array(range, { maxLength: 12 }), range, (one, more, wanted) => {
        let parts = PartialResponse.of('k', head, SIZE, one, chunksOf(one.first, one.last))
        for (const it of more) parts = parts.withPart(it, chunksOf(it.first, it.last), head)!
        const known = new Set<number>()
        for (const { first, last } of [one, ...more]) for (let at = first; at <= last; at++) known.add(at)
        const isHere = CONTENT.subarray(wanted.first, wanted.last + 1).every((_, i) =>
          known.has(wanted.first + i),
        )
        expect(parts.has(wanted)).toBe(isHere)
        if (isHere)
          expect(Buffer.concat(parts.read(wanted.first, wanted.last + 1))).toEqual(
            CONTENT.subarray(wanted.first, wanted.last + 1),
          )
        else expect(() => parts.read(wanted.first, wanted.last + 1)).toThrow('these bytes are not stored')
        const held = parts.parts.flatMap(({ first, last }) => parts.read(first, last + 1))
        const bytes = held.reduce((sum, { buffer }) => sum + buffer.byteLength, 0)
        expect(bytes).toBe(known.size)
        expect(parts.heldBytes).toBeGreaterThanOrEqual(bytes)
        expect(parts.length).toBe(SIZE)
      }),
    )
  })

  test('is not in more than 64 pieces', () => {
    let parts = PartialResponse.of('k', head, SIZE, { first: 0, last: 0 }, chunksOf(0, 0))
    for (let at = 2; at < 128; at += 2)
      parts = parts.withPart({ first: at, last: at }, chunksOf(at, at), head)!
    expect(parts.parts).toHaveLength(64)
    expect(parts.withPart({ first: 300, last: 300 }, chunksOf(300, 300), head)).toBeUndefined()
    expect(parts.withPart({ first: 1, last: 1 }, chunksOf(1, 1), head)!.parts).toHaveLength(63)
  })
})
