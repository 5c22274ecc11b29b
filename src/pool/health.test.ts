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
  ).map((health) => ({ health }))

  test('takes the healthy, and the unknown where they are trusted', () => {
    const all = [unknown!, healthy!, unhealthy!]
    expect(servingOf(all, 'healthy')).toEqual([unknown, healthy])
    expect(servingOf(all, 'unhealthy')).toEqual([healthy])
  })

  test('takes all that were found unhealthy where no other is left', () => {
    expect(servingOf([unhealthy!, other!], 'healthy')).toEqual([unhealthy, other])
  })

  test('never takes one that must be probed first', () => {
    expect(servingOf([unknown!, unhealthy!], 'unhealthy')).toEqual([unhealthy])
    expect(servingOf([unknown!], 'unhealthy')).toEqual([])
  })
})
