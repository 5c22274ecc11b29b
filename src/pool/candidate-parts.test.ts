import { describe, expect, test } from 'vitest'
import { consistentHash } from '../balancers/consistent-hash.ts'
import { attribute } from '../core/attribute.ts'
import type { Candidates, Endpoint } from '../core/balancer.ts'
import { endpoint, exchange, seededRandom } from '../testing/index.ts'
import { type CandidateParts, candidateParts, type PartRules } from './candidate-parts.ts'
import type { PoolEndpoint } from './endpoint.ts'
import { Untried } from './untried.ts'

interface Facts extends Partial<Endpoint> {
  readonly fit?: boolean
}

/** As far as parts look at endpoints. */
function made(id: string, { fit = true, ...facts }: Facts = {}): PoolEndpoint {
  const { weight = 1, health = fit ? 'healthy' : 'unhealthy' } = facts
  const it = {
    ...endpoint({ ...facts, id, health }),
    fullWeight: weight,
    standsFor: 1,
    admission: 'admitted',
    ejected: false,
    unproven: false,
    warming: false,
  }
  return it as unknown as PoolEndpoint
}

function partsOf(all: readonly PoolEndpoint[], rules: Partial<PartRules> = {}): CandidateParts {
  const base: PartRules = {
    panicThreshold: 0,
    overprovisioning: 1.4,
    zone: undefined,
    subset: undefined,
    wanted: attribute('wanted'),
    keyHash: undefined,
    random: seededRandom(1),
  }
  return candidateParts(all, { ...base, ...rules }, new Untried())!
}

const ids = (candidates: Candidates) => candidates.map(({ id }) => id).join(' ')

/** How often each part is given. */
function drawn(parts: CandidateParts, times: number, of = () => exchange()): Record<string, number> {
  const counts: Record<string, number> = {}
  for (let i = 0; i < times; i++) {
    const part = ids(parts.from(of(), []))
    counts[part] = (counts[part] ?? 0) + 1
  }
  return counts
}

const noChance = () => {
  throw new Error('chance was taken')
}

const NEAR_A = { zone: 'a', loadShare: undefined, maxInFlight: Number.POSITIVE_INFINITY }

describe('candidateParts', () => {
  test('are none where all are always chosen from', () => {
    expect(partsOf([made('a', { priority: 3 }), made('b', { priority: 3 })])).toBeUndefined()
    expect(partsOf([made('a'), made('b', { priority: 1 })])).toBeDefined()
    expect(partsOf([made('a')], { zone: NEAR_A })).toBeDefined()
  })

  test('take no chance while the first tier carries everything', () => {
    const parts = partsOf([made('a'), made('b', { priority: 1 })], {
      random: noChance,
    })
    expect(ids(parts.from(exchange(), []))).toBe('a')
  })

  test('draw tiers by their loads, and each is one array', () => {
    const parts = partsOf([made('a'), made('b', { fit: false }), made('x', { priority: 1 })])
    const counts = drawn(parts, 10_000)
    expect(Object.keys(counts).sort()).toEqual(['a', 'x'])
    // 70 %, within four standard deviations.
    expect(Math.abs(counts.a! - 7_000)).toBeLessThan(184)
    expect(new Set(Array.from({ length: 100 }, () => parts.from(exchange(), []))).size).toBe(2)
    expect(ids(parts.endpoints)).toBe('a x')
  })

  test('leave a key in its tier', () => {
    const { keyHash } = consistentHash({ key: { header: 'x-user' } })
    const all = [made('a'), made('b', { fit: false }), made('x', { priority: 1 })]
    const parts = partsOf(all, { keyHash: keyHash! })
    let first = 0
    for (let user = 0; user < 4_000; user++) {
      const of = exchange({ headers: { 'X-User': `user-${user}` } })
      const part = parts.from(of, [])
      expect(parts.from(of, [])).toBe(part)
      if (ids(part) === 'a') first++
    }
    expect(Math.abs(first - 2_800)).toBeLessThan(116)
  })

  test('give nothing to a tier without a share, whatever rounding leaves', () => {
    // All but so little of its load that it is nobody's.
    const all = [made('a'), made('b', { weight: 5e-10, fit: false }), made('x', { priority: 1 })]
    const parts = partsOf(all, { overprovisioning: 1, random: () => 1 - 2 ** -53 })
    expect(ids(parts.from(exchange(), []))).toBe('a')
  })

  test('draw by chance what has no key', () => {
    const { keyHash } = consistentHash({ key: { header: 'x-user' } })
    const parts = partsOf([made('a'), made('b', { fit: false }), made('x', { priority: 1 })], {
      keyHash: keyHash!,
    })
    expect(Object.keys(drawn(parts, 100))).toHaveLength(2)
  })
})

describe('a further attempt', () => {
  test('goes to another endpoint of its tier, then to the next tier, then to the one before', () => {
    const [a, b, x, k] = [
      made('a'),
      made('b'),
      made('x', { priority: 1 }),
      made('k', { priority: 2 }),
    ] as const
    const parts = partsOf([a, b, x, k])
    const next = (...tried: PoolEndpoint[]) => ids(parts.from(exchange(), tried))
    expect(next(a)).toBe('b')
    expect(next(a, b)).toBe('x')
    expect(next(a, b, x)).toBe('k')
    expect(next(x)).toBe('k')
    expect(next(x, k)).toBe('a b')
    expect(next(k, x, a)).toBe('b')
    // All anew.
    expect(next(a, b, x, k)).toBe('a b')
  })

  test('is given one array for the same endpoints, whatever was tried elsewhere', () => {
    const [a, b, c, x] = [made('a'), made('b'), made('c'), made('x', { priority: 1 })] as const
    const parts = partsOf([a, b, c, x])
    const left = parts.from(exchange(), [a])
    expect(parts.from(exchange(), [a])).toBe(left)
    expect(parts.from(exchange(), [x, a])).toBe(left)
    expect(parts.from(exchange(), [x, k(), a])).toBe(left)
  })

  test('draws a tier where the last one it was in is gone', () => {
    const parts = partsOf([made('a'), made('x', { priority: 1 })])
    expect(ids(parts.from(exchange(), [k()]))).toBe('a')
  })

  test('goes to another zone where none is left in its own, before another tier', () => {
    const [a, b, x] = [
      made('a', { zone: 'a' }),
      made('b', { zone: 'b' }),
      made('x', { zone: 'a', priority: 1 }),
    ]
    const parts = partsOf([a!, b!, x!], { zone: NEAR_A })
    expect(ids(parts.from(exchange(), [a!]))).toBe('b')
    expect(ids(parts.from(exchange(), [a!, b!]))).toBe('x')
  })

  const k = () => made('k', { priority: 7 })
})

describe('a preferred zone', () => {
  const zoned = (text: string) =>
    text.split(' ').map((id) => made(id, { zone: id[0]!, fit: !id.endsWith('!') }))

  test('keeps everything, and takes no chance, while it can carry it', () => {
    const parts = partsOf(zoned('a1 a2 a3 a4! b1 b2 b3 b4'), {
      zone: NEAR_A,
      random: noChance,
    })
    expect(ids(parts.from(exchange(), []))).toBe('a1 a2 a3')
  })

  test('gives away what it cannot carry', () => {
    // Half of the load on one of five: 1.4 / 2.5 stay.
    const counts = drawn(partsOf(zoned('a1 a2! a3! a4! b1 b2 b3 b4'), { zone: NEAR_A }), 10_000)
    expect(Math.abs(counts.a1! - 5_600)).toBeLessThan(199)
    expect(counts['b1 b2 b3 b4']).toBe(10_000 - counts.a1!)
  })

  test('takes the load to be the same from each zone, also from one of which nothing is left, unless told', () => {
    const all = zoned('a1 a2 b1 b2 b3 b4 b5 b6 c1! c2!')
    // 1.4 * 2 / (1/3 * 8) is more than all.
    expect(drawn(partsOf(all, { zone: NEAR_A }), 200)).toEqual({ 'a1 a2': 200 })
    // 1.4 * 2 / 8
    const told = drawn(partsOf(all, { zone: { ...NEAR_A, loadShare: 1 } }), 10_000)
    expect(Math.abs(told['a1 a2']! - 3_500)).toBeLessThan(191)
  })

  test('serves from elsewhere where it has no endpoint, and from itself where there is no other', () => {
    for (const zone of [NEAR_A, { ...NEAR_A, maxInFlight: 1 }]) {
      const rules = { zone, random: noChance }
      expect(ids(partsOf(zoned('b1 c1'), rules).from(exchange(), []))).toBe('b1 c1')
      expect(ids(partsOf(zoned('a1! b1 c1'), rules).from(exchange(), []))).toBe('b1 c1')
      expect(ids(partsOf(zoned('a1 b1!'), rules).from(exchange(), []))).toBe('a1')
    }
  })

  test('is left when it is full, by endpoint, and the others have less to do', () => {
    const all = ['a', 'a', 'b', 'b', 'b'].map((zone, i) => made(`${zone}${i}`, { zone, weight: 2 }))
    const parts = partsOf(all, { zone: { ...NEAR_A, maxInFlight: 3 } })
    const at = () => ids(parts.from(exchange(), []))
    const busy = (at: number, inFlight: number) => Object.assign(all[at]!, { inFlight })
    busy(0, 11)
    expect(at()).toBe('a0 a1') // 11 on a weight of 4
    busy(1, 1)
    expect(at()).toBe('b2 b3 b4')
    busy(2, 18)
    expect(at()).toBe('a0 a1') // 18 on a weight of 6: no better there
    busy(1, 2)
    expect(at()).toBe('b2 b3 b4')
  })

  test('is drawn apart from the tier: the keys of a tier are in both zones', () => {
    const { keyHash } = consistentHash({ key: { header: 'x-user' } })
    const all = [
      ...['a', 'b'].flatMap((zone) => [1, 2, 3, 4].map((i) => made(`${zone}${i}`, { zone, fit: i < 3 }))),
      made('x', { zone: 'a', priority: 1 }),
    ]
    const parts = partsOf(all, { keyHash: keyHash!, zone: { ...NEAR_A, loadShare: 1 } })
    let user = 0
    const counts = drawn(parts, 4_000, () => exchange({ headers: { 'X-User': `user-${user++}` } }))
    // 70 % to the first tier, and of that 70 % near.
    expect(Math.abs(counts['a1 a2']! - 1_960)).toBeLessThan(127)
    expect(Math.abs(counts['b1 b2']! - 840)).toBeLessThan(104)
  })
})

describe('a subset', () => {
  const v1 = made('v1', { labels: { version: 'v1' } })
  const v2 = made('v2', { labels: { version: 'v2', stage: 'canary' } })
  const v2down = made('v2down', { labels: { version: 'v2' }, fit: false })
  const byHeader = (fallback: 'any' | 'none'): Partial<PartRules> => ({
    subset: { select: ({ request }) => ({ version: request.headers.get('x-version') }), fallback },
  })
  const asking = (version: string) => exchange({ headers: { 'X-Version': version } })

  test('is the fit endpoints that have the labels, one array', () => {
    const parts = partsOf([v1, v2, v2down], byHeader('none'))
    expect(ids(parts.from(asking('v2'), []))).toBe('v2')
    expect(parts.from(asking('v2'), [])).toBe(parts.from(asking('v2'), []))
    expect(ids(parts.from(exchange(), []))).toBe('v1 v2')
  })

  test('of nobody is empty, or all, as was said', () => {
    expect(partsOf([v1, v2], byHeader('none')).from(asking('v3'), [])).toEqual([])
    expect(ids(partsOf([v1, v2], byHeader('any')).from(asking('v3'), []))).toBe('v1 v2')
  })

  test('of which none is fit panics alone, or leaves it to all, as was said', () => {
    expect(ids(partsOf([v1, v2down], byHeader('none')).from(asking('v2'), []))).toBe('v2down')
    expect(ids(partsOf([v1, v2down], byHeader('any')).from(asking('v2'), []))).toBe('v1')
  })

  test('is asked for once for each exchange that comes, whatever is asked of it then', () => {
    let asked = 0
    const parts = partsOf([v1, v2], {
      subset: {
        select: () => {
          asked++
          return { version: asked % 2 === 1 ? 'v2' : 'v1' }
        },
        fallback: 'none',
      },
    })
    const one = exchange()
    expect(ids(parts.from(one, []))).toBe('v2')
    expect(ids(parts.servingFor(one))).toBe('v2')
    expect(ids(parts.from(one, [v2]))).toBe('v2')
    expect(asked).toBe(1)
    // A filter has sent it to the pool once more.
    expect(ids(parts.from(one, []))).toBe('v1')
  })

  test('has tiers of its own', () => {
    const labels = { version: 'v2' }
    const all = [v1, made('x', { labels, priority: 1 }), made('y', { labels, priority: 2 })]
    expect(ids(partsOf(all, byHeader('none')).from(asking('v2'), []))).toBe('x')
  })

  test('is not kept for labels that no endpoint has, nor for more than so many', () => {
    const all = Array.from({ length: 100 }, (_, i) => made(`${i}`, { labels: { version: `v${i}` } }))
    const parts = partsOf(all, byHeader('none'))
    const first = parts.from(asking('v0'), [])
    for (let i = 0; i < 1_000; i++) parts.from(asking(`none-${i}`), [])
    expect(parts.from(asking('v0'), [])).toBe(first)
    for (let i = 0; i < 100; i++) parts.from(asking(`v${i}`), [])
    expect(parts.from(asking('v0'), [])).not.toBe(first)
  })
})

describe('whyLeftOut', () => {
  test('tells which choice has left an endpoint out', () => {
    const [near, far, next, down, other] = [
      made('near', { zone: 'a', labels: { v: '1' } }),
      made('far', { zone: 'b', labels: { v: '1' } }),
      made('next', { zone: 'a', priority: 1, labels: { v: '1' } }),
      made('down', { zone: 'b', priority: 1, labels: { v: '1' }, fit: false }),
      made('other', { zone: 'a' }),
    ] as const
    const all = [near, far, next, down, other]
    const subset = { select: () => ({ v: '1' }), fallback: 'none' } as const
    const parts = partsOf(all, { zone: NEAR_A, subset })
    const one = exchange()
    const from = parts.from(one, [])
    expect(ids(from)).toBe('near')
    expect(all.map((it) => parts.whyLeftOut(it, one, from))).toEqual([
      undefined,
      'other zone',
      'other tier',
      undefined,
      'other subset',
    ])
  })

  test('does not tell of what was tried', () => {
    const [a, b] = [made('a'), made('b')] as const
    const parts = partsOf([a, b, made('x', { priority: 1 })])
    const one = exchange()
    expect(parts.whyLeftOut(a, one, parts.from(one, [a]))).toBeUndefined()
  })
})
