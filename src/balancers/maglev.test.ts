import { describe, expect, test } from 'vitest'
import { endpoint, type TestEndpoint } from '../testing/endpoint.ts'
import { exchange } from '../testing/exchange.ts'
import { type MaglevOptions, maglev } from './maglev.ts'

const KEYS = Array.from({ length: 5000 }, (_, i) => exchange({ client: `10.1.${i >> 8}.${i & 255}` }))
const noChance = (): never => expect.unreachable()

function owners(candidates: readonly TestEndpoint[], options?: MaglevOptions): string[] {
  const balancer = maglev(options)
  return KEYS.map((key) => balancer(candidates, key, noChance).id)
}

describe('maglev', () => {
  test('gives equal shares to equals', () => {
    const all = Array.from({ length: 10 }, (_, i) => endpoint({ id: `http://10.0.0.${i}:80` }))
    const found = owners(all)
    for (const { id } of all) expect(Math.abs(found.filter((it) => it === id).length - 500)).toBeLessThan(100)
  })

  test('gives shares by weight', () => {
    const weights = [1, 2, 3, 4]
    const found = owners(weights.map((weight) => endpoint({ id: `e${weight}`, weight })))
    for (const weight of weights) {
      expect(Math.abs(found.filter((id) => id === `e${weight}`).length - weight * 500)).toBeLessThan(120)
    }
  })

  test('moves few keys besides those of an endpoint that leaves', () => {
    const all = Array.from({ length: 10 }, (_, i) => endpoint({ id: `e${i}` }))
    const before = owners(all)
    const gone = all[3]!
    const after = owners(all.filter((it) => it !== gone))
    const kept = before.filter((id) => id !== gone.id).length
    const moved = before.filter((id, i) => id !== gone.id && after[i] !== id).length
    expect(moved / kept).toBeLessThan(0.06)
  })

  test('does not depend on the order of the candidates', () => {
    const all = [1, 2, 3, 1, 2, 3].map((weight, i) => endpoint({ id: `e${i}`, weight }))
    // In a small table the claims collide often, and it is collisions that the order decides.
    const options = { tableSize: 101 }
    expect(owners([...all].reverse(), options)).toEqual(owners(all, options))
  })

  test('gives each candidate a slot, in a table that is too small too', () => {
    const all = Array.from({ length: 30 }, (_, i) => endpoint({ id: `e${i}`, weight: i === 0 ? 1e6 : 1e-6 }))
    expect(new Set(owners(all, { tableSize: 7 })).size).toBe(30)
    expect(new Set(owners(all, { tableSize: 101 })).size).toBe(30)
  })

  test.each([
    [{ tableSize: 65_536 }, 'tableSize', 'a prime'],
    [{ tableSize: 1 }, 'tableSize', 'a whole number'],
    [{ tableSize: 10.5 }, 'tableSize', 'a whole number'],
    [{ size: 7 }, 'size', 'tableSize'],
    [{ key: 'ip' }, 'key', 'client-address'],
  ])('refuses %j', (options, option, message) => {
    expect(() => maglev(options as never)).toThrow(
      expect.objectContaining({
        code: 'ERR_OPTION_INVALID',
        option,
        message: expect.stringContaining(message),
      }),
    )
  })
})
