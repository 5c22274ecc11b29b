import { describe, expect, test } from 'vitest'
import type { Kept } from './endpoint-state.ts'
import { afterProbe, type Health, servingOf, UNKNOWN } from './health.ts'

/** The states after each probe, of `p` passed and `f` failed ones. */
function states(probes: string, rise = 2, fall = 3): string {
  let health: Health = UNKNOWN
  return Array.from(probes, (probe) => {
    health = afterProbe(health, probe === 'p', { rise, fall })
    return health.state === 'healthy' ? 'H' : 'u'
  }).join('')
}

describe('afterProbe', () => {
  test.each([
    ['lets the first probe decide', 'p', 'H'],
    ['lets the first probe decide', 'f', 'u'],
    ['takes fall failures in a row', 'pfffff', 'HHHuuu'],
    ['counts failures anew after a pass', 'pffpffpfff', 'HHHHHHHHHu'],
    ['takes rise passes in a row', 'fppp', 'uuHH'],
    ['counts passes anew after a failure', 'fpfpfpp', 'uuuuuuH'],
    ['counts anew in each state', 'fppfffpp', 'uuHHHuuH'],
  ])('%s: %s', (_, probes, expected) => {
    expect(states(probes)).toBe(expected)
  })

  test('changes with every probe where rise and fall are 1', () => {
    expect(states('pfpf', 1, 1)).toBe('HuHu')
  })
})

describe('servingOf', () => {
  const well: Kept = {
    admission: 'admitted',
    ejected: false,
    health: 'healthy',
    unproven: false,
    warming: false,
  }
  const trusted: Kept = { ...well, health: 'unknown' }
  const unproven: Kept = { ...trusted, unproven: true }
  const unhealthy: Kept = { ...well, health: 'unhealthy' }
  const out: Kept = { ...well, ejected: true }
  const warming: Kept = { ...well, warming: true }
  const drained = (['draining', 'drained', 'removed'] as const).map((admission) => ({ ...well, admission }))
  const calm = (...endpoints: Kept[]) => ({ endpoints, panic: false })
  const panic = (...endpoints: Kept[]) => ({ endpoints, panic: true })

  test('takes the healthy, and the unknown where they are trusted', () => {
    expect(servingOf([trusted, unproven, well, warming, unhealthy], 0)).toEqual(calm(trusted, well, warming))
  })

  test('takes none that was ejected, however healthy', () => {
    expect(servingOf([out, well], 0)).toEqual(calm(well))
  })

  test('takes all that were found unhealthy or ejected where no other is left', () => {
    expect(servingOf([unhealthy, { ...unhealthy }], 0)).toEqual(panic(unhealthy, unhealthy))
    expect(servingOf([out, unhealthy], 0)).toEqual(panic(out, unhealthy))
  })

  test('takes all, in their order, where fewer than the threshold are left', () => {
    const all = [unhealthy, well, out]
    expect(servingOf(all, 0.33)).toEqual(calm(well))
    expect(servingOf(all, 0.34)).toEqual(panic(...all))
    expect(servingOf([well, out], 0.5)).toEqual(calm(well))
  })

  test('never takes one that must be probed first', () => {
    expect(servingOf([unproven, unhealthy], 0)).toEqual(panic(unhealthy))
    expect(servingOf([unproven], 1)).toEqual(calm())
    expect(servingOf([unproven, well, out], 1)).toEqual(panic(well, out))
    // It had been ejected in a life before.
    expect(servingOf([{ ...unproven, ejected: true }, unhealthy], 0)).toEqual(panic(unhealthy))
  })

  test('never takes one that is drained, and counts it not among all', () => {
    expect(servingOf([...drained, unhealthy], 0)).toEqual(panic(unhealthy))
    expect(servingOf(drained, 1)).toEqual(calm())
    expect(servingOf([...drained, well, unhealthy], 0.5)).toEqual(calm(well))
  })
})
