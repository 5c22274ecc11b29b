import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RetryBudget } from './retry-budget.ts'

/** How many of `wanted` retries are granted now. */
function granted(budget: RetryBudget, now: number, wanted = 1_000): number {
  let count = 0
  for (let i = 0; i < wanted; i++) if (budget.withdraw(now)) count++
  return count
}

function deposit(budget: RetryBudget, now: number, count: number): void {
  for (let i = 0; i < count; i++) budget.deposit(now)
}

describe('RetryBudget', () => {
  test('grants a share of the requests', () => {
    const budget = new RetryBudget({ ratio: 0.25, minPerSecond: 0, windowMs: 10_000 })
    expect(budget.withdraw(0)).toBe(false)
    deposit(budget, 0, 100)
    expect(granted(budget, 0)).toBe(25)
    deposit(budget, 0, 8)
    expect(granted(budget, 0)).toBe(2)
  })

  test('grants so many a second without any request', () => {
    const budget = new RetryBudget({ ratio: 0.2, minPerSecond: 3, windowMs: 10_000 })
    expect(granted(budget, 0)).toBe(30)
    expect(granted(budget, 5_000)).toBe(0)
    expect(granted(budget, 10_000)).toBe(30)
  })

  test('forgets requests and retries with the window that they were in', () => {
    const budget = new RetryBudget({ ratio: 1, minPerSecond: 0, windowMs: 10_000 })
    deposit(budget, 0, 5)
    deposit(budget, 4_000, 7)
    expect(granted(budget, 4_000, 3)).toBe(3)
    expect(granted(budget, 9_999)).toBe(9)
    expect(granted(budget, 10_000)).toBe(0) // the five are gone, the retries are not
    expect(granted(budget, 14_000)).toBe(0) // the first three retries went, but so did the seven
    deposit(budget, 100_000, 2)
    expect(granted(budget, 100_000)).toBe(2)
  })

  test('keeps its bound over any run of requests and retries', () => {
    const step = fc.record({
      afterMs: fc.integer({ min: 0, max: 3_000 }),
      requests: fc.nat(20),
      wanted: fc.nat(20),
    })
    const settings = fc.record({
      ratio: fc.constantFrom(0, 0.1, 0.2, 1),
      minPerSecond: fc.constantFrom(0, 0.5, 10),
      windowMs: fc.constantFrom(1_000, 10_000, 60_000),
    })
    fc.assert(
      fc.property(settings, fc.array(step, { maxLength: 60 }), (given, steps) => {
        const budget = new RetryBudget(given)
        let now = 0
        let requests = 0
        let retries = 0
        for (const { afterMs, requests: more, wanted } of steps) {
          now += afterMs
          deposit(budget, now, more)
          requests += more
          retries += granted(budget, now, wanted)
          // The oldest part of a window is a tenth of it, so that a window counts nine tenths at least.
          const windows = now / (given.windowMs * 0.9) + 1
          const bound = given.ratio * requests + given.minPerSecond * (given.windowMs / 1_000) * windows
          expect(retries).toBeLessThanOrEqual(bound + 1e-6)
        }
      }),
    )
  })
})
