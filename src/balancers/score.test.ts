import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Balancer } from '../core/balancer.ts'
import { endpoint, exchange, seededRandom } from '../testing/index.ts'
import {
  consistentHash,
  leastConnections,
  leastResponseTime,
  maglev,
  powerOfTwoChoices,
  random,
  rendezvous,
  roundRobin,
  weightedRoundRobin,
} from './index.ts'

const pools = fc.array(
  fc.record({
    weight: fc.constantFrom(0.5, 1, 2, 7),
    inFlight: fc.nat(20),
    responseTimeMs: fc.double({ min: 0, max: 1_000, noNaN: true }),
  }),
  { minLength: 1, maxLength: 12 },
)

describe('the score', () => {
  test.each<[string, Balancer]>([
    ['leastConnections', leastConnections()],
    ['leastResponseTime', leastResponseTime()],
    ['rendezvous', rendezvous({ key: 'path' })],
  ])('of %s is the figure that it goes by: it takes the lowest', (_, balancer) => {
    fc.assert(
      fc.property(pools, fc.nat(), fc.nat(1_000), (members, seed, key) => {
        const candidates = members.map((it, i) => endpoint({ id: `http://u${i}`, ...it }))
        const at = exchange({ url: `/${key}` })
        const scores = candidates.map((it) => balancer.score!(it, candidates, at)!)
        const chosen = balancer(candidates, at, seededRandom(seed))
        expect(scores[candidates.indexOf(chosen)]).toBe(Math.min(...scores))
      }),
    )
  })

  test('of powerOfTwoChoices decides between the two that were drawn', () => {
    fc.assert(
      fc.property(pools, fc.nat(), (members, seed) => {
        const candidates = members.map((it, i) => endpoint({ id: `http://u${i}`, ...it }))
        const at = exchange()
        const balancer = powerOfTwoChoices()
        const scores = candidates.map((it) => balancer.score!(it, candidates, at)!)
        const chosen = balancer(candidates, at, seededRandom(seed))
        // Whichever two they were: it is never the worst of all, where that is one alone.
        const worst = Math.max(...scores)
        if (scores.length === 1 || scores.filter((it) => it === worst).length > 1) return
        expect(scores[candidates.indexOf(chosen)]).toBeLessThan(worst)
      }),
    )
  })

  test('is not there where the choice goes by no figure of each endpoint', () => {
    for (const balancer of [random(), roundRobin(), weightedRoundRobin(), maglev(), consistentHash()])
      expect(balancer.score).toBeUndefined()
  })
})
