import fc from 'fast-check'
import { expect, test } from 'vitest'
import { printedCounterexample } from '../../../test/http1/counterexample.ts'
import { splits } from './splits.ts'

const BYTES = Buffer.from("GET /'a' HTTP/1.1\r\nHost: \xe9\r\n\r\n", 'latin1')

test('splits make up the whole, and no piece is empty', () => {
  const counts = new Set<number>()
  fc.assert(
    fc.property(splits(BYTES), (pieces) => {
      counts.add(pieces.length)
      expect(Buffer.concat(pieces)).toEqual(BYTES)
      for (const piece of pieces) expect(piece.length).toBeGreaterThan(0)
    }),
    { numRuns: 500, seed: 14 },
  )
  expect(counts).toContain(1)
  expect(counts).toContain(2)
  expect(counts).toContain(BYTES.length)
})

test('splits of nothing, and of one byte, are one piece', () => {
  expect(fc.sample(splits(Buffer.alloc(0)), 1)).toEqual([[Buffer.alloc(0)]])
  expect(fc.sample(splits(Buffer.of(1)), 1)).toEqual([[Buffer.of(1)]])
})

test('splits have memory of their own, and are printed as they were', () => {
  const [pieces] = fc.sample(splits(BYTES), { numRuns: 1, seed: 3 })
  const before = fc.stringify(pieces)
  for (const piece of pieces!) piece.fill(0x21)
  expect(BYTES.toString('latin1')).toMatch(/^GET /)
  expect(fc.stringify(pieces)).toBe(before)
})

test('splits shrink to one piece, or to the one cut that matters', () => {
  expect(printedCounterexample(splits(BYTES), () => false)).toBe(
    ['[', "  'GET /\\'a\\' HTTP/1.1\\r\\n' +", "  'Host: \\xe9\\r\\n' +", "  '\\r\\n',", ']'].join('\n'),
  )
  const cutInLineEnd = (pieces: readonly Buffer[]) =>
    pieces.some((piece) => piece.toString('latin1').endsWith('1.1\r'))
  const shrunk = printedCounterexample(splits(BYTES), (pieces) => !cutInLineEnd(pieces))
  expect(shrunk).toBe(
    ['[', "  'GET /\\'a\\' HTTP/1.1\\r',", "  '\\n' +", "  'Host: \\xe9\\r\\n' +", "  '\\r\\n',", ']'].join(
      '\n',
    ),
  )
})

test('splits leave out every cut that does not matter', () => {
  // More than cuts anywhere make, so these are pieces of one size.
  const shrunk = printedCounterexample(splits(BYTES), (pieces) => pieces.length < 10)
  expect(shrunk.match(/,$/gm)).toHaveLength(10)
})
