import { describe, expect, test } from 'vitest'
import { HedgeBudget } from './hedge-budget.ts'
import { type HedgeOptions, hedgeSettings } from './hedge-options.ts'
import { HedgeQuantile } from './hedge-quantile.ts'
import { pool } from './pool.ts'

const refused: [string, Partial<Record<keyof HedgeOptions, unknown>> & Record<string, unknown>, string][] = [
  ['no time at all', { afterMs: 0 }, '"afterMs" must be a duration of at least 1 ms'],
  ['endless time', { afterMs: Infinity }, '"afterMs" must be a duration of at least 1 ms'],
  ['a percentile below the half', { afterMs: 'p49' }, '"afterMs" must be a duration, or a percentile'],
  ['all of them', { afterMs: 'p100' }, '"afterMs" must be a duration, or a percentile'],
  ['a percentile that is none', { afterMs: 'p9x' }, '"afterMs" must be a duration, or a percentile'],
  ['a negative budget', { budget: -0.1 }, '"budget" must be a number from 0 to 1'],
  ['a budget in percent', { budget: 5 }, '"budget" must be a number from 0 to 1'],
  ['no number', { budget: Number.NaN }, '"budget" must be a number from 0 to 1'],
  ['one method', { methods: 'GET' }, '"methods" must be a list of methods'],
  ['a header for a switch', { idempotencyKey: 'X-Key' }, '"idempotencyKey" must be true or false'],
  ['an unknown option', { after: 5 }, '"after" must be one of the options that exist'],
]

describe('pool.hedge', () => {
  test.each(refused)('refuses %s at the call', (_, options, message) => {
    expect(() => pool(['http://u1']).hedge(options as HedgeOptions)).toThrow(`pool.hedge: ${message}`)
  })

  test('has defaults', () => {
    expect(hedgeSettings({})).toMatchObject({ afterMs: undefined, part: 0.95, budget: 0.05 })
    expect(hedgeSettings({ afterMs: '1s' })).toMatchObject({ afterMs: 1_000, part: undefined })
    expect(hedgeSettings({ afterMs: 'p99.9' }).part).toBeCloseTo(0.999)
  })
})

describe('HedgeBudget', () => {
  test('grants a share of the requests, and one at the beginning', () => {
    const budget = new HedgeBudget(0.05)
    expect([budget.withdraw(), budget.withdraw()]).toEqual([true, false])
    for (let request = 0; request < 19; request++) budget.deposit()
    expect(budget.withdraw()).toBe(false)
    budget.deposit()
    expect([budget.withdraw(), budget.withdraw()]).toEqual([true, false])
  })

  test('saves up a hundred at most', () => {
    const budget = new HedgeBudget(1)
    for (let request = 0; request < 1_000; request++) budget.deposit()
    let granted = 0
    while (budget.withdraw()) granted++
    expect(granted).toBe(100)
  })
})

describe('HedgeQuantile', () => {
  test('says nothing before a hundred were timed', () => {
    const quantile = new HedgeQuantile(0.95)
    for (let count = 0; count < 99; count++) quantile.observe(10)
    expect(quantile.value).toBe(Infinity)
    quantile.observe(10)
    expect(quantile.value).toBeGreaterThanOrEqual(10)
  })

  test.each([0.5, 0.95, 0.99])('is at most 9 %% above the part %d of what was timed', (part) => {
    const quantile = new HedgeQuantile(part)
    for (let ms = 1; ms <= 1_000; ms++) quantile.observe((ms * 387) % 1_001)
    expect(quantile.value).toBeGreaterThanOrEqual(1_000 * part * 0.97)
    expect(quantile.value).toBeLessThan(1_000 * part * 1.1)
  })

  test('follows what has changed, within a few thousand', () => {
    const quantile = new HedgeQuantile(0.95)
    for (let count = 0; count < 50_000; count++) quantile.observe(1_000)
    for (let count = 0; count < 10_000; count++) quantile.observe(10)
    expect(quantile.value).toBeLessThan(11)
  })

  test.each([0, 0.001, 1e9])('takes a time of %d ms', (ms) => {
    const quantile = new HedgeQuantile(0.95)
    for (let count = 0; count < 200; count++) quantile.observe(ms)
    expect(Number.isFinite(quantile.value)).toBe(true)
  })
})
