import { describe, expect, test } from 'vitest'
import { seededRandom } from '../testing/seeded-random.ts'
import { isEarly } from './early-refresh.ts'

describe('isEarly', () => {
  test('is the more probable, the nearer the end is: e to the power of minus the remaining time, in fetches', () => {
    const random = seededRandom(7)
    const draws = 20_000
    const share = (remainingMs: number, beta: number) => {
      let early = 0
      for (let i = 0; i < draws; i++) if (isEarly({ fetchMs: 200, remainingMs, beta }, random)) early++
      return early / draws
    }
    for (const beta of [0.5, 1, 2]) {
      let before = 0
      for (const remainingMs of [1_000, 600, 400, 200, 100, 20, 1]) {
        const probability = share(remainingMs, beta)
        expect(Math.abs(probability - Math.exp(-remainingMs / (200 * beta)))).toBeLessThan(0.01)
        expect(probability).toBeGreaterThan(before)
        before = probability
      }
    }
  })

  test.each([
    ['far from the end', { fetchMs: 200, remainingMs: 60_000, beta: 1 }],
    ['for what came at once', { fetchMs: 0, remainingMs: 1, beta: 1 }],
    ['with a beta of 0', { fetchMs: 200, remainingMs: 1, beta: 0 }],
    ['where the clock was set back while it was fetched', { fetchMs: -200, remainingMs: 1, beta: 1 }],
  ])('draws nothing %s', (_, settings) => {
    const random = () => {
      throw new Error('drawn')
    }
    expect(isEarly(settings, random)).toBe(false)
  })

  test('takes every chance that there is', () => {
    const settings = { fetchMs: 200, remainingMs: 100, beta: 1 }
    expect([0, 1 - 2 ** -53].map((chance) => isEarly(settings, () => chance))).toEqual([false, true])
  })
})
