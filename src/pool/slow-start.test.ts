import { describe, expect, test } from 'vitest'
import { roundRobin } from '../balancers/round-robin.ts'
import type { Balancer, Candidates } from '../core/balancer.ts'
import { proxy } from '../proxy/proxy.ts'
import { fault, type Simulation, simulate } from '../testing/index.ts'
import { type Pool, pool } from './pool.ts'
import { rampedShare } from './slow-start.ts'

const URLS = ['http://u1', 'http://u2', 'http://u3', 'http://u4']

describe('rampedShare', () => {
  test.each([
    [0, 1, 0.1],
    [0.05, 1, 0.1],
    [0.5, 1, 0.5],
    [1, 1, 1],
    [2, 1, 1],
    [0.25, 2, 0.5],
    [0.5, 0.5, 0.25],
    [0.01, 2, 0.1],
  ])('after %d with aggression %d is %d', (part, aggression, expected) => {
    expect(rampedShare(part, aggression)).toBeCloseTo(expected, 12)
  })
})

/** Takes turns, and notes what it was given. */
function watching(onPick: (candidates: Candidates) => void): Balancer {
  const turns = roundRobin()
  return (candidates, exchange, random) => {
    onPick(candidates)
    return turns(candidates, exchange, random)
  }
}

describe('pool.slowStart', () => {
  test('lets the weight of a returned endpoint grow, each time in a snapshot of its own', async () => {
    const snapshots = new Map<Candidates, string>()
    const target = pool([...URLS.slice(1), { url: 'http://u1', weight: 2 }])
      .balance(
        watching((candidates) => {
          if (!snapshots.has(candidates))
            snapshots.set(candidates, candidates.map(({ weight }) => Number(weight.toFixed(2))).join(' '))
        }),
      )
      .eject({ ejectMs: '5s', jitter: 0 })
      .slowStart({ lastsMs: '10s' })
    await using sim = simulate(proxy().route('/', target), { seed: 1 })
    sim.upstream('http://u1').inject(fault.refuse(), { next: 5 })
    await sim.load({ rate: 100, duration: '20s', arrivals: 'constant' })
    const seen = [...snapshots.values()]
    const ramp = Array.from({ length: 17 }, (_, i) => `1 1 1 ${Number(((i + 3) / 10).toFixed(2))}`)
    expect(seen).toEqual(['1 1 1 2', '1 1 1', '1 1 1 0.2', '1 1 1 0.2', '1 1 1 0.2', ...ramp])
    // In the end it is the snapshot of the beginning, for which balancers still have all that they have made.
    expect(seen.at(-1)).toBe('1 1 1 1.9')
    await sim.assertNoLeaks()
  })

  test('begins at the full weight what serves from the start', async () => {
    const weights = new Set<number>()
    const target = pool(URLS)
      .balance(
        watching((candidates) => {
          for (const { weight } of candidates) weights.add(weight)
        }),
      )
      .health({ path: '/healthz' })
      .slowStart({ lastsMs: '10s' })
    await using sim = simulate(proxy().route('/', target), { seed: 1 })
    await sim.load({ rate: 100, duration: '20s' })
    expect([...weights]).toEqual([1])
    await sim.assertNoLeaks()
  })

  test('ends at once for an endpoint that goes again, and with the pool', async () => {
    const withoutOne = new Set<Candidates>()
    const target = pool(URLS)
      .balance(
        watching((candidates) => {
          if (candidates.length === 3) withoutOne.add(candidates)
        }),
      )
      .eject({ ejectMs: '5s', jitter: 0 })
      .slowStart({ lastsMs: '1m' })
    await using sim = simulate(proxy().route('/', target), { seed: 1, keep: 100_000 })
    sim.upstream('http://u1').inject(fault.refuse(), { next: 10 })
    await sim.load({ rate: 100, duration: '12s' })
    expect(sim.journal.lines.filter((line) => line.includes(': ejected for'))).toHaveLength(2)
    await sim.load({ rate: 100, duration: '10s' })
    // One for each time that it was gone: no step was taken meanwhile.
    expect(withoutOne.size).toBe(2)
    // It is back once more, and has not its full weight yet, when all ends.
    await sim.assertNoLeaks()
  })

  test('gives the full weight back to an endpoint that a panic keeps', async () => {
    // Of each snapshot when it was first seen: what balancers make for one, they keep.
    const weights = new Map<Candidates, string>()
    const target = pool(URLS.slice(0, 2), { panicThreshold: 0.9 })
      .balance(
        watching((candidates) => {
          if (!weights.has(candidates))
            weights.set(
              candidates,
              candidates.map(({ id, weight }) => `${id.slice(-2)} ${weight}`).join(', '),
            )
        }),
      )
      .health({ path: '/healthz', intervalMs: '1s', jitter: 0, rise: 1, fall: 1, initial: 'unhealthy' })
      .slowStart({ lastsMs: '1h' })
    await using sim = simulate(proxy().route('/', target), { seed: 1 })
    let ready = true
    sim.upstream('http://u1').on('GET /healthz', () => ({ status: ready ? 200 : 503 }))
    await sim.advance('500ms')
    await sim.get('/')
    ready = false
    await sim.advance('1s')
    await sim.get('/')
    // Both were new, one of them is unhealthy now, and one is less than nine tenths of two.
    expect([...weights.values()]).toEqual(['u1 0.1, u2 0.1', 'u1 1, u2 0.1'])
    await sim.assertNoLeaks()
  })

  /** By how much the queue of an endpoint that returns cold is longer than the longest of the others, at its worst. */
  async function worstQueue(shape: (it: Pool) => Pool): Promise<number> {
    let [cold, others] = [0, 0]
    let sim: Simulation | undefined
    const balancer = watching((candidates) => {
      if (sim === undefined || sim.nowMs < 30_000) return
      for (const { id, inFlight } of candidates) {
        if (id === 'http://u1') cold = Math.max(cold, inFlight)
        else others = Math.max(others, inFlight)
      }
    })
    const target = shape(pool(URLS).balance(balancer)).health({
      path: '/healthz',
      intervalMs: '1s',
      rise: 2,
      fall: 2,
    })
    await using running = simulate(proxy().route('/', target), { seed: 7 })
    sim = running
    for (const it of running.upstreams) {
      it.capacity({ workers: 8, serviceTime: { kind: 'exponential', meanMs: 40 }, queue: 10_000 })
      it.slowStart({ lasts: '20s', factor: 4 })
    }
    running.upstream('http://u1').outage({ after: '30s', lasts: '10s' })
    await running.advance('25s') // By then, all of them are warm.
    await running.load({ rate: 400, duration: '50s' })
    await running.assertNoLeaks()
    return cold / others
  }

  test('keeps an endpoint that returns cold from drowning', { timeout: 120_000 }, async () => {
    const without = await worstQueue((it) => it)
    const withSlowStart = await worstQueue((it) => it.slowStart({ lastsMs: '30s' }))
    expect(without).toBeGreaterThan(2)
    expect(withSlowStart).toBeLessThan(2)
  })
})
