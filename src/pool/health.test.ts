import { describe, expect, test } from 'vitest'
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
  const [unknown, healthy, unhealthy, other] = (
    ['unknown', 'healthy', 'unhealthy', 'unhealthy'] as const
  ).map((health) => ({ health, ejected: false }))
  const out = { health: 'healthy', ejected: true } as const

  test('takes the healthy, and the unknown where they are trusted', () => {
    const all = [unknown!, healthy!, unhealthy!]
    expect(servingOf(all, 'healthy', 0)).toEqual([unknown, healthy])
    expect(servingOf(all, 'unhealthy', 0)).toEqual([healthy])
  })

  test('takes none that was ejected, however healthy', () => {
    expect(servingOf([out, healthy!], 'healthy', 0)).toEqual([healthy])
  })

  test('takes all that were found unhealthy or ejected where no other is left', () => {
    expect(servingOf([unhealthy!, other!], 'healthy', 0)).toEqual([unhealthy, other])
    expect(servingOf([out, other!], 'healthy', 0)).toEqual([out, other])
  })

  test('takes all, in their order, where fewer than the threshold are left', () => {
    const all = [unhealthy!, healthy!, out]
    expect(servingOf(all, 'healthy', 0.33)).toEqual([healthy])
    expect(servingOf(all, 'healthy', 0.34)).toEqual(all)
    expect(servingOf([healthy!, out], 'healthy', 0.5)).toEqual([healthy])
  })

  test('never takes one that must be probed first', () => {
    expect(servingOf([unknown!, unhealthy!], 'unhealthy', 0)).toEqual([unhealthy])
    expect(servingOf([unknown!], 'unhealthy', 1)).toEqual([])
    expect(servingOf([unknown!, healthy!, out], 'unhealthy', 1)).toEqual([healthy, out])
  })
})
