import { describe, expect, test } from 'vitest'
import { servingTiers, type Tiered, type TierRules } from './serving-tiers.ts'

const RULES: TierRules = { panicThreshold: 0, overprovisioning: 1.4 }

interface Named extends Tiered {
  readonly id: string
}

/** `+a` is fit, `-a` is not, `?a` is unknown; `a3` has the weight 3; `a1/4` a quarter of its weight of 1. */
function tier(priority: number, endpoints: string): Named[] {
  return endpoints.split(' ').map((text) => {
    const [, sign, id = '', full = '1', part = '1'] = /^([-+?])([a-z]+)(\d+)?(?:\/(\d+))?$/.exec(text)!
    return {
      id,
      priority,
      health: sign === '+' ? 'healthy' : sign === '-' ? 'unhealthy' : 'unknown',
      admission: 'admitted',
      ejected: false,
      unproven: sign === '?',
      warming: part !== '1',
      fullWeight: Number(full),
      weight: Number(full) / Number(part),
      standsFor: 1,
    }
  })
}

/** So many of a hundred are fit. */
function percent(priority: number, fit: number): Named[] {
  return Array.from({ length: 100 }, (_, i) => tier(priority, i < fit ? '+x' : '-x')[0]!)
}

function shown(endpoints: readonly Named[], rules: Partial<TierRules> = {}): string[] {
  return servingTiers(endpoints, { ...RULES, ...rules }).map(
    ({ members, share }) => `${members.map(({ id }) => id).join('')} ${Math.round(share * 100)}`,
  )
}

describe('servingTiers', () => {
  test('give all to the first tier while it can carry it, and keep the next ready', () => {
    expect(shown([...tier(0, '+a +b +c -d'), ...tier(1, '+x -y')])).toEqual(['abc 100', 'x 0'])
  })

  test('are in the order of priorities, whatever their numbers, and of the pool within', () => {
    const [a, b] = tier(7, '-a +b')
    expect(shown([a!, ...tier(9, '+x'), b!, ...tier(3, '-k +l')])).toEqual(['l 70', 'b 30', 'x 0'])
  })

  test('give the next tier what the first cannot carry', () => {
    expect(shown([...tier(0, '+a -b'), ...tier(1, '+x +y')])).toEqual(['a 70', 'xy 30'])
    expect(shown([...tier(0, '-a -b'), ...tier(1, '+x +y')])).toEqual(['xy 100'])
  })

  test('go by weights', () => {
    expect(shown([...tier(0, '+a3 -b1'), ...tier(1, '+x')])).toEqual(['a 100', 'x 0'])
    expect(shown([...tier(0, '+a1 -b3'), ...tier(1, '+x')])).toEqual(['a 35', 'x 65'])
  })

  test('go by what an endpoint stands for', () => {
    const [a, b] = tier(0, '+a -b')
    expect(shown([{ ...a!, standsFor: 3 }, b!, ...tier(1, '+x')])).toEqual(['a 100', 'x 0'])
  })

  test('give a tier that returns slowly its load slowly', () => {
    expect(shown([...tier(0, '+a1/10 +b1/10'), ...tier(1, '+x')])).toEqual(['ab 14', 'x 86'])
    // One of four that is slow is no reason to send anything elsewhere.
    expect(shown([...tier(0, '+a +b +c +d1/10'), ...tier(1, '+x')])).toEqual(['abcd 100', 'x 0'])
  })

  test('do not panic because all of them return slowly', () => {
    expect(shown([...tier(0, '+a1/10 +b1/10 -c'), ...tier(1, '+x1/10 -y')], { panicThreshold: 0.7 })).toEqual(
      ['ab 57', 'x 43'],
    )
  })

  test('are one where no endpoint is fit, since nothing tells them apart', () => {
    expect(shown([...tier(0, '-a -b'), ...tier(1, '-x')])).toEqual(['abx 100'])
  })

  test('leave out what must pass a probe first, in a panic too', () => {
    expect(shown([...tier(0, '?a -b'), ...tier(1, '-x')])).toEqual(['bx 100'])
    expect(shown([...tier(0, '?a'), ...tier(1, '?x')])).toEqual([])
    expect(shown(tier(0, '?a'))).toEqual([])
  })

  test('of one priority are what serves without tiers', () => {
    expect(shown(tier(4, '+a -b'))).toEqual(['a 100'])
    expect(shown(tier(4, '+a -b -c'), { panicThreshold: 0.5 })).toEqual(['abc 100'])
  })

  // The table of Envoy's documentation, "Panic threshold": at 0.5, which tiers serve with all their endpoints.
  test.each([
    [72, 72, [], [100, 0]],
    [71, 71, [], [99, 1]],
    [50, 60, [], [70, 30]],
    [25, 100, [], [35, 65]],
    [5, 65, [0], [7, 93]],
  ])('with %d and %d percent fit: in a panic are %j', (first, second, inPanic, loads) => {
    const found = servingTiers([...percent(0, first), ...percent(1, second)], {
      ...RULES,
      panicThreshold: 0.5,
    })
    expect(found.map(({ members }) => members.length)).toEqual(
      [first, second].map((fit, i) => ((inPanic as number[]).includes(i) ? 100 : fit)),
    )
    for (const [i, { share }] of found.entries()) expect(Math.abs(share * 100 - loads[i]!)).toBeLessThan(1)
  })

  test('with 25 and 25 percent fit are one: all are in a panic', () => {
    const found = servingTiers([...percent(0, 25), ...percent(1, 25)], { ...RULES, panicThreshold: 0.5 })
    expect(found.map(({ members, share }) => [members.length, share])).toEqual([[200, 1]])
  })
})
