import fc from 'fast-check'
import type { RateAlgorithm, RateRule } from '../../src/filters/rate-limit.ts'
import type { Arrival } from './rate-limit-models.ts'

export const ALGORITHMS: readonly RateAlgorithm[] = [
  'token-bucket',
  'gcra',
  'sliding-window',
  'sliding-window-counter',
  'fixed-window',
]

/** Rules whose edges are met often, and some large ones. */
export function rules(algorithm: RateAlgorithm): fc.Arbitrary<RateRule> {
  const drains = algorithm === 'token-bucket' || algorithm === 'gcra'
  return fc
    .record({
      limit: fc.oneof(
        { weight: 4, arbitrary: fc.integer({ min: 1, max: 7 }) },
        fc.integer({ min: 1, max: 9_999 }),
      ),
      perMs: fc.oneof(fc.integer({ min: 1, max: 30 }), fc.constantFrom(1_000, 60_000, 86_400_000)),
      burst: fc.integer({ min: 1, max: 12 }),
    })
    .map(({ limit, perMs, burst }) => ({
      name: 'default',
      by: 'all',
      algorithm,
      limit,
      perMs,
      burst: drains ? burst : limit,
    }))
}

/** Arrivals in order: many at once, some at the ends of windows and just beside them, some after long. */
export function histories({ limit, perMs, burst }: RateRule, maxLength = 60): fc.Arbitrary<Arrival[]> {
  const beside = [0, 1, perMs - 1, perMs, perMs + 1, 2 * perMs - 1, 2 * perMs, Math.ceil(perMs / limit)]
  const gap = fc.oneof(
    { weight: 3, arbitrary: fc.constant(0) },
    { weight: 3, arbitrary: fc.constantFrom(...beside.filter((it) => it >= 0)) },
    fc.integer({ min: 0, max: 3 * perMs }),
  )
  const cost = fc.oneof(
    { weight: 4, arbitrary: fc.constant(1) },
    fc.integer({ min: 1, max: burst + 1 }),
    fc.constant(burst),
  )
  return fc.array(fc.record({ gap, cost }), { minLength: 1, maxLength }).map((steps) => {
    let at = 0
    return steps.map((step) => {
      at += step.gap
      return { at, cost: step.cost }
    })
  })
}

/** A rule, and a history for it. */
export function cases(algorithm: RateAlgorithm): fc.Arbitrary<{ rule: RateRule; arrivals: Arrival[] }> {
  return rules(algorithm).chain((rule) => histories(rule).map((arrivals) => ({ rule, arrivals })))
}
