import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { endpoint } from '../testing/endpoint.ts'
import { exchange } from '../testing/exchange.ts'
import { seededRandom } from '../testing/seeded-random.ts'
import { weightedRoundRobin } from './weighted-round-robin.ts'

const weighted = (weights: readonly number[]) =>
  weights.map((weight, i) => endpoint({ id: String.fromCharCode(97 + i), weight }))

function turns(weights: readonly number[], count: number, random = () => 0): string {
  const candidates = weighted(weights)
  const balancer = weightedRoundRobin()
  return Array.from({ length: count }, () => balancer(candidates, exchange(), random).id).join('')
}

describe('weightedRoundRobin', () => {
  test("has the order of nginx's example", () => {
    expect(turns([5, 1, 1], 14)).toBe('aabacaaaabacaa')
  })

  test('takes plain turns among equals', () => {
    expect(turns([2, 2, 2], 7)).toBe('abcabca')
  })

  test('gives each endpoint exactly its turns in a round, wherever it began', () => {
    const weights = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(weights, fc.integer(), (list, seed) => {
        const round = list.reduce((sum, weight) => sum + weight, 0)
        const order = turns(list, 3 * round, seededRandom(seed))
        for (const [i, weight] of list.entries()) {
          expect(order.split(String.fromCharCode(97 + i)).length - 1).toBe(3 * weight)
        }
      }),
    )
  })

  test('honours fractions of a weight', () => {
    const order = turns([0.5, 1.5], 400)
    expect(order.split('a').length - 1).toBe(100)
  })

  test('draws the first turn of a snapshot by weight', () => {
    const endpoints = weighted([7, 2, 1])
    const balancer = weightedRoundRobin()
    const random = seededRandom(1)
    let heaviest = 0
    for (let i = 0; i < 2000; i++) {
      if (balancer([...endpoints], exchange(), random) === endpoints[0]) heaviest++
    }
    expect(Math.abs(heaviest - 1400)).toBeLessThan(100)
  })
})
