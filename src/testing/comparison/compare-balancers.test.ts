import { describe, expect, it } from 'vitest'
import {
  consistentHash,
  leastConnections,
  leastResponseTime,
  maglev,
  random,
  rendezvous,
  roundRobin,
  weightedRoundRobin,
} from '../../balancers/index.ts'
import { type Balancer, OptionError } from '../../index.ts'
import type { LoadOptions } from '../simulation/load.ts'
import { fault } from '../upstream/fault.ts'
import { type CompareBalancersOptions, compareBalancers } from './compare-balancers.ts'
import type { ComparedEndpoint } from './compared-endpoint.ts'

const urls = (count: number): string[] => Array.from({ length: count }, (_, i) => `http://e${i}`)
/** Four endpoints of 80 requests per second each, used to five eighths. */
const load: LoadOptions = { rate: 200, duration: '5s', request: (number) => `/${number}` }
const seed = 7
const byPath = { key: 'path' } as const

describe('compareBalancers', () => {
  it('gives the same figures for the same seed, and others for another one', async () => {
    const options: CompareBalancersOptions = {
      balancers: { random },
      endpoints: urls(3),
      load: { rate: 100, duration: '3s' },
      seed: 5,
    }
    const [once, again, other] = [
      await compareBalancers(options),
      await compareBalancers(options),
      await compareBalancers({ ...options, seed: 6 }),
    ]
    expect(again).toEqual(once)
    expect(other.random!.latency).not.toEqual(once.random!.latency)
    // Data, and nothing else.
    expect(structuredClone(once)).toEqual(once)
  })

  it('sends the same requests to each balancer', async () => {
    const asked: Record<string, string[]> = { first: [], last: [] }
    const noting =
      (name: string): (() => Balancer) =>
      () =>
      (candidates, { request }) => {
        asked[name]!.push(request.path)
        return candidates.at(name === 'first' ? 0 : -1)!
      }
    const { first, last } = await compareBalancers({
      seed,
      balancers: { first: noting('first'), last: noting('last') },
      endpoints: urls(2),
      load: { rate: 50, duration: '2s', request: (_, chance) => `/${Math.floor(chance() * 1e6)}` },
    })
    expect(asked.first).toEqual(asked.last)
    expect([first.sent, last.sent]).toEqual([first.sent, first.sent])
    expect(first.shares['http://e0']).toEqual({ picks: first.sent, fair: first.sent / 2 })
    expect(last.shares['http://e0']).toEqual({ picks: 0, fair: last.sent / 2 })
    expect(first.largestShare).toBe(2)
  })

  it('shows that a slow endpoint hurts those who take turns, and not those who count', async () => {
    const endpoints = [
      ...urls(3),
      { url: 'http://slow', serviceTime: { kind: 'exponential', meanMs: 500 } } as const,
    ]
    const { roundRobin: turns, leastConnections: counted } = await compareBalancers({
      seed,
      balancers: { roundRobin, leastConnections },
      endpoints,
      load: { ...load, rate: 150 },
    })
    // Of 37 requests per second that its turns give it, it can do 8; what is left waits.
    expect(turns.latency.p99Ms).toBeGreaterThan(5 * counted.latency.p99Ms)
    expect(counted.shares['http://slow']!.picks).toBeLessThan(0.5 * turns.shares['http://slow']!.picks)
  })

  it('gives shares by weight', async () => {
    const endpoints = [1, 2, 7].map(
      (weight): ComparedEndpoint => ({ url: `http://w${weight}`, weight, workers: weight }),
    )
    const found = await compareBalancers({
      seed,
      balancers: { weightedRoundRobin, random },
      endpoints,
      load: { rate: 120, duration: '5s' },
    })
    const { sent, shares, largestShare } = found.weightedRoundRobin
    // Smooth turns are never more than one behind or ahead.
    for (const weight of [1, 2, 7]) {
      const { picks, fair } = shares[`http://w${weight}`]!
      expect(fair).toBeCloseTo((sent * weight) / 10)
      expect(Math.abs(picks - fair)).toBeLessThanOrEqual(1)
    }
    expect(largestShare).toBeLessThan(1.02)
    expect(found.random.largestShare).toBeGreaterThan(largestShare)
  })

  it('counts the keys that move, of balancers that keep them', async () => {
    const found = await compareBalancers({
      seed,
      balancers: {
        consistentHash: () => consistentHash(byPath),
        maglev: () => maglev(byPath),
        rendezvous: () => rendezvous(byPath),
        roundRobin,
        leastConnections,
        modulo: () => (candidates, exchange) =>
          candidates[Number(exchange.request.path.slice(1)) % candidates.length]!,
      },
      endpoints: urls(5),
      load: { ...load, duration: '200ms' },
    })
    for (const name of ['consistentHash', 'rendezvous'] as const) {
      // Each key is on one of the five, and each of the five leaves once.
      expect(found[name].keys!.onLeave.moved).toBeCloseTo(1 / 5, 10)
      expect(found[name].keys!.onLeave.needless).toBe(0)
      expect(found[name].keys!.onJoin.needless).toBe(0)
      expect(found[name].keys!.onJoin.moved).toBeCloseTo(1 / 6, 1)
    }
    expect(found.maglev.keys!.onLeave.needless).toBeGreaterThan(0)
    expect(found.maglev.keys!.onLeave.needless).toBeLessThan(0.05)
    // The remainder modulo 5 is that modulo 6 for five keys of thirty.
    expect(found.modulo.keys!.onJoin.moved).toBeCloseTo(25 / 30, 1)
    expect(found.modulo.keys!.onLeave.needless).toBeGreaterThan(0.5)
    expect([found.roundRobin.keys, found.leastConnections.keys]).toEqual([undefined, undefined])
  })

  it('tells how long it takes until a pause is over for those who come', async () => {
    const found = await compareBalancers({
      seed,
      balancers: { roundRobin, leastConnections },
      endpoints: urls(4),
      load: { ...load, rate: 160, duration: '8s' },
      events: [{ kind: 'pause', at: '2s', lasts: '2s', endpoint: 'http://e1' }],
    })
    const { roundRobin: turns, leastConnections: counted } = found
    // A quarter of those who come wait for the end of it; then the queue takes 2 s * 40 / (80 - 40).
    expect(turns.disturbance!.p99Ms).toBeGreaterThan(1_500)
    expect(turns.disturbance!.recoveryMs).toBeGreaterThan(500)
    expect(turns.disturbance!.recoveryMs).toBeLessThan(4_000)
    expect(counted.disturbance!.recoveryMs).toBe(0)
    expect(counted.disturbance!.p99BeforeMs).toBeLessThan(500)
    expect(turns.seconds.map(({ atMs }) => atMs)).toEqual([0, 1, 2, 3, 4, 5, 6, 7].map((at) => at * 1_000))
    expect(turns.seconds[2]!.p99Ms).toBeGreaterThan(3 * turns.seconds[0]!.p99Ms!)
    expect(turns.seconds.reduce((sum, { count }) => sum + count, 0)).toBe(turns.sent)
  })

  it('lets endpoints join and leave, and counts shares for as long as they are there', async () => {
    const { roundRobin: turns } = await compareBalancers({
      seed,
      balancers: { roundRobin },
      endpoints: urls(2),
      load: { rate: 100, duration: '4s', arrivals: 'constant' },
      events: [
        { kind: 'join', at: '2s', endpoint: { url: 'http://e2', weight: 2, reply: { status: 500 } } },
        { kind: 'leave', at: '3s', endpoint: 'http://e0' },
      ],
    })
    const { shares } = turns
    // 200 for two of weight 1, 100 for 1:1:2, 100 for 1:2.
    expect(Object.values(shares).map(({ fair }) => Math.round(fair))).toEqual([125, 158, 117])
    for (const { picks, fair } of Object.values(shares)) expect(Math.abs(picks - fair)).toBeLessThanOrEqual(3)
    // The newcomer is what it was said to be.
    expect([turns.errorRate, turns.sent]).toEqual([shares['http://e2']!.picks / 400, 400])
  })

  it('shows who is drawn to an endpoint that fails at once', async () => {
    const found = await compareBalancers({
      seed,
      balancers: { roundRobin, leastResponseTime },
      endpoints: [
        ...urls(3),
        { url: 'http://broken', reply: { status: 503 }, serviceTime: { kind: 'constant', ms: 1 } },
      ],
      load,
    })
    expect(found.roundRobin.errorRate).toBeCloseTo(0.25, 2)
    expect(found.leastResponseTime.errorRate).toBeGreaterThan(0.5)
  })

  it('injects faults for a time, and changes service times for a time', async () => {
    const found = await compareBalancers({
      seed,
      balancers: { roundRobin },
      endpoints: ['http://e0', { url: 'http://e1', workers: 100, serviceTime: { kind: 'constant', ms: 10 } }],
      load: { rate: 50, duration: '5s', arrivals: 'constant' },
      events: [
        { kind: 'fault', at: '1s', lasts: '1s', endpoint: 'http://e0', fault: fault.resetBeforeHead() },
        {
          kind: 'service-time',
          at: '3s',
          lasts: '1s',
          endpoint: 'http://e1',
          serviceTime: { kind: 'constant', ms: 900 },
        },
      ],
    })
    const { seconds, errorRate } = found.roundRobin
    // Who comes at the very moment of a change may meet it or not.
    expect(seconds.map((it) => Math.round(10 * it.errorRate))).toEqual([0, 5, 0, 0, 0])
    expect(errorRate).toBeCloseTo(0.1, 1)
    expect(seconds.map((it) => it.p99Ms! >= 900)).toEqual([false, false, false, true, false])
  })

  it('lets an endpoint crash, for a time or for good', async () => {
    const options: CompareBalancersOptions = {
      balancers: { roundRobin },
      endpoints: urls(2),
      load: { rate: 50, duration: '4s', arrivals: 'constant' },
      seed,
    }
    const crash = { kind: 'outage', at: '1s', endpoint: 'http://e1' } as const
    const forATime = await compareBalancers({ ...options, events: [{ ...crash, lasts: '1s' }] })
    const forGood = await compareBalancers({ ...options, events: [crash] })
    const errors = (of: typeof forGood): number[] =>
      of.roundRobin!.seconds.map(({ errorRate }) => Math.round(10 * errorRate))
    expect([errors(forATime), errors(forGood)]).toEqual([
      [0, 5, 0, 0],
      [0, 5, 5, 5],
    ])
    expect(forATime.roundRobin!.disturbance!.recoveryMs).toBe(0)
    expect(forGood.roundRobin!.disturbance!.recoveryMs).toBeUndefined()
  })

  it('lets several proxies share the endpoints, none of which sees what the others do', async () => {
    // About fifty are in flight in all, hence about five for each of ten proxies.
    const seen: number[] = []
    const balancers: Balancer[] = []
    const make = (): Balancer => {
      const balancer: Balancer = (candidates) => {
        seen.push(candidates[0]!.inFlight)
        balancers.push(balancer)
        return candidates[0]!
      }
      return balancer
    }
    const options: CompareBalancersOptions = {
      balancers: { make },
      endpoints: [{ url: 'http://a', workers: 100, serviceTime: { kind: 'constant', ms: 1_000 } }],
      load: { rate: 50, duration: '2s' },
      seed,
    }
    await compareBalancers({ ...options, proxies: 10 })
    const shared = Math.max(...seen)
    expect(new Set(balancers).size).toBe(10)
    seen.length = 0
    await compareBalancers(options)
    expect(Math.max(...seen)).toBeGreaterThan(3 * shared)
  })

  it('takes the rest of the pool, and a script', async () => {
    const names: string[] = []
    const { roundRobin: turns } = await compareBalancers({
      seed,
      balancers: { roundRobin },
      endpoints: urls(1),
      load: { rate: 10, duration: '1s' },
      pool: (it) =>
        it.use((exchange, next) => {
          names.push(exchange.request.path)
          return next(exchange)
        }),
      script: (sim) => {
        sim.upstream('http://e0').reply({ status: 500 })
      },
    })
    expect([names.length, turns.errorRate]).toEqual([turns.sent, 1])
    expect(turns.keys).toBeUndefined()
  })

  it.each<[string, Partial<Record<keyof CompareBalancersOptions, unknown>>, string]>([
    ['no balancer', { balancers: {} }, 'balancers'],
    ['what makes none', { balancers: { a: 1 } }, 'balancers.a'],
    ['an empty pool', { endpoints: [] }, 'endpoints'],
    ['the same endpoint twice', { endpoints: ['http://a', 'http://a:80'] }, 'endpoints'],
    ['an address that is none', { endpoints: ['a'] }, 'url'],
    ['no workers', { endpoints: [{ url: 'http://a', workers: 0 }] }, 'workers'],
    ['a load that is none', { load: { rate: 0, duration: 1 } }, 'rate'],
    ['an unknown option', { loads: 1 } as object, 'loads'],
    ['an unknown event', { events: [{ kind: 'nap', at: 0, endpoint: 'http://a' }] }, 'events'],
    [
      'an event elsewhere',
      { events: [{ kind: 'leave', at: 0, endpoint: 'http://b' }] },
      'events (leave): endpoint',
    ],
    [
      'a newcomer that is there',
      { events: [{ kind: 'join', at: 0, endpoint: 'http://a' }] },
      'events (join): endpoint',
    ],
    ['the last one leaving', { events: [{ kind: 'leave', at: 0, endpoint: 'http://a' }] }, 'events'],
    ['a pause without an end', { events: [{ kind: 'pause', at: 0, endpoint: 'http://a' }] }, 'lasts'],
    ['a pool that is no function', { pool: 1 }, 'pool'],
    ['a seed that is none', { seed: 0.5 }, 'seed'],
  ])('refuses %s', async (_, wrong, option) => {
    const right = { balancers: { random }, endpoints: ['http://a'], load: { rate: 1, duration: 1 } }
    const given = { ...right, ...wrong } as CompareBalancersOptions
    const error = await compareBalancers(given).catch((it: unknown) => it)
    expect(error).toBeInstanceOf(OptionError)
    expect((error as OptionError).option).toBe(option)
  })
})
