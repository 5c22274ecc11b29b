import { expect, test } from 'vitest'
import { endpoint } from '../testing/endpoint.ts'
import { exchange } from '../testing/exchange.ts'
import { seededRandom } from '../testing/seeded-random.ts'
import { random } from './random.ts'

test('random picks in proportion to the weights', () => {
  const candidates = [
    endpoint({ id: 'a', weight: 7 }),
    endpoint({ id: 'b', weight: 2 }),
    endpoint({ id: 'c' }),
  ]
  const balancer = random()
  const chance = seededRandom(1)
  const counts = { a: 0, b: 0, c: 0 }
  for (let i = 0; i < 10_000; i++) counts[balancer(candidates, exchange(), chance).id as 'a' | 'b' | 'c']++
  expect(Math.abs(counts.a - 7000)).toBeLessThan(200)
  expect(Math.abs(counts.b - 2000)).toBeLessThan(200)
  expect(Math.abs(counts.c - 1000)).toBeLessThan(200)
})
