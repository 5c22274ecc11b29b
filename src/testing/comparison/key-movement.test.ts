import { describe, expect, it } from 'vitest'
import { roundRobin } from '../../balancers/index.ts'
import type { Balancer } from '../../index.ts'
import { type LoadOptions, loadPlan } from '../simulation/load.ts'
import { keyMovement, keysOf } from './key-movement.ts'

const members = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ id: `http://e${i}`, weight: 1 }))
/** A balancer that goes by the number in the path. */
const byNumber =
  (choose: (number: number, count: number) => number): (() => Balancer) =>
  () =>
  (candidates, { request }) =>
    candidates[choose(Number(request.path.slice(1)), candidates.length)]!
const movement = (make: () => Balancer, count: number, load: Partial<LoadOptions> = {}) =>
  keyMovement(
    make,
    members(count),
    keysOf(loadPlan({ rate: 1, duration: 1, request: (number) => `/${number}`, ...load }), 1),
    1,
  )

describe('keyMovement', () => {
  it('counts the keys that have another endpoint, and which of them need not', () => {
    const found = movement(
      byNumber((number, count) => number % count),
      2,
    )!
    // One of two leaves: its half of the keys moves, and nothing else can.
    expect(found.onLeave).toEqual({ moved: 0.5, needless: 0 })
    // Of six keys, 0 and 1 stay, 2 and 5 must go to the third, 3 and 4 change places for nothing.
    expect(found.onJoin.moved).toBeCloseTo(4 / 6, 2)
    expect(found.onJoin.needless).toBeCloseTo(2 / 6, 2)
  })

  it('follows each key once, however popular', () => {
    const seen: string[] = []
    const byPath =
      (): Balancer =>
      (candidates, { request, client }) => {
        seen.push(`${client.address} ${request.path}`)
        return candidates[request.path === '/0' ? 1 : 0]!
      }
    const found = movement(byPath, 4, { request: (number) => `/${number % 3}`, clients: 2 })!
    expect(new Set(seen).size).toBe(6)
    expect(seen.slice(0, 6)).toEqual([...new Set(seen)])
    // Only two of the four have keys. When the first one leaves, the others' places change too.
    expect(found.onLeave.moved).toBeCloseTo((1 + 1 / 3) / 4, 12)
    expect(found.onLeave.needless).toBeCloseTo(1 / 3 / 4, 12)
  })

  it('does not take turns for keys that are kept, where a round is over just then', () => {
    expect(movement(roundRobin, 2)).toBeUndefined()
    expect(movement(roundRobin, 10)).toBeUndefined()
  })

  it('does not take for kept what has one endpoint for all', () => {
    expect(
      movement(
        byNumber(() => 0),
        3,
      ),
    ).toBeUndefined()
  })

  it('has nothing to say of one endpoint', () => {
    expect(
      movement(
        byNumber(() => 0),
        1,
      ),
    ).toBeUndefined()
  })
})
