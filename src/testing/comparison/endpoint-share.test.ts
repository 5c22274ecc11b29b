import { expect, it } from 'vitest'
import { largestShare, sharesOf } from './endpoint-share.ts'

const a = { id: 'a', weight: 1 }
const b = { id: 'b', weight: 3 }
const picks = (...made: [atMs: number, id: string][]) => made.map(([atMs, id]) => ({ atMs, id }))

it('sharesOf divides by weight', () => {
  const shares = sharesOf(picks([0, 'a'], [1, 'b'], [2, 'b'], [3, 'a']), [{ fromMs: 0, members: [a, b] }])
  expect(shares).toEqual({ a: { picks: 2, fair: 1 }, b: { picks: 2, fair: 3 } })
  expect(largestShare(shares)).toBe(2)
})

it('sharesOf counts what was to be had while the endpoint was there', () => {
  const shares = sharesOf(picks([0, 'a'], [5, 'a'], [10, 'b'], [11, 'b'], [20, 'b']), [
    { fromMs: 0, members: [a] },
    { fromMs: 10, members: [a, b] },
    { fromMs: 20, members: [b] },
  ])
  expect(shares).toEqual({ a: { picks: 2, fair: 2.5 }, b: { picks: 3, fair: 2.5 } })
  expect(largestShare(shares)).toBeCloseTo(1.2, 12)
})

it('largestShare is 0 where nothing was to be had', () => {
  expect(largestShare(sharesOf([], [{ fromMs: 0, members: [a, b] }]))).toBe(0)
})
