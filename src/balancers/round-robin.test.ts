import { describe, expect, test } from 'vitest'
import { endpoint } from '../testing/endpoint.ts'
import { exchange } from '../testing/exchange.ts'
import { seededRandom } from '../testing/seeded-random.ts'
import { roundRobin } from './round-robin.ts'

function turns(weights: readonly number[], count: number, random: () => number): string {
  const candidates = weights.map((weight, i) => endpoint({ id: String.fromCharCode(97 + i), weight }))
  const balancer = roundRobin()
  return Array.from({ length: count }, () => balancer(candidates, exchange(), random).id).join('')
}

describe('roundRobin', () => {
  test('takes turns from a random endpoint on', () => {
    expect(turns([1, 1, 1], 7, () => 0)).toBe('abcabca')
    expect(turns([1, 1, 1], 7, () => 0.99)).toBe('cabcabc')
    expect(turns([4, 4], 4, () => 0.5)).toBe('baba')
  })

  test('begins at each endpoint equally often', () => {
    const random = seededRandom(2)
    const begun = { a: 0, b: 0, c: 0 }
    for (let i = 0; i < 3000; i++) begun[turns([1, 1, 1], 1, random) as 'a' | 'b' | 'c']++
    for (const count of Object.values(begun)) expect(Math.abs(count - 1000)).toBeLessThan(120)
  })

  test('honours unequal weights, evenly spread', () => {
    expect(turns([5, 1, 1], 7, () => 0)).toBe('aabacaa')
  })
})
