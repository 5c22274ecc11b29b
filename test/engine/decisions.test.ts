import { describe, expect, test } from 'vitest'
import { adaptiveConcurrency, circuitBreaker, concurrencyLimit } from '../../src/filters/index.ts'
import {
  type Balancer,
  type DecisionRecord,
  type Filter,
  formatDecision,
  type Pool,
  pool,
  proxy,
  respond,
  type Transform,
} from '../../src/index.ts'
import {
  assertStatus,
  type ExchangeRecord,
  fault,
  type Simulation,
  simulate,
} from '../../src/testing/index.ts'
import { memoryWorld } from './memory-world.ts'

// What records say of exchanges that end in every way. They are those of simulations, which record all.

const inOrder: Balancer = (candidates) => candidates[0]!
const URLS = ['http://u1', 'http://u2', 'http://u3']

function world(target: Pool, ...filters: Filter[]): Simulation {
  return simulate(proxy().route('/users/:id', ...filters, target), { seed: 1 })
}

/** Who ended it, in which phase, with which error. */
function end({ ended }: DecisionRecord): (string | undefined)[] {
  return [ended?.by, ended?.phase, ended?.error]
}

function attemptsOf({ attempts }: DecisionRecord): string[] {
  return attempts.map(
    ({ kind, endpoint, error, status, endedBy, phase }) =>
      `${kind} ${endpoint} ${error === undefined ? status : `${error} by ${endedBy} in ${phase}`}`,
  )
}

describe('the record of an outage', () => {
  const users = () =>
    pool(URLS, { name: 'users' })
      .health({ path: '/healthz', intervalMs: '1s', fall: 2 })
      .eject({ consecutiveErrors: 3, ejectMs: '5s', jitter: 0 })
      .retry({ attempts: 2, budget: { ratio: 0.2, minPerSecond: 0 }, backoff: { baseMs: 0 } })

  async function outage(): Promise<readonly ExchangeRecord[]> {
    await using sim = simulate(proxy().route('/users/:id', users()), { seed: 7, latencyMs: 1 })
    const load = sim.load({ rate: 50, duration: '10s', request: '/users/7' })
    await sim.advance('3s')
    sim.upstream('http://u2').outage({ lasts: '4s' })
    await load
    await sim.assertNoLeaks()
    return sim.exchanges
  }

  test('explains each request: candidates, who was left out and why, attempts, and who ended it', async () => {
    const exchanges = await outage()
    expect(exchanges.length).toBeGreaterThan(400)
    const leftOutFor = new Set<string>()
    const ends = new Set<string>()
    for (const { decision, outcome } of exchanges) {
      const { route, picks, attempts, retries, ended } = decision
      expect(route).toEqual({ match: '/users/:id', params: { id: '7' } })
      for (const { chosen, candidates, leftOut, balancer } of picks) {
        // Each of the three is either a candidate, or left out for a reason.
        expect([...candidates, ...leftOut].map(({ id }) => id).sort()).toEqual(URLS)
        expect(candidates.map(({ id }) => id)).toContain(chosen)
        expect(balancer).toBe('roundRobin')
        for (const { id, reason, detail } of leftOut) leftOutFor.add(`${id} ${reason} ${detail ?? ''}`)
      }
      // Each attempt is at the endpoint that its pick chose.
      expect(attempts.map(({ endpoint }) => endpoint)).toEqual(picks.map(({ chosen }) => chosen))
      // What went wrong was retried, or it is said why not.
      const failed = attempts.filter(({ error }) => error !== undefined)
      expect(retries.map(({ after, failure }) => [after, failure])).toEqual(
        failed.map(({ number, error }) => [number, error]),
      )
      expect(ended).toMatchObject({ result: outcome!.result, status: outcome!.status })
      ends.add(`${ended!.status} ${end(decision).join()}`)
    }
    expect([...leftOutFor].filter((it) => it.startsWith('http://u2')).sort()).toEqual([
      'http://u2 already tried ',
      'http://u2 ejected 3 errors in a row',
      'http://u2 unhealthy ',
    ])
    // The others are left out for a retry alone, if at all.
    for (const one of leftOutFor) if (!one.startsWith('http://u2')) expect(one).toMatch(/already tried/)
    expect(ends).toEqual(new Set(['200 ,,']))
    const retried = exchanges.filter(({ decision }) => decision.attemptCount === 2)
    expect(retried.length).toBeGreaterThan(0)
    for (const { decision } of retried) {
      expect(attemptsOf(decision)).toEqual([
        'first http://u2 upstream_refused by upstream in connect',
        expect.stringMatching(/^retry http:\/\/u[13] 200$/),
      ])
      expect(decision.attempts[0]!.cause).toMatch(/ECONNREFUSED/)
    }
    const ejected = exchanges.flatMap(({ decision }) =>
      decision.picks.flatMap(({ atMs, leftOut }) =>
        leftOut.flatMap(({ reason, untilMs }) => (reason === 'ejected' ? [untilMs! - atMs] : [])),
      ),
    )
    expect(Math.max(...ejected)).toBeLessThanOrEqual(5_000)
    expect(Math.min(...ejected)).toBeGreaterThan(0)
  })

  test('is the same for the same seed', async () => {
    const texts = (exchanges: readonly ExchangeRecord[]) =>
      exchanges.map(({ decision }) => formatDecision(decision))
    expect(texts(await outage())).toEqual(texts(await outage()))
  })
})

describe('the record says who ended it', () => {
  test('nobody, of what came to its end', async () => {
    await using sim = world(pool(['http://u1']))
    sim.upstream('http://u1').reply({ status: 503, delayMs: 5 })
    const { exchange } = await sim.get('/users/7')
    expect(end(exchange!.decision)).toEqual([undefined, undefined, undefined])
    expect(attemptsOf(exchange!.decision)).toEqual(['first http://u1 503'])
    expect(exchange!.decision.ended).toMatchObject({ result: 'completed', status: 503, durationMs: 5 })
    await sim.assertNoLeaks()
  })

  test('the client, that left while the head was awaited', async () => {
    await using sim = world(pool(['http://u1']))
    sim.upstream('http://u1').reply({ delayMs: 1_000 })
    const pending = sim.get('/users/7')
    await sim.advance(100)
    pending.leave()
    await sim.settle()
    const { decision } = sim.exchanges[0]!
    expect(end(decision)).toEqual(['client', 'head', 'client_aborted'])
    expect(decision.ended).toMatchObject({ result: 'aborted', status: undefined, durationMs: 100 })
    expect(attemptsOf(decision)).toEqual(['first http://u1 client_aborted by client in head'])
    await sim.assertNoLeaks()
  })

  test('the client, that left in the response, in a filter, and in the queue of one', async () => {
    const patient: Filter = async (exchange, next) => {
      if (exchange.params.id === 'slow')
        await new Promise<void>((resolve) => void exchange.clock.setTimeout(resolve, 500))
      return next(exchange)
    }
    await using sim = world(pool(['http://u1']), patient, concurrencyLimit({ limit: 1, queue: { max: 1 } }))
    sim
      .upstream('http://u1')
      .reply({ body: 'x'.repeat(1_000) })
      .inject(fault.drip(300, 30))
    const leaving = [sim.get('/users/slow'), sim.get('/users/1'), sim.get('/users/2')]
    await sim.advance(50)
    // The last one first, or it would be let through when the one before it leaves.
    for (const pending of leaving.reverse()) pending.leave()
    await sim.settle()
    const ends = sim.exchanges.map(({ decision }) => end(decision))
    expect(ends).toEqual([
      ['client', 'filters', 'client_aborted'],
      ['client', 'body', 'client_aborted'],
      ['client', 'limit', 'client_aborted'],
    ])
    expect(sim.exchanges[2]!.decision.waits).toEqual([
      expect.objectContaining({ filter: 'concurrencyLimit', fromMs: 0, untilMs: 50, admitted: false }),
    ])
    await sim.advance('1s')
    await sim.assertNoLeaks()
  })

  test('the upstream, that reset in mid-body', async () => {
    await using sim = world(pool(['http://u1']))
    sim
      .upstream('http://u1')
      .reply({ body: 'x'.repeat(10_000) })
      .inject(fault.resetAfterBytes(1_000))
    const response = await sim.get('/users/7')
    expect(response.complete).toBe(false)
    const { decision } = response.exchange!
    expect(end(decision)).toEqual(['upstream', 'body', 'upstream_response_incomplete'])
    expect(decision.ended).toMatchObject({ result: 'failed', status: 200 })
    expect(attemptsOf(decision)).toEqual(['first http://u1 upstream_response_incomplete by upstream in body'])
    expect(decision.attempts[0]).toMatchObject({ sent: 'response', status: 200 })
    await sim.assertNoLeaks()
  })

  test('the upstream, that reset before its head; and it is not retried where that may not be', async () => {
    await using sim = world(pool(URLS).balance(inOrder).retry({ attempts: 2 }))
    for (const upstream of sim.upstreams) upstream.inject(fault.resetBeforeHead())
    const { exchange } = await sim.post('/users/7', { body: 'x' })
    expect(end(exchange!.decision)).toEqual(['upstream', 'head', 'upstream_reset'])
    expect(exchange!.decision.retries).toEqual([
      { atMs: 0, after: 1, failure: 'upstream_reset', refused: 'not repeatable', delayMs: undefined },
    ])
    const twice = await sim.get('/users/7')
    expect(twice.exchange!.decision.retries.map(({ after, refused }) => [after, refused])).toEqual([
      [1, undefined],
      [2, 'attempts'],
    ])
    await sim.assertNoLeaks()
  })

  test('why another attempt does not follow', async () => {
    const users = pool(['http://u1', 'http://u2'])
      .balance(inOrder)
      .retry({ attempts: 2, on: ['unsent', 'reset', 503], maxRetryAfterMs: '1s', replayBytes: 0 })
    await using sim = world(users)
    const [u1] = sim.upstreams
    const refusal = ({ exchange }: { exchange: ExchangeRecord | undefined }) =>
      exchange!.decision.retries.map(({ failure, refused }) => [failure, refused])

    u1!.reply({ raw: 'HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n' })
    expect(refusal(await sim.get('/users/7'))).toEqual([['upstream_response_malformed', 'condition']])
    u1!.reply({ status: 503, headers: { 'Retry-After': '2' } })
    expect(refusal(await sim.get('/users/7'))).toEqual([['status 503', 'retry-after']])
    // A body that is not kept has gone with the first attempt.
    u1!.inject(fault.resetBeforeHead())
    const put = { method: 'PUT', url: '/users/7', body: 'x'.repeat(100_000) }
    expect(refusal(await sim.request(put))).toEqual([['upstream_reset', 'body']])
    // What is passed on because nothing is wrong with it is no decision.
    u1!.clearFaults()
    u1!.reply({ status: 404 })
    expect(refusal(await sim.get('/users/7'))).toEqual([])
    await sim.assertNoLeaks()

    // A pool that makes one attempt refuses nothing.
    await using once = world(pool(['http://u1']).deadline({ ms: '1s' }))
    once.upstream('http://u1').inject(fault.refuse())
    expect(refusal(await once.get('/users/7'))).toEqual([])
    await once.assertNoLeaks()
  })

  test('the proxy, by a deadline: while the head was awaited, and before a retry', async () => {
    await using sim = world(
      pool(['http://u1'])
        .deadline({ ms: 100 })
        .retry({ attempts: 3, backoff: { baseMs: 10_000 }, on: ['reset', 503] }),
    )
    sim.upstream('http://u1').reply({ delayMs: 1_000 })
    const slow = await sim.get('/users/7')
    expect(slow.status).toBe(504)
    expect(end(slow.exchange!.decision)).toEqual(['proxy', 'head', 'upstream_deadline'])
    expect(attemptsOf(slow.exchange!.decision)).toEqual([
      'first http://u1 upstream_deadline by proxy in head',
    ])
    sim.upstream('http://u1').reply({ status: 503 })
    const waiting = await sim.get('/users/7')
    expect(end(waiting.exchange!.decision)).toEqual(['proxy', 'backoff', 'upstream_deadline'])
    expect(waiting.exchange!.decision.retries).toEqual([
      expect.objectContaining({ after: 1, failure: 'status 503', refused: undefined }),
    ])
    await sim.assertNoLeaks()
  })

  test('the proxy, by a full queue, and by one that took too long', async () => {
    await using sim = world(pool(['http://u1'], { maxConnections: 1, maxPending: 1, pendingMs: '1s' }))
    sim.upstream('http://u1').reply({ delayMs: 5_000 })
    const [served, waited, refused] = await sim.until(
      Promise.all([sim.get('/users/1'), sim.get('/users/2'), sim.get('/users/3')]),
    )
    expect(refused!.exchange!.decision.attempts[0]).toMatchObject({
      queuedAtMs: 0,
      connectedAtMs: undefined,
      sent: 'none',
      endedBy: 'proxy',
    })
    expect([served, waited, refused].map((it) => end(it!.exchange!.decision))).toEqual([
      [undefined, undefined, undefined],
      ['proxy', 'queue', 'pool_queue_timeout'],
      ['proxy', 'queue', 'pool_queue_full'],
    ])
    await sim.assertNoLeaks()
  })

  test('the proxy, of an attempt that has lost against a hedge', async () => {
    await using sim = world(pool(URLS).balance(inOrder).hedge({ afterMs: 50, budget: 1 }))
    sim.upstream('http://u1').reply({ delayMs: 1_000 })
    sim.upstream('http://u2').reply({ delayMs: 5 })
    const { decision } = (await sim.get('/users/7')).exchange!
    expect(end(decision)).toEqual([undefined, undefined, undefined])
    expect(attemptsOf(decision)).toEqual([
      'first http://u1 hedge_lost by proxy in head',
      'hedge http://u2 200',
    ])
    expect(decision.hedges).toEqual([{ atMs: 50, delayMs: 50, refused: undefined }])
    expect(decision.picks[1]).toMatchObject({
      kind: 'hedge',
      leftOut: [{ id: 'http://u1', reason: 'already tried' }],
    })
    await sim.assertNoLeaks()
  })

  test('that there was no hedge, and no retry, because the budget was spent', async () => {
    await using sim = world(
      pool(['http://u1', 'http://u2'])
        .balance(inOrder)
        .hedge({ afterMs: 50, budget: 0.01 })
        .retry({ attempts: 2, budget: { ratio: 0.1, minPerSecond: 0 } }),
    )
    sim.upstream('http://u1').reply({ delayMs: 100 })
    sim.upstream('http://u2').reply({ delayMs: 5 })
    await sim.get('/users/1') // spends the hedge that there is at first
    const late = await sim.get('/users/2')
    expect(late.exchange!.decision.hedges).toEqual([{ atMs: 105, delayMs: 50, refused: 'budget' }])
    for (const upstream of sim.upstreams) upstream.inject(fault.resetBeforeHead())
    const broken = await sim.get('/users/3')
    expect(broken.status).toBe(502)
    expect(broken.exchange!.decision.retries).toEqual([
      expect.objectContaining({ after: 1, failure: 'upstream_reset', refused: 'budget' }),
    ])
    expect(end(broken.exchange!.decision)).toEqual(['upstream', 'head', 'upstream_reset'])
    await sim.assertNoLeaks()
  })

  test('the proxy, where a connection was not made in time, and where a filter gave it up', async () => {
    const giveUp: Filter = (exchange, next) => {
      if (exchange.params.id === 'given-up') exchange.clock.setTimeout(() => exchange.abort(), 10)
      return next(exchange)
    }
    await using sim = world(pool(['http://u1'], { connectMs: 100 }), giveUp)
    sim.network.setFaults('u1:80', { connect: 'unanswered' })
    const late = await sim.get('/users/7')
    expect(end(late.exchange!.decision)).toEqual(['proxy', 'connect', 'upstream_connect_timeout'])
    const givenUp = await sim.get('/users/given-up')
    expect(end(givenUp.exchange!.decision)).toEqual(['proxy', 'connect', 'exchange_aborted'])
    await sim.assertNoLeaks()
  })

  test('the client, whose body is malformed, and the proxy, of one that stalls', async () => {
    const app = proxy()
      .listen({ port: 80, limits: { bodyIdleMs: '1s' } })
      .route('/', pool(['http://u1']))
    await using sim = simulate(app, { seed: 1 })
    const upload = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n'
    const malformed = await sim.connect()
    await malformed.send(`${upload}zz\r\n`)
    assertStatus(await malformed.response(), 400)
    const stalled = await sim.connect()
    await stalled.send(upload)
    assertStatus(await stalled.response(), 408)
    // All of it is there, and the service does not answer.
    sim.upstreams[0]!.reply({ delayMs: 10_000 })
    const patient = await sim.connect()
    await patient.send(`${upload}0\r\n\r\n`)
    await sim.advance('2s')
    await patient.reset()
    await sim.settle()
    expect(sim.exchanges.map(({ decision }) => end(decision))).toEqual([
      ['client', 'request', 'request_malformed'],
      ['proxy', 'request', 'request_body_timeout'],
      ['client', 'head', 'client_aborted'],
    ])
    await sim.assertNoLeaks()
  })

  test('the proxy, that has no route, no endpoint, and no place', async () => {
    const limited = concurrencyLimit({ limit: 1, name: 'one at a time' })
    const app = proxy()
      .route('/limited', limited, pool(['http://u1']))
      .route('/cold', pool(['http://u2']).health({ path: '/', initial: 'unhealthy', intervalMs: '1h' }))
    await using sim = simulate(app, { seed: 1 })
    sim.upstream('http://u1').reply({ delayMs: 100 })
    sim.upstream('http://u2').pause()
    const all = await sim.until(
      Promise.all([sim.get('/limited'), sim.get('/limited'), sim.get('/cold'), sim.get('/nowhere')]),
    )
    const decisions = all.map(({ exchange }) => exchange!.decision)
    expect(decisions.map(end)).toEqual([
      [undefined, undefined, undefined],
      ['proxy', 'filters', 'overloaded'],
      ['proxy', 'filters', 'no_endpoint'],
      ['proxy', 'filters', 'route_not_found'],
    ])
    expect(decisions[1]!.refusals).toEqual([
      { filter: 'one at a time', atMs: 0, code: 'overloaded', detail: 'the limit is reached' },
    ])
    expect(decisions[2]!.picks).toEqual([
      expect.objectContaining({
        chosen: undefined,
        candidates: [],
        leftOut: [{ id: 'http://u2', reason: 'not probed yet', detail: undefined, untilMs: undefined }],
      }),
    ])
    await sim.assertNoLeaks()
  })
})

describe('the record', () => {
  test('has the times of an attempt', async () => {
    await using sim = simulate(proxy().route('/', pool(['http://u1'], { maxConnections: 1 })), {
      seed: 1,
      latencyMs: 1,
    })
    sim.upstream('http://u1').reply({ delayMs: 10, body: 'x'.repeat(50_000) })
    const [first, second] = await sim.until(Promise.all([sim.get('/'), sim.get('/')]))
    const [one] = first.exchange!.decision.attempts
    const begun = one!.startedAtMs
    expect(one).toMatchObject({
      queuedAtMs: undefined,
      connectingAtMs: begun,
      connectedAtMs: begun + 2,
      connection: 'new',
      requestSentAtMs: begun + 2,
      respondedAtMs: begun + 14,
      endedAtMs: begun + 14,
      phase: 'body',
      sent: 'response',
    })
    const [other] = second.exchange!.decision.attempts
    expect(other).toMatchObject({
      startedAtMs: begun,
      queuedAtMs: begun,
      connectingAtMs: undefined,
      connectedAtMs: begun + 14,
      connection: 'reused',
      respondedAtMs: begun + 26,
    })
    await sim.assertNoLeaks()
  })

  test('has the connection that had gone stale, and the one that took its place', async () => {
    await using sim = world(pool(['http://u1']))
    await sim.get('/users/7')
    sim.upstream('http://u1').inject(fault.resetBeforeHead(), { next: 1 })
    const { exchange, status } = await sim.get('/users/7')
    expect(status).toBe(200)
    expect(exchange!.decision.attempts).toEqual([
      expect.objectContaining({ staleConnections: 1, connection: 'new', status: 200, error: undefined }),
    ])
    await sim.assertNoLeaks()
  })

  test('forgets of a stale connection what was sent on it', async () => {
    await using sim = world(pool(['http://u1']))
    await sim.get('/users/7')
    sim.upstream('http://u1').inject(fault.resetBeforeHead(), { next: 1 })
    sim.network.setFaults('u1:80', { connect: 'refused' })
    const { exchange, status } = await sim.get('/users/7')
    expect(status).toBe(502)
    expect(exchange!.decision.attempts).toEqual([
      expect.objectContaining({
        staleConnections: 1,
        connection: undefined,
        connectedAtMs: undefined,
        requestSentAtMs: undefined,
        phase: 'connect',
        sent: 'none',
        error: 'upstream_refused',
      }),
    ])
    await sim.assertNoLeaks()
  })

  test('tells retries of the pool from those of a filter', async () => {
    const retryOnce: Filter = async (exchange, next) => {
      try {
        return await next(exchange)
      } catch {
        return next(exchange)
      }
    }
    const users = pool(URLS).balance(inOrder).retry({ attempts: 2, on: 'unsent' })
    await using sim = world(users, retryOnce)
    for (const url of ['http://u1', 'http://u2']) sim.upstream(url).inject(fault.refuse())
    const outer = await sim.get('/users/7')
    expect(outer.exchange!.decision.attempts.map(({ kind, pick }) => [kind, pick])).toEqual([
      ['first', 1],
      ['retry', 2],
      ['again', 3],
      ['retry', 4],
    ])
    await sim.assertNoLeaks()

    await using inner = world(pool(URLS).balance(inOrder).use(retryOnce))
    inner.upstream('http://u1').inject(fault.refuse(), { next: 1 })
    const { exchange } = await inner.get('/users/7')
    // One pick, and two attempts at what was picked.
    expect(exchange!.decision.attempts.map(({ kind, pick }) => [kind, pick])).toEqual([
      ['first', 1],
      ['again', 1],
    ])
    await inner.assertNoLeaks()
  })

  test('tells a pool from another one of the same name', async () => {
    const spare = pool(['http://u2'], { name: 'users' })
    const users = pool(['http://u1'], { name: 'users' }).fallback(spare)
    await using sim = world(users)
    sim.upstream('http://u1').inject(fault.refuse())
    const { exchange } = await sim.get('/users/7')
    expect(exchange!.decision.picks.map(({ kind, pool: name }) => [kind, name])).toEqual([
      ['first', 'users'],
      ['first', 'users'],
    ])
    await sim.assertNoLeaks()
  })

  test('has what a circuit breaker has turned away, also where it answers', async () => {
    const breaker = circuitBreaker({ minVolume: 1, fallback: () => respond(200, 'from memory') })
    await using sim = world(pool(['http://u1']), breaker)
    sim.upstream('http://u1').reply({ status: 500 })
    await sim.get('/users/7')
    const { exchange, body } = await sim.get('/users/7')
    expect(String(body)).toBe('from memory')
    expect(exchange!.decision).toMatchObject({
      attempts: [],
      refusals: [{ filter: 'circuitBreaker', code: 'circuit_open', detail: 'the circuit is open' }],
      ended: { status: 200, by: undefined },
    })
    await sim.assertNoLeaks()
  })

  test('has what an adaptive limit has turned away, by its name', async () => {
    const limit = adaptiveConcurrency({ initial: 2, name: 'shop', priority: () => 0 })
    await using sim = world(pool(['http://u1']), limit)
    sim.upstream('http://u1').reply({ delayMs: 100 })
    const all = await sim.until(Promise.all([sim.get('/users/1'), sim.get('/users/2'), sim.get('/users/3')]))
    const refusals = all.flatMap(({ exchange }) => exchange!.decision.refusals)
    expect(refusals).toEqual([
      { filter: 'shop', atMs: 0, code: 'overloaded', detail: 'the limit is near' },
      { filter: 'shop', atMs: 0, code: 'overloaded', detail: 'the limit is near' },
    ])
    await sim.assertNoLeaks()
  })

  test('has the wait of those who were let through by a limit', async () => {
    await using sim = world(pool(['http://u1']), concurrencyLimit({ limit: 1, queue: { max: 1 } }))
    sim.upstream('http://u1').reply({ delayMs: 100 })
    const [, waited] = await sim.until(Promise.all([sim.get('/users/1'), sim.get('/users/2')]))
    expect(waited.exchange!.decision.waits).toEqual([
      expect.objectContaining({ filter: 'concurrencyLimit', fromMs: 0, untilMs: 100, admitted: true }),
    ])
    await sim.assertNoLeaks()
  })

  test('says who ended a tunnel', async () => {
    for (const leaves of ['client', 'upstream'] as const) {
      const open = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n'
      await using sim = simulate(proxy().route('/', pool(['http://u1'])), { seed: 1 })
      sim.upstream('http://u1').reply({ raw: open, after: leaves === 'upstream' ? 'reset' : 'keep' })
      const client = await sim.connect()
      await client.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
      await sim.settle()
      if (leaves === 'client') await client.reset()
      await sim.settle()
      const { decision } = sim.exchanges[0]!
      expect(end(decision)).toEqual([
        leaves,
        'tunnel',
        leaves === 'client' ? 'client_aborted' : 'upstream_reset',
      ])
      expect(decision.attempts[0]).toMatchObject({ status: 101, phase: 'tunnel', endedBy: leaves })
      await sim.assertNoLeaks()
    }
  })

  test('is complete when onComplete listeners are called, however the response was sent', async () => {
    const pass: Transform = async function* (chunks) {
      yield* chunks
    }
    const seen: string[] = []
    const look: Filter = async (exchange, next) => {
      const record = exchange.record()
      exchange.onComplete(({ result }) => {
        const open = record.attempts.filter(({ endedAtMs }) => endedAtMs === undefined).length
        seen.push(`${exchange.request.path}: ${result} ${record.ended?.result}, ${open} open`)
      })
      const response = await next(exchange)
      if (exchange.request.path === '/transformed') response.body.transform(pass)
      if (exchange.request.path === '/replaced') return respond(200)
      return response
    }
    const { connect, clock, service } = await memoryWorld({ filters: [look] })
    service.reply({ body: 'x'.repeat(200_000), framing: 'chunked' })
    for (const path of ['/streamed', '/transformed', '/replaced']) {
      const client = await connect()
      await client.send(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
      await clock.until(client.response())
    }
    const left = await connect()
    await left.send('GET /left HTTP/1.1\r\nHost: a\r\n\r\n')
    await clock.until(left.reset())
    await clock.advance(0)
    expect(seen).toEqual([
      '/streamed: completed completed, 0 open',
      '/transformed: completed completed, 0 open',
      '/replaced: completed completed, 0 open',
      expect.stringMatching(/^\/left: \w+ \w+, 0 open$/),
    ])
  })
})
