import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { areEnough, tierShares } from './tier-load.ts'

/** In percent. */
function shares(healths: readonly number[], overprovisioning = 1.4): number[] {
  return tierShares(
    healths.map((health) => health / 100),
    overprovisioning,
  ).map((share) => share * 100)
}

describe('tierShares', () => {
  // The tables of Envoy's documentation, "Priority levels". Envoy counts in whole percents and so is up to one off.
  test.each([
    [
      [100, 100],
      [100, 0],
    ],
    [
      [72, 100],
      [100, 0],
    ],
    [
      [71, 100],
      [99, 1],
    ],
    [
      [50, 100],
      [70, 30],
    ],
    [
      [25, 100],
      [35, 65],
    ],
    [
      [0, 100],
      [0, 100],
    ],
    [
      [72, 72],
      [100, 0],
    ],
    [
      [71, 71],
      [99, 1],
    ],
    [
      [50, 50],
      [70, 30],
    ],
    [
      [25, 25],
      [50, 50],
    ],
    [
      [100, 100, 100],
      [100, 0, 0],
    ],
    [
      [72, 72, 100],
      [100, 0, 0],
    ],
    [
      [71, 71, 100],
      [99, 1, 0],
    ],
    [
      [50, 50, 100],
      [70, 30, 0],
    ],
    [
      [25, 100, 100],
      [35, 65, 0],
    ],
    [
      [25, 25, 100],
      [35, 35, 30],
    ],
    [
      [25, 25, 20],
      [36, 36, 28],
    ],
  ])('of tiers of which %j percent are healthy are %j', (healths, expected) => {
    const found = shares(healths)
    expect(found).toHaveLength(expected.length)
    for (const [i, share] of found.entries()) expect(Math.abs(share - expected[i]!)).toBeLessThan(1)
  })

  test('are exact where Envoy rounds', () => {
    expect(shares([71, 100])[1]).toBeCloseTo(0.6, 9)
    expect(shares([25, 25, 20])[0]).toBeCloseTo((100 * 35) / 98, 9)
  })

  test('follow the factor', () => {
    expect(shares([50, 100], 1)).toEqual([50, 50])
    expect(shares([50, 100], 2)).toEqual([100, 0])
  })

  test('give everything to the first where nothing is healthy', () => {
    expect(shares([0, 0, 0])).toEqual([100, 0, 0])
  })

  test('leave no crumbs to the next tier', () => {
    // In floating point, three thirds taken from 1 leave something.
    expect(1 - 1 / 3 - 1 / 3 - 1 / 3).toBeGreaterThan(0)
    expect(tierShares([1 / 3, 1 / 3, 1 / 3, 1], 1)[3]).toBe(0)
  })

  test('are all of the load, and no tier gets more than it carries while others can', () => {
    const healths = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(healths, fc.double({ min: 1, max: 3, noNaN: true }), (given, factor) => {
        const found = tierShares(given, factor)
        expect(found.reduce((sum, it) => sum + it, 0)).toBeCloseTo(1, 6)
        if (!areEnough(given, factor)) return
        for (const [i, share] of found.entries())
          expect(share).toBeLessThanOrEqual(Math.min(1, given[i]! * factor) + 1e-6)
      }),
    )
  })
})

describe('areEnough', () => {
  test.each([
    [[0.72], true],
    [[0.71], false],
    [[0.25, 0.25], false],
    [[0.05, 0.65], false],
    [[0.25, 1], true],
    [[5 / 7], true],
  ])('of healths %j is %s', (healths, expected) => {
    expect(areEnough(healths, 1.4)).toBe(expected)
  })
})
