import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ApertureOptions, apertureSettings, type Kinds, withinAperture } from './aperture.ts'
import { type EndpointOptions, type EndpointSpec, endpointSpecs } from './endpoint-spec.ts'

const ALIKE: Kinds = { byZone: false, byLabels: false }

function specs(count: number, facts: (i: number) => Partial<EndpointOptions> = () => ({})): EndpointSpec[] {
  return Array.from(
    { length: count },
    (_, i) => endpointSpecs([{ url: `http://10.0.${i >> 8}.${i & 255}:8080`, ...facts(i) }], {})[0]!,
  )
}

function used(all: readonly EndpointSpec[], options: ApertureOptions, kinds = ALIKE): string[] {
  return withinAperture(all, apertureSettings(options), kinds).map(({ id }) => id)
}

/** By how many of the proxies the least used endpoint is used, and the most used one. */
function spread(
  proxies: number,
  all: readonly EndpointSpec[],
  nameOf: (i: number) => number | string,
): [number, number] {
  const users = new Map(all.map(({ id }) => [id, 0]))
  for (let i = 0; i < proxies; i++)
    for (const id of used(all, { instance: nameOf(i), size: 20 })) users.set(id, users.get(id)! + 1)
  return [Math.min(...users.values()), Math.max(...users.values())]
}

describe('withinAperture', () => {
  test('takes so many, always the same ones, in the order of the pool', () => {
    const all = specs(100)
    const order = all.map(({ id }) => id)
    const found = used(all, { instance: 'proxy-a', size: 20 })
    expect(new Set(found).size).toBe(20)
    expect(found).toEqual(order.filter((id) => found.includes(id)))
    expect(used([...all].reverse(), { instance: 'proxy-a', size: 20 }).reverse()).toEqual(found)
    expect(used(all, { instance: 'proxy-b', size: 20 })).not.toEqual(found)
  })

  test('is not next to each other what it takes: a rack that fails is no great part of it', () => {
    const racks = used(specs(100), { instance: 7, size: 20 }).map((id) =>
      Math.floor(Number(/\.(\d+):/.exec(id)![1]) / 10),
    )
    expect(racks).toHaveLength(20)
    const together = Array.from(Map.groupBy(racks, (rack) => rack).values(), (it) => it.length)
    expect(Math.max(...together)).toBeLessThan(6)
  })

  test('takes all where there are no more', () => {
    expect(used(specs(20), { instance: 3 })).toHaveLength(20)
    expect(used(specs(3), { instance: 3 })).toHaveLength(3)
    expect(used([], { instance: 3 })).toEqual([])
  })

  test('shares endpoints out evenly among proxies that are numbered', () => {
    const all = specs(100)
    // A fifth of the proxies each: 10 and 6.4 and 60.
    expect(spread(50, all, (i) => i)).toEqual([9, 11])
    expect(spread(32, all, (i) => i)).toEqual([6, 7])
    const [least, most] = spread(300, all, (i) => i)
    expect([least >= 58, most <= 62]).toEqual([true, true])
  })

  test('shares them out by chance among proxies that are named', () => {
    const [least, most] = spread(50, specs(100), (i) => `gateway-${i}`)
    // A fifth of fifty draws: 10, and four standard deviations of 2.8.
    expect(least).toBeLessThan(9)
    expect(most).toBeGreaterThan(11)
    expect(most).toBeLessThan(22)
  })

  test('changes few connections when an endpoint comes or goes, and one of a proxy at most', () => {
    const all = specs(100)
    const before = Array.from({ length: 50 }, (_, instance) => new Set(used(all, { instance, size: 20 })))
    for (let gone = 0; gone < 100; gone++) {
      const rest = all.toSpliced(gone, 1)
      let changed = 0
      for (const [instance, had] of before.entries()) {
        const fresh = used(rest, { instance, size: 20 }).filter((id) => !had.has(id)).length
        expect(fresh).toBeLessThanOrEqual(1)
        changed += fresh
      }
      // Of a thousand connections: ten proxies must change, for they have lost theirs.
      expect(changed).toBeGreaterThanOrEqual(9)
      expect(changed).toBeLessThanOrEqual(35)
    }
  })

  test('changes two endpoints of a proxy at most, whatever the numbers', () => {
    const small = fc.integer({ min: 1, max: 60 })
    const instance = fc.oneof(fc.nat(1_000), fc.string({ minLength: 1 }))
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 80 }), small, instance, fc.nat(79), (count, size, name, at) => {
        const all = specs(count)
        const had = used(all, { instance: name, size })
        const now = used(all.toSpliced(at % count, 1), { instance: name, size })
        expect(new Set(now).size).toBe(Math.min(size, count - 1))
        expect(now.filter((id) => !had.includes(id)).length).toBeLessThanOrEqual(2)
      }),
    )
  })

  test('takes so many of each tier, zone and set of labels, as far as the pool tells them apart', () => {
    const all = specs(200, (i) => ({
      priority: i % 10 === 0 ? 1 : 0,
      zone: i % 4 === 0 ? 'a' : 'b',
      // The order in which they are named is of no account.
      labels: i >= 195 ? { version: 'v2', x: '1' } : i >= 190 ? { x: '1', version: 'v2' } : { version: 'v1' },
    }))
    const kindsOf = (kinds: Kinds) =>
      Map.groupBy(withinAperture(all, apertureSettings({ instance: 1, size: 5 }), kinds), (it) =>
        [it.priority, kinds.byZone ? it.zone : '', kinds.byLabels ? it.labels.version : ''].join(' ').trim(),
      )
    const sizes = (kinds: Kinds) =>
      Object.fromEntries([...kindsOf(kinds)].map(([kind, members]) => [kind, members.length]))
    expect(sizes(ALIKE)).toEqual({ 0: 5, 1: 5 })
    expect(sizes({ byZone: true, byLabels: false })).toEqual({ '0 a': 5, '0 b': 5, '1 a': 5, '1 b': 5 })
    expect(sizes({ byZone: false, byLabels: true })).toEqual({
      '0  v1': 5,
      '0  v2': 5,
      '1  v1': 5,
      '1  v2': 1,
    })
  })

  test('says what the endpoints stand for: all of their kind', () => {
    const all = specs(40, (i) => ({ weight: i % 2 === 0 ? 1 : 3, priority: i < 30 ? 0 : 1 }))
    const taken = withinAperture(all, apertureSettings({ instance: 1, size: 6 }), ALIKE)
    const total = (priority: number) =>
      taken.filter((it) => it.priority === priority).reduce((sum, it) => sum + it.weight * it.standsFor, 0)
    expect([total(0), total(1)]).toEqual([expect.closeTo(60, 9), expect.closeTo(20, 9)])
    expect(withinAperture(all, apertureSettings({ instance: 1, size: 30 }), ALIKE)[0]!.standsFor).toBe(1)
  })
})

describe('apertureSettings', () => {
  test.each([
    [0, 0],
    [1, 0.5],
    [2, 0.25],
    [3, 0.75],
    [6, 0.375],
    [0xffff_ffff, 1 - 2 ** -32],
  ])('place number %d at %d', (instance, place) => {
    expect(apertureSettings({ instance })).toEqual({ size: 20, place })
  })

  test.each<[ApertureOptions, string]>([
    [{} as never, 'pool.aperture: "instance" must be a number, or a name that is not empty, got undefined'],
    [{ instance: '' }, '"instance"'],
    [{ instance: -1 }, '"instance" must be a whole number from 0 to 4294967295, got -1'],
    [{ instance: Number.NaN }, '"instance"'],
    [{ instance: 1, size: 0 }, '"size" must be a whole number of at least 1, got 0'],
    [{ instance: 1, seize: 5 } as never, 'did you mean "size"?'],
  ])('refuse %j', (options, message) => {
    expect(() => apertureSettings(options)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', message: expect.stringContaining(message) }),
    )
  })
})
