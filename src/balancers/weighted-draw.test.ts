import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { endpoint } from '../testing/endpoint.ts'
import { seededRandom } from '../testing/seeded-random.ts'
import { WeightedDraw } from './weighted-draw.ts'

const weighted = (weights: readonly number[]) => weights.map((weight, i) => endpoint({ id: `e${i}`, weight }))

describe('WeightedDraw', () => {
  test('divides the numbers from 0 to 1 by weight', () => {
    const draw = new WeightedDraw(weighted([1, 2, 1]))
    expect([0, 0.249, 0.25, 0.749, 0.75, 0.999].map((chance) => draw.index(() => chance))).toEqual([
      0, 0, 1, 1, 2, 2,
    ])
  })

  test('draws another one by the weights of the rest', () => {
    const draw = new WeightedDraw(weighted([1, 2, 1]))
    const others = (first: number) =>
      [0, 0.49, 0.51, 0.99].map((chance) => draw.otherIndex(first, () => chance))
    expect(others(1)).toEqual([0, 0, 2, 2])
    expect(others(0)).toEqual([1, 1, 1, 2])
    expect(others(2)).toEqual([0, 1, 1, 1])
  })

  test('draws another one, whatever the weights', () => {
    const weights = fc.array(fc.double({ min: 1e-9, max: 1e9, noNaN: true }), { minLength: 2, maxLength: 8 })
    const chance = fc.oneof(
      fc.constant(0),
      fc.constant(1 - 2 ** -53),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    )
    fc.assert(
      fc.property(weights, chance, (list, number) => {
        const draw = new WeightedDraw(weighted(list))
        for (let first = 0; first < list.length; first++) {
          const other = draw.otherIndex(first, () => number)
          expect(other).not.toBe(first)
          expect(list[other]).toBeDefined()
        }
      }),
    )
  })

  test('draws in proportion to the weights', () => {
    const weights = [1, 2.5, 0.5, 6]
    const draw = new WeightedDraw(weighted(weights))
    const random = seededRandom(1)
    const counts = weights.map(() => 0)
    for (let i = 0; i < 10_000; i++) counts[draw.index(random)]!++
    for (const [i, weight] of weights.entries())
      expect(Math.abs(counts[i]! - weight * 1000)).toBeLessThan(150)
  })
})
