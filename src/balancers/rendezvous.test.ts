import { describe, expect, test } from 'vitest'
import { endpoint, type TestEndpoint } from '../testing/endpoint.ts'
import { exchange } from '../testing/exchange.ts'
import { rendezvous } from './rendezvous.ts'

const KEYS = Array.from({ length: 5000 }, (_, i) => exchange({ client: `10.1.${i >> 8}.${i & 255}` }))
const noChance = (): never => expect.unreachable()

function owners(candidates: readonly TestEndpoint[]): string[] {
  const balancer = rendezvous()
  return KEYS.map((key) => balancer(candidates, key, noChance).id)
}

describe('rendezvous', () => {
  test('gives shares by weight', () => {
    const weights = [1, 2, 3, 4]
    const found = owners(weights.map((weight) => endpoint({ id: `http://10.0.0.${weight}:80`, weight })))
    for (const weight of weights) {
      const share = found.filter((id) => id === `http://10.0.0.${weight}:80`).length
      expect(Math.abs(share - weight * 500)).toBeLessThan(120)
    }
  })

  test('moves only the keys of an endpoint that leaves', () => {
    const all = [1, 2, 1, 5, 1].map((weight, i) => endpoint({ id: `e${i}`, weight }))
    const before = owners(all)
    for (const gone of all) {
      const after = owners(all.filter((it) => it !== gone))
      for (const [i, id] of before.entries()) if (id !== gone.id) expect(after[i]).toBe(id)
    }
  })

  test('moves keys only to an endpoint whose weight grows', () => {
    const before = owners([1, 1, 1].map((weight, i) => endpoint({ id: `e${i}`, weight })))
    const after = owners([1, 2, 1].map((weight, i) => endpoint({ id: `e${i}`, weight })))
    expect(after).not.toEqual(before)
    for (const [i, id] of after.entries()) if (id !== before[i]) expect(id).toBe('e1')
  })

  test('does not depend on the order of the candidates', () => {
    const all = [1, 2, 3].map((weight) => endpoint({ id: `e${weight}`, weight }))
    expect(owners([...all].reverse())).toEqual(owners(all))
  })

  test('refuses unknown options', () => {
    expect(() => rendezvous({ keys: 'path' } as never)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', option: 'keys' }),
    )
  })
})
