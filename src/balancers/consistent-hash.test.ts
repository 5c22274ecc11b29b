import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { endpoint, type TestEndpoint } from '../testing/endpoint.ts'
import { exchange } from '../testing/exchange.ts'
import { consistentHash } from './consistent-hash.ts'

const KEYS = Array.from({ length: 5000 }, (_, i) => exchange({ client: `10.1.${i >> 8}.${i & 255}` }))
const noChance = (): never => expect.unreachable()

function owners(candidates: readonly TestEndpoint[]): string[] {
  const balancer = consistentHash()
  return KEYS.map((key) => balancer(candidates, key, noChance).id)
}

describe('consistentHash', () => {
  test('gives shares by weight, roughly', () => {
    const weights = [1, 2, 3, 4]
    const found = owners(weights.map((weight) => endpoint({ id: `http://10.0.0.${weight}:80`, weight })))
    for (const weight of weights) {
      const share = found.filter((id) => id === `http://10.0.0.${weight}:80`).length
      expect(Math.abs(share - weight * 500) / (weight * 500)).toBeLessThan(0.25)
    }
  })

  test('gives more even shares with more virtual nodes', () => {
    const all = Array.from({ length: 10 }, (_, i) => endpoint({ id: `e${i}` }))
    const balancer = consistentHash({ virtualNodes: 5000 })
    const found = KEYS.map((key) => balancer(all, key, noChance).id)
    for (const { id } of all) expect(Math.abs(found.filter((it) => it === id).length - 500)).toBeLessThan(90)
  })

  test('moves only the keys of an endpoint that leaves', () => {
    const all = [1, 2, 1, 5, 0.3].map((weight, i) => endpoint({ id: `e${i}`, weight }))
    const before = owners(all)
    for (const gone of all) {
      const after = owners(all.filter((it) => it !== gone))
      for (const [i, id] of before.entries()) if (id !== gone.id) expect(after[i]).toBe(id)
    }
  })

  test('does not depend on the order of the candidates', () => {
    const all = [1, 2, 3].map((weight) => endpoint({ id: `e${weight}`, weight }))
    expect(owners([...all].reverse())).toEqual(owners(all))
  })

  test('loads no endpoint past its bound, however popular a key is', () => {
    const weights = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 2, maxLength: 8 })
    const factor = fc.double({ min: 1.01, max: 3, noNaN: true })
    fc.assert(
      fc.property(weights, factor, (list, loadFactor) => {
        const candidates = list.map((weight, i) => endpoint({ id: `e${i}`, weight }))
        const total = list.reduce((sum, weight) => sum + weight, 0)
        const balancer = consistentHash({ loadFactor })
        for (let sent = 1; sent <= 100; sent++) {
          // Two of three requests have the same key.
          const picked = balancer(candidates, KEYS[sent % 3 === 0 ? sent : 0]!, noChance) as TestEndpoint
          picked.inFlight++
          expect(picked.inFlight).toBeLessThanOrEqual(Math.ceil((loadFactor * sent * picked.weight) / total))
        }
      }),
    )
  })

  test('keeps a key where it is as long as there is room', () => {
    const candidates = ['a', 'b', 'c', 'd'].map((id) => endpoint({ id, inFlight: 4 }))
    const balancer = consistentHash()
    const idle = owners(['a', 'b', 'c', 'd'].map((id) => endpoint({ id })))
    // 1.25 * 17 / 4 is more than 5.
    expect(KEYS.map((key) => balancer(candidates, key, noChance).id)).toEqual(idle)
  })

  test('sends what spills over from one endpoint to the same other one', () => {
    const candidates = ['a', 'b', 'c', 'd'].map((id) => endpoint({ id }))
    const balancer = consistentHash()
    const owner = balancer(candidates, KEYS[0]!, noChance) as TestEndpoint
    owner.inFlight = 10
    const spilled = Array.from({ length: 5 }, () => balancer(candidates, KEYS[0]!, noChance))
    expect(spilled[0]).not.toBe(owner)
    expect(new Set(spilled).size).toBe(1)
    // It is the one that the key would have had without the busy one.
    expect(spilled[0]).toBe(
      balancer(
        candidates.filter((it) => it !== owner),
        KEYS[0]!,
        noChance,
      ),
    )
  })

  test('sets no bound when loadFactor is Infinity', () => {
    const candidates = ['a', 'b'].map((id) => endpoint({ id }))
    const balancer = consistentHash({ loadFactor: Number.POSITIVE_INFINITY })
    const owner = balancer(candidates, KEYS[0]!, noChance) as TestEndpoint
    owner.inFlight = 1000
    expect(balancer(candidates, KEYS[0]!, noChance)).toBe(owner)
  })

  test('scales huge weights down together', () => {
    const found = owners([1e6, 3e6].map((weight) => endpoint({ id: `e${weight}`, weight })))
    expect(Math.abs(found.filter((id) => id === 'e1000000').length - 1250)).toBeLessThan(200)
  })

  test.each([
    [{ loadFactor: 1 }, 'loadFactor'],
    [{ loadFactor: Number.NaN }, 'loadFactor'],
    [{ loadFactor: '2' }, 'loadFactor'],
    [{ virtualNodes: 0 }, 'virtualNodes'],
    [{ virtualNodes: 1.5 }, 'virtualNodes'],
    [{ replicas: 5 }, 'replicas'],
    [{ key: { query: 'x' } }, 'key'],
  ])('refuses %j', (options, option) => {
    expect(() => consistentHash(options as never)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', option }),
    )
  })
})
