import { describe, expect, test } from 'vitest'
import { proxy } from '../proxy/proxy.ts'
import { fault, simulate } from '../testing/index.ts'
import { pool } from './pool.ts'
import { EventFeed, type PoolEvent, type PoolEvents } from './pool-events.ts'

const event = (atMs: number): PoolEvent => ({ kind: 'readmitted', endpoint: 'u1', atMs })

/** Notes events as they come, without their time; `'ended'` at the end. */
function noting(events: AsyncIterable<PoolEvent>): unknown[] {
  const noted: unknown[] = []
  void (async () => {
    for await (const { atMs: _, ...rest } of events) noted.push(rest)
    noted.push('ended')
  })()
  return noted
}

async function all(events: AsyncIterator<PoolEvent>): Promise<PoolEvent[]> {
  const taken: PoolEvent[] = []
  for (let next = await events.next(); !next.done; next = await events.next()) taken.push(next.value)
  return taken
}

describe('EventFeed', () => {
  test('gives each subscriber every event from the begin of its iteration', async () => {
    const feed = new EventFeed()
    feed.emit(event(1))
    const first = feed[Symbol.asyncIterator]()
    feed.emit(event(2))
    const second = feed[Symbol.asyncIterator]()
    feed.emit(event(3))
    feed.close()
    expect(await all(first)).toEqual([event(2), event(3)])
    expect(await all(second)).toEqual([event(3)])
  })

  test('gives it to who waits, in the order in which they asked', async () => {
    const feed = new EventFeed()
    const events = feed[Symbol.asyncIterator]()
    const asked = [events.next(), events.next(), events.next()]
    feed.emit(event(1))
    feed.emit(event(2))
    feed.close()
    expect(await Promise.all(asked)).toEqual([
      { done: false, value: event(1) },
      { done: false, value: event(2) },
      { done: true, value: undefined },
    ])
  })

  test('drops the oldest events of who does not read, and says how many', async () => {
    const feed = new EventFeed()
    const [few, many] = [feed.keeping(2)[Symbol.asyncIterator](), feed[Symbol.asyncIterator]()]
    for (let i = 1; i <= 1_005; i++) feed.emit(event(i))
    expect((await few.next()).value).toEqual({ kind: 'missed', atMs: 1_003, count: 1_003 })
    feed.emit(event(1_006))
    feed.close()
    expect(await all(few)).toEqual([{ kind: 'missed', atMs: 1_004, count: 1 }, event(1_005), event(1_006)])
    const rest = await all(many)
    expect(rest).toHaveLength(1_001)
    expect(rest.slice(0, 2)).toEqual([{ kind: 'missed', atMs: 6, count: 6 }, event(7)])
  })

  test('lets go of who leaves', async () => {
    const feed = new EventFeed()
    expect(feed.listening).toBe(false)
    const left: PoolEvent[] = []
    const leaving = (async () => {
      for await (const one of feed) {
        left.push(one)
        break
      }
    })()
    const returning = feed[Symbol.asyncIterator]()
    const waiting = returning.next()
    expect(feed.listening).toBe(true)
    await returning.return?.()
    expect(await waiting).toEqual({ done: true, value: undefined })
    feed.emit(event(1))
    feed.emit(event(2))
    await leaving
    expect(left).toEqual([event(1)])
    expect(feed.listening).toBe(false)
    expect(await returning.next()).toEqual({ done: true, value: undefined })
  })

  test('ends at once once it is closed', async () => {
    const feed = new EventFeed()
    feed.close()
    expect(await all(feed[Symbol.asyncIterator]())).toEqual([])
    expect(feed.listening).toBe(false)
  })

  test.each([0, -1, 1.5, Number.POSITIVE_INFINITY])('refuses to keep %d', (count) => {
    expect(() => new EventFeed().keeping(count)).toThrow('events.keeping: "count" must be a whole number')
  })
})

describe('the events of a pool', () => {
  test('tell of an outage in the order in which it goes', async () => {
    const target = pool(['http://u1', 'http://u2'], { name: 'users' })
      .health({ path: '/healthz', intervalMs: '1s', jitter: 0, rise: 2, fall: 2 })
      .eject({ consecutiveErrors: 5, ejectMs: '3s', jitter: 0 })
      .slowStart({ lastsMs: '4s' })
    await using sim = simulate(proxy().route('/', target), { seed: 1, keep: 100_000 })
    const users = await sim.pool(target)
    await sim.advance('10500ms')
    const noted = noting(users.events)
    sim.upstream('http://u1').outage({ lasts: '6s' })
    await sim.load({ rate: 100, duration: '20s', arrivals: 'constant' })
    await users.drain('http://u1')
    users.update(['http://u2'])
    await sim.assertNoLeaks()
    const endpoint = 'http://u1'
    expect(noted).toEqual([
      { kind: 'ejected', endpoint, reason: '5 errors in a row', untilMs: expect.any(Number) },
      { kind: 'health-changed', endpoint, from: 'healthy', to: 'unhealthy', reason: 'upstream_refused' },
      { kind: 'ejection-ended', endpoint },
      { kind: 'health-changed', endpoint, from: 'unhealthy', to: 'healthy', reason: 'passed' },
      { kind: 'slow-start-began', endpoint, lastsMs: 4_000 },
      { kind: 'slow-start-ended', endpoint, complete: true },
      { kind: 'drain-began', endpoint, inFlight: 0 },
      { kind: 'drain-ended', endpoint, cut: 0 },
      { kind: 'removed', endpoint, inFlight: 0 },
      'ended',
    ])
  })

  test('have the wall time, and an ejection the wall time of its end', async () => {
    const target = pool(['http://u1', 'http://u2'], { name: 'users' }).eject({ ejectMs: '3s', jitter: 0 })
    const startAt = new Date('2026-05-06T07:08:09Z')
    await using sim = simulate(proxy().route('/', target), { seed: 1, startAt })
    const users = await sim.pool(target)
    const events = users.events[Symbol.asyncIterator]()
    sim.upstream('http://u1').inject(fault.refuse())
    await sim.advance('1m')
    for (let turn = 0; turn < 10; turn++) await sim.get('/')
    const atMs = startAt.getTime() + 60_000
    const ejected = { reason: '5 errors in a row', untilMs: atMs + 3_000 }
    expect((await events.next()).value).toEqual({ kind: 'ejected', endpoint: 'http://u1', atMs, ...ejected })
    await sim.advance('1s')
    expect(users.endpoints[0]).toMatchObject({ state: 'ejected', ejected })
    await sim.assertNoLeaks()
  })

  test('tell of a panic, and of a slow start that is broken off', async () => {
    const target = pool(['http://u1', 'http://u2'], { name: 'users', panicThreshold: 0.6 })
      .health({ path: '/healthz', intervalMs: '1s', jitter: 0, rise: 1, fall: 1 })
      .slowStart({ lastsMs: '1m' })
    await using sim = simulate(proxy().route('/', target), { seed: 1 })
    const users = await sim.pool(target)
    let ready = true
    sim.upstream('http://u1').on('GET /healthz', () => ({ status: ready ? 200 : 503 }))
    await users.drain('http://u1')
    await sim.advance('500ms')
    const noted = noting(users.events)
    users.readmit('http://u1')
    ready = false
    await sim.advance('1s')
    ready = true
    await sim.advance('1s')
    const endpoint = 'http://u1'
    await sim.assertNoLeaks()
    expect(noted).toEqual([
      { kind: 'readmitted', endpoint },
      { kind: 'slow-start-began', endpoint, lastsMs: 60_000 },
      { kind: 'health-changed', endpoint, from: 'healthy', to: 'unhealthy', reason: 'status 503' },
      { kind: 'slow-start-ended', endpoint, complete: false },
      { kind: 'panic-began', candidates: 2 },
      { kind: 'health-changed', endpoint, from: 'unhealthy', to: 'healthy', reason: 'passed' },
      { kind: 'panic-ended' },
      'ended',
    ])
  })

  test('cost bounded memory where a subscriber never reads', async () => {
    const target = pool(['http://u1', 'http://u2'], { name: 'users' })
    await using sim = simulate(proxy().route('/', target), { seed: 1 })
    const users = await sim.pool(target)
    const idle: AsyncIterator<PoolEvent> = (users.events satisfies PoolEvents)[Symbol.asyncIterator]()
    for (let turn = 0; turn < 5_000; turn++) {
      await users.drain('http://u1')
      users.readmit('http://u1')
    }
    await sim.assertNoLeaks()
    // Three for each turn: began, ended, readmitted.
    const kept = await all(idle)
    expect(kept).toHaveLength(1_001)
    expect(kept[0]).toMatchObject({ kind: 'missed', count: 14_000 })
  })
})
