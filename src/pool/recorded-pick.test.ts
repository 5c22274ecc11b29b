import { describe, expect, test } from 'vitest'
import type { Balancer } from '../core/balancer.ts'
import type { DecisionRecord } from '../core/decision-record.ts'
import { ProxyError } from '../core/errors.ts'
import type { Filter } from '../core/handler.ts'
import { proxy } from '../proxy/proxy.ts'
import { exchange, fault, simulate } from '../testing/index.ts'
import { pool } from './pool.ts'

const inOrder: Balancer = (candidates) => candidates[0]!
const URLS = ['http://u1', 'http://u2', 'http://u3']

function reasons({ picks }: DecisionRecord): string[] {
  return picks.at(-1)!.leftOut.map(({ id, reason, detail }) => [id, reason, detail].join(' ').trim())
}

describe('the record of a pick', () => {
  test('has what the balancer saw of each candidate, before the lease is taken', async () => {
    const users = pool([
      { url: 'http://u1', id: 'one', weight: 3, zone: 'a' },
      { url: 'http://u2', id: 'two' },
    ])
    await using sim = simulate(proxy().route('/', users.leastConnections()), { seed: 1 })
    sim.upstream('http://u1').reply({ delayMs: 40 })
    sim.upstream('http://u2').reply({ delayMs: 10 })
    await sim.get('/')
    await sim.get('/')
    const [, , third] = await sim.until(Promise.all([sim.get('/'), sim.get('/'), sim.get('/')]))
    const [pick] = third.exchange!.decision.picks
    expect(pick).toMatchObject({ number: 1, kind: 'first', balancer: 'leastConnections', chosen: 'one' })
    // Two more requests came before it, at the same time: one for each.
    expect(pick!.candidates).toEqual([
      {
        id: 'one',
        weight: 3,
        zone: 'a',
        inFlight: 1,
        responseTimeMs: expect.closeTo(40, 0),
        health: 'unknown',
        score: 1 / 3,
      },
      {
        id: 'two',
        weight: 1,
        zone: undefined,
        inFlight: 1,
        responseTimeMs: expect.any(Number),
        health: 'unknown',
        score: 1,
      },
    ])
    await sim.assertNoLeaks()
  })

  // Without a kit that records everything.
  test.each([
    ['nobody looks at them', false, 0],
    ['someone else does', true, 1],
  ])('has candidates, or costs nothing for them, where %s', async (_, looks, count) => {
    const records: DecisionRecord[] = []
    const note: Filter = (exchange, next) => {
      records.push(exchange.recordWithoutCandidates())
      if (looks) exchange.record()
      return next(exchange)
    }
    const handler = proxy()
      .use(note)
      .route('/', pool(['http://127.0.0.1:9'], { name: 'users' }).leastConnections())
      .handler()
    expect((await handler(exchange())).status).toBe(502)
    const { picks, attempts } = records[0]!
    expect(picks).toMatchObject([
      { number: 1, pool: 'users', balancer: 'leastConnections', chosen: 'http://127.0.0.1:9' },
    ])
    expect(attempts).toMatchObject([{ pick: 1, error: 'upstream_refused' }])
    expect([picks[0]!.candidates.length, picks[0]!.candidateCount]).toEqual([count, count])
  })

  test('says of each other endpoint why it was no candidate', async () => {
    const users = pool(URLS, { panicThreshold: 0 })
      .balance(inOrder)
      .health({ path: '/healthz', intervalMs: '1s', fall: 1, initial: 'unhealthy' })
      .eject({ consecutiveErrors: 1, ejectMs: '10s', jitter: 0, maxEjected: 1 })
      .retry({ attempts: 2, budget: Number.POSITIVE_INFINITY })
    await using sim = simulate(proxy().route('/', users), { seed: 1 })
    sim.upstream('http://u3').pause()
    await sim.settle()
    await sim.advance('1s')
    const cold = (await sim.get('/')).exchange!.decision
    expect(reasons(cold)).toEqual(['http://u3 not probed yet'])
    sim.upstream('http://u1').inject(fault.resetBeforeHead(), { next: 2, match: 'GET /' }) // on a kept connection, and on a new one
    const retried = (await sim.get('/')).exchange!.decision
    // The failure ejects it before the next pick.
    expect(retried.picks.map(({ chosen }) => chosen)).toEqual(['http://u1', 'http://u2'])
    expect(reasons(retried)).toEqual(['http://u1 ejected 1 errors in a row', 'http://u3 not probed yet'])
    const [out] = retried.picks[1]!.leftOut
    expect(out!.untilMs).toBe(retried.attempts[0]!.endedAtMs! + 10_000)
    sim.upstream('http://u2').inject(fault.resetBeforeHead(), { match: 'GET /healthz' })
    await sim.advance('12s') // the ejection is over; to no probe of the third one was there an answer
    const last = (await sim.get('/')).exchange!.decision
    expect(last.picks[0]!.chosen).toBe('http://u1')
    expect(reasons(last)).toEqual(['http://u2 unhealthy', 'http://u3 unhealthy'])
    await sim.assertNoLeaks()
  })

  test('says of an endpoint that it was tried', async () => {
    await using sim = simulate(proxy().route('/', pool(URLS).balance(inOrder).retry({ attempts: 3 })))
    for (const url of ['http://u1', 'http://u2']) sim.upstream(url).inject(fault.refuse())
    const { decision } = (await sim.get('/')).exchange!
    expect(decision.picks.map(({ leftOut }) => leftOut.map(({ id, reason }) => `${id} ${reason}`))).toEqual([
      [],
      ['http://u1 already tried'],
      ['http://u1 already tried', 'http://u2 already tried'],
    ])
    await sim.assertNoLeaks()
  })

  test('says that endpoints are candidates in a panic', async () => {
    const users = pool(URLS).balance(inOrder).health({ path: '/healthz', intervalMs: '1s', fall: 1 })
    await using sim = simulate(proxy().route('/', users), { seed: 1 })
    for (const upstream of sim.upstreams) upstream.on('GET /healthz', { status: 503 })
    const calm = (await sim.get('/')).exchange!.decision.picks[0]!
    expect(calm.panic).toBe(false)
    await sim.advance('3s')
    const [pick] = (await sim.get('/')).exchange!.decision.picks
    expect(pick).toMatchObject({ panic: true, candidateCount: 3, leftOutCount: 0 })
    expect(pick!.candidates.map(({ health }) => health)).toEqual(['unhealthy', 'unhealthy', 'unhealthy'])
    await sim.assertNoLeaks()
  })

  test('shows 64 of many, the chosen one among them, and counts them all', async () => {
    const urls = Array.from({ length: 200 }, (_, i) => `http://u${i}`)
    const last: Balancer = (candidates) => candidates.at(-1)!
    const users = pool(urls).balance(last).retry({ attempts: 2 })
    await using sim = simulate(proxy().route('/', users), { seed: 1 })
    sim.upstream('http://u199').inject(fault.refuse())
    const { picks } = (await sim.get('/')).exchange!.decision
    expect(picks.map(({ chosen, candidates }) => [chosen, candidates.length])).toEqual([
      ['http://u199', 64],
      ['http://u198', 64],
    ])
    for (const { chosen, candidates } of picks) expect(candidates.map(({ id }) => id)).toContain(chosen)
    expect(picks.map(({ candidateCount, leftOutCount }) => [candidateCount, leftOutCount])).toEqual([
      [200, 0],
      [199, 1],
    ])
    await sim.assertNoLeaks()

    const down = pool(urls).balance(inOrder).health({ path: '/', initial: 'unhealthy', intervalMs: '1h' })
    await using cold = simulate(proxy().route('/', down), { seed: 1 })
    for (const upstream of cold.upstreams) upstream.pause()
    const [none] = (await cold.get('/')).exchange!.decision.picks
    expect(none).toMatchObject({ chosen: undefined, candidateCount: 0, leftOutCount: 200 })
    expect(none!.leftOut).toHaveLength(64)
    await cold.assertNoLeaks()
  })

  test('has no scores where the balancer has none, or they throw; and the request is served', async () => {
    const broken: Balancer = Object.assign((...[candidates]: Parameters<Balancer>) => candidates[0]!, {
      score: () => {
        throw new Error('no such table')
      },
    })
    const app = proxy()
      .route('/broken', pool(URLS).balance(broken))
      .route('/none', pool(URLS).balance(inOrder))
      .route('/keyless', pool(URLS).rendezvous({ key: { header: 'x-user' } }))
    await using sim = simulate(app, { seed: 1 })
    for (const path of ['/broken', '/none', '/keyless']) {
      const { status, exchange } = await sim.get(path)
      expect(status).toBe(200)
      const [pick] = exchange!.decision.picks
      expect(pick!.candidates.map(({ score }) => score)).toEqual([undefined, undefined, undefined])
      expect(pick!.scoreError).toBe(path === '/broken' ? 'no such table' : undefined)
    }
    const keyed = await sim.get('/keyless', { headers: { 'X-User': 'ann' } })
    const { chosen, candidates } = keyed.exchange!.decision.picks[0]!
    const lowest = Math.min(...candidates.map(({ score }) => score!))
    expect(candidates.find(({ id }) => id === chosen)!.score).toBe(lowest)
    await sim.assertNoLeaks()
  })

  test('is there of a balancer that fails', async () => {
    const failing: Balancer = () => {
      throw new Error('out of order')
    }
    // What is thrown is the user's own mistake, and reported as such.
    const quiet: Filter = async (exchange, next) => {
      try {
        return await next(exchange)
      } catch {
        throw new ProxyError('exchange_aborted')
      }
    }
    await using sim = simulate(proxy().use(quiet).route('/', pool(URLS).balance(failing)), { seed: 1 })
    const { picks } = (await sim.get('/')).exchange!.decision
    expect(picks).toEqual([expect.objectContaining({ chosen: undefined, candidateCount: 3 })])
    await sim.assertNoLeaks()
  })
})
