import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CountTable } from './count-table.ts'
import { newCount, RATE_ALGORITHMS } from './new-count.ts'
import type { RateAlgorithm, RateRule } from './store.ts'

const rule = (given: Partial<RateRule> = {}): RateRule => ({
  name: 'default',
  by: 'all',
  algorithm: 'token-bucket',
  limit: 5,
  perMs: 1_000,
  burst: 5,
  ...given,
})

const table = (maxKeys: number, given?: Partial<RateRule>) => new CountTable(rule(given), maxKeys, () => 0.5)

/** Asks for so much, and takes it if it may. */
function ask(of: CountTable, key: string, now: number, cost = 1): boolean {
  const count = of.countOf(key)
  if (count.waitMs(cost, now) > 0) return false
  of.take(key, count, cost, now)
  return true
}

describe('CountTable', () => {
  test('keeps nothing of who is refused', () => {
    const it = table(10)
    expect(ask(it, 'a', 0, 6)).toBe(false)
    expect([it.keys, it.records]).toEqual([0, 0])
  })

  test('removes keys that have all their units again, while others are added', () => {
    const it = table(1_000)
    for (let i = 0; i < 500; i++) ask(it, `early ${i}`, 0)
    for (let i = 0; i < 300; i++) ask(it, `late ${i}`, 10_000)
    expect(it.keys).toBe(300)
  })

  test('a flood of keys gives nobody a unit back', () => {
    const it = table(100)
    for (let i = 0; i < 5; i++) expect(ask(it, 'victim', 0)).toBe(true)
    for (let i = 0; i < 10_000; i++) ask(it, `flood ${i}`, 0)
    expect(it.keys).toBe(100)
    expect(ask(it, 'victim', 0)).toBe(false)
    expect(ask(it, 'victim', 200)).toBe(true)
    expect(ask(it, 'victim', 200)).toBe(false)
  })

  test('a flood of keys that use little leaves most of the units to those who come anew', () => {
    const it = table(1_000, { limit: 100, burst: 100 })
    for (let i = 0; i < 10_000; i++) ask(it, `flood ${i}`, 0)
    let admitted = 0
    while (ask(it, 'new', 0)) admitted++
    expect(admitted).toBeGreaterThan(75)
  })

  test('those who have used most are the last that go', () => {
    const it = table(100, { limit: 100, burst: 100 })
    for (let i = 0; i < 60; i++) ask(it, 'heavy', 0)
    for (let i = 0; i < 10_000; i++) ask(it, `flood ${i}`, 3)
    // Exactly what it had: a shadow would have been rounded up at 3.
    expect(it.countOf('heavy').remaining(10)).toBe(41)
  })

  test.each(RATE_ALGORITHMS as RateAlgorithm[])(
    '%s: whatever happens, no key has more than it should',
    (algorithm) => {
      const steps = fc.array(
        fc.record({
          key: fc.integer({ min: 0, max: 12 }),
          gap: fc.constantFrom(0, 0, 1, 100, 250, 999, 1_000, 2_000),
          cost: fc.integer({ min: 1, max: 3 }),
        }),
        { maxLength: 200 },
      )
      fc.assert(
        fc.property(steps, fc.integer({ min: 1, max: 4 }), (history, maxKeys) => {
          const it = table(maxKeys, { algorithm })
          const taken = new Map<number, { at: number; cost: number }[]>()
          let now = 0
          for (const { key, gap, cost } of history) {
            now += gap
            if (ask(it, String(key), now, cost))
              taken.set(key, [...(taken.get(key) ?? []), { at: now, cost }])
            expect(it.keys).toBeLessThanOrEqual(maxKeys)
          }
          // In any stretch of a window, at its worst: twice the limit.
          const most = algorithm === 'sliding-window' ? 5 : 10
          for (const all of taken.values())
            for (const { at: from } of all) {
              const within = all.filter(({ at }) => at >= from && at < from + 1_000)
              expect(within.reduce((sum, { cost }) => sum + cost, 0)).toBeLessThanOrEqual(most)
            }
        }),
      )
    },
  )

  test('what was taken of a bucket is a debt to the last unit, also of keys that went and came again', () => {
    const steps = fc.array(
      fc.record({
        key: fc.integer({ min: 0, max: 12 }),
        gap: fc.constantFrom(0, 0, 1, 100, 250),
        cost: fc.integer({ min: 1, max: 3 }),
      }),
      { maxLength: 200 },
    )
    fc.assert(
      fc.property(steps, (history) => {
        const it = table(2)
        const exact = Array.from({ length: 13 }, () => newCount(rule()))
        let now = 0
        for (const { key, gap, cost } of history) {
          now += gap
          if (!ask(it, String(key), now, cost)) continue
          expect(exact[key]!.waitMs(cost, now)).toBe(0)
          exact[key]!.take(cost, now)
        }
      }),
    )
  })

  test('logs are bounded too: 16 records for each key, on average', () => {
    const it = table(10, { algorithm: 'sliding-window', limit: 1_000, burst: 1_000, perMs: 1_000_000 })
    for (let now = 0; now < 20_000; now++) ask(it, `key ${now % 10}`, now)
    expect(it.records).toBeLessThanOrEqual(10 * 16 + 10 * 2)
    for (let i = 0; i < 10; i++) {
      let admitted = 0
      while (ask(it, `key ${i}`, 20_000)) admitted++
      expect(admitted).toBe(0)
    }
  })
})
