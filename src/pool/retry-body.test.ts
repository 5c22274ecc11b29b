import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Balancer } from '../core/balancer.ts'
import { Body } from '../core/body.ts'
import type { Filter } from '../core/handler.ts'
import { proxy } from '../proxy/proxy.ts'
import { splits } from '../testing/arbitraries/index.ts'
import {
  assertAttempts,
  assertProblem,
  assertStatus,
  fault,
  type Simulation,
  simulate,
} from '../testing/index.ts'
import { type Pool, pool } from './pool.ts'
import type { RetryOptions } from './retry-options.ts'

const inOrder: Balancer = (candidates) => candidates[0]!

function world(
  options: RetryOptions,
  shape: (it: Pool) => Pool = (it) => it,
  ...filters: Filter[]
): Simulation {
  const target = shape(pool(['http://u1', 'http://u2', 'http://u3']).balance(inOrder).retry(options))
  return simulate(proxy().route('/', ...filters, target))
}

/** The pieces, one every 10 ms. */
async function* slowly(sim: Simulation, pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) {
    await new Promise<void>((resolve) => void sim.clock.setTimeout(resolve, 10))
    yield piece
  }
}

const asChunk = (piece: Uint8Array) =>
  Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')])

const bytes = (size: number) => Buffer.from(Uint8Array.from({ length: size }, (_, i) => (i * 31) % 251))

describe('a request body', () => {
  test('is the same at the endpoint that takes it, whenever the ones before it have failed', async () => {
    const script = fc.record({
      pieces: fc.integer({ min: 1, max: 3_000 }).chain((size) => splits(bytes(size))),
      // When the connections of the first two endpoints are reset: before, while or after the body comes.
      resetsAtMs: fc.tuple(fc.integer({ min: 0, max: 120 }), fc.integer({ min: 0, max: 120 })),
      length: fc.boolean(),
      filtered: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(script, async ({ pieces, resetsAtMs, length, filtered }) => {
        const pass: Filter = (exchange, next) => next(exchange)
        const options: RetryOptions = {
          attempts: 3,
          replayBytes: 3_000,
          backoff: { baseMs: 5 },
          on: ['reset', 503],
        }
        await using sim = world(options, filtered ? (it) => it.use(pass) : undefined)
        const whole = Buffer.concat(pieces)
        const [one, two, three] = sim.upstreams
        for (const it of [one!, two!]) it.reply({ delayMs: 200, status: 503 })
        for (const [i, atMs] of resetsAtMs.entries())
          sim.clock.setTimeout(() => sim.upstreams[i]!.resetConnections(), atMs)
        const client = await sim.connect()
        const framing = length ? `Content-Length: ${whole.length}` : 'Transfer-Encoding: chunked'
        await client.send(`PUT / HTTP/1.1\r\nHost: a\r\n${framing}\r\n\r\n`)
        for (const piece of pieces) {
          await sim.advance(10)
          await client.send(length ? piece : asChunk(piece))
        }
        if (!length) await client.send('0\r\n\r\n')
        const response = await client.response()
        expect([response.status, sim.exchanges[0]!.attempts.length]).toEqual([200, 3])
        const [request] = three!.requests
        expect(request!.body.equals(whole)).toBe(true)
        expect(request!.framing).toBe(length ? 'length' : 'chunked')
        await sim.assertNoLeaks()
      }),
      { numRuns: 60 },
    )
  })

  test('that is longer than what is kept is sent once, unchanged', async () => {
    await using sim = world({ replayBytes: 1_000 })
    const whole = bytes(1_001)
    sim.upstream('http://u1').inject(fault.resetBeforeHead(), { next: 1 })
    const failed = await sim.request({ method: 'PUT', url: '/', body: slowly(sim, [whole]) })
    assertAttempts(failed, 1)
    assertProblem(failed, 'upstream_reset')
    const passed = await sim.request({ method: 'PUT', url: '/', body: slowly(sim, [whole]) })
    assertStatus(passed, 200)
    expect(sim.upstream('http://u1').requests.at(-1)!.body.equals(whole)).toBe(true)
    await sim.assertNoLeaks()
  })

  test('is kept further where a filter asks for it', async () => {
    const keep: Filter = (exchange, next) => {
      exchange.request.body.replay({ maxBytes: '1mb' })
      return next(exchange)
    }
    await using sim = world({ replayBytes: 1_000 }, undefined, keep)
    const whole = bytes(500_000)
    sim.upstream('http://u1').inject(fault.resetBeforeHead(), { next: 1 })
    assertAttempts(await sim.request({ method: 'PUT', url: '/', body: whole }), 2)
    expect(sim.upstream('http://u2').requests[0]!.body.equals(whole)).toBe(true)
    await sim.assertNoLeaks()
  })

  test('is transformed anew for each attempt by the filters of the pool', async () => {
    const shout: Filter = (exchange, next) => {
      exchange.request.body.transform(async function* (chunks) {
        for await (const chunk of chunks) yield Buffer.from(Buffer.from(chunk).toString().toUpperCase())
        yield Buffer.from('!')
      })
      return next(exchange)
    }
    for (const body of ['whole', 'pieces'])
      for (const [method, given] of [
        ['PUT', fault.resetBeforeHead()],
        ['POST', fault.refuse()],
      ] as const) {
        await using sim = world({}, (it) => it.use(shout))
        sim.upstream('http://u1').inject(given)
        const sent = body === 'whole' ? 'hello' : slowly(sim, [Buffer.from('he'), Buffer.from('llo')])
        assertAttempts(await sim.request({ method, url: '/', body: sent }), 2)
        expect(sim.upstream('http://u2').requests[0]!.body.toString()).toBe('HELLO!')
        await sim.assertNoLeaks()
      }
  })

  test('that a filter of the pool has read is not sent again by half', async () => {
    const read: Filter = async (exchange, next) => {
      exchange.request.body = Body.from(await exchange.request.body.buffer())
      return next(exchange)
    }
    await using sim = world({}, (it) => it.use(read))
    const pieces = () => slowly(sim, [Buffer.from('he'), Buffer.from('llo')])
    sim.upstream('http://u1').inject(fault.refuse())
    // A PUT is kept, and each attempt reads it from the beginning.
    assertAttempts(await sim.request({ method: 'PUT', url: '/', body: pieces() }), 2)
    // Nothing of a POST is kept, since no more may be sent again than what nobody has read.
    assertAttempts(await sim.request({ method: 'POST', url: '/', body: pieces() }), 1)
    await sim.assertNoLeaks()
  })

  test('that was never begun is still there for whoever calls the pool again', async () => {
    const twice: Filter = async (exchange, next) => {
      try {
        return await next(exchange)
      } catch {
        return next(exchange)
      }
    }
    await using sim = world({ attempts: 1 }, undefined, twice)
    sim.upstream('http://u1').inject(fault.refuse(), { next: 1 })
    const response = await sim.request({ method: 'PUT', url: '/', body: slowly(sim, [Buffer.from('hello')]) })
    assertAttempts(response, 2)
    expect(sim.upstream('http://u1').requests[0]!.body.toString()).toBe('hello')
    await sim.assertNoLeaks()
  })

  test('is let go of when there is a response to pass on', async () => {
    const resendable: boolean[] = []
    const look: Filter = async (exchange, next) => {
      const response = await next(exchange)
      resendable.push(exchange.request.body.resendable)
      return response
    }
    await using sim = world({}, undefined, look)
    sim.upstream('http://u1').inject(fault.earlyResponse(), { next: 1 })
    const pieces = () => slowly(sim, [Buffer.from('he'), Buffer.from('llo')])
    for (let i = 0; i < 2; i++)
      assertStatus(await sim.request({ method: 'PUT', url: '/', body: pieces() }), 200)
    expect(resendable).toEqual([false, false])
    await sim.assertNoLeaks()
  })

  test('that was kept is sent again on a connection that has gone stale', async () => {
    await using sim = world({})
    await sim.get('/')
    const one = sim.upstream('http://u1')
    one.inject(fault.resetBeforeHead(), { next: 1 })
    const pieces = slowly(sim, [Buffer.from('he'), Buffer.from('llo')])
    const response = await sim.request({ method: 'PUT', url: '/', body: pieces })
    assertStatus(response, 200)
    assertAttempts(response, 1)
    expect(one.requests.at(-1)!.body.toString()).toBe('hello')
    expect(one.totalConnections).toBe(2)
    await sim.assertNoLeaks()
  })

  test('of which a half was refused goes whole to the next', async () => {
    await using sim = world({ on: 503 })
    const one = sim.upstream('http://u1')
    one.inject(fault.earlyResponse())
    // Small ones come whole with their head; of a large one, the connection is given up.
    for (const size of [10, 2_000_000]) {
      one.reply({ status: 503, body: 'x'.repeat(size) })
      const pieces = Array.from({ length: 20 }, (_, i) => bytes(100 + i))
      const response = await sim.request({ method: 'PUT', url: '/', body: slowly(sim, pieces) })
      assertAttempts(response, 2)
      expect(response.exchange!.attempts[1]!.startedAtMs - response.exchange!.startedAtMs).toBeLessThan(100)
      expect(sim.upstream('http://u2').requests.at(-1)!.body.equals(Buffer.concat(pieces))).toBe(true)
    }
    await sim.assertNoLeaks()
  })

  test('may take its time, which is not that of an attempt', async () => {
    await using sim = world({ perAttemptMs: '100ms' })
    const one = sim.upstream('http://u1')
    const pieces = () =>
      slowly(
        sim,
        Array.from({ length: 30 }, () => bytes(100)),
      )
    const slow = await sim.request({ method: 'PUT', url: '/', body: pieces() })
    assertAttempts(slow, 1)
    expect(slow.durationMs).toBe(300)
    one.inject(fault.noAnswer(), { next: 1 })
    const silent = await sim.request({ method: 'PUT', url: '/', body: pieces() })
    assertAttempts(silent, 2)
    const [first] = silent.exchange!.attempts
    expect([first!.error, first!.endedAtMs! - first!.startedAtMs]).toEqual(['upstream_attempt_timeout', 400])
    await sim.assertNoLeaks()
  })

  test('whose client leaves half-way leaves nothing', async () => {
    await using sim = world({ on: 'reset', backoff: { baseMs: 1_000 } })
    const pieces = Array.from({ length: 10 }, () => bytes(100))
    sim.upstream('http://u1').inject(fault.noAnswer())
    const pending = sim.request({ method: 'PUT', url: '/', body: slowly(sim, pieces) })
    await sim.advance(35)
    sim.upstream('http://u1').resetConnections()
    await sim.advance(1)
    pending.leave()
    await sim.advance('5s')
    expect(sim.exchanges[0]!.outcome!.result).toBe('aborted')
    await sim.assertNoLeaks()
  })

  test('is asked for once by 100 Continue', async () => {
    await using sim = world({})
    sim.upstream('http://u1').inject(fault.resetBeforeHead())
    const client = await sim.connect()
    await client.send('PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n')
    await sim.settle()
    await client.send('hello')
    const response = await client.response()
    expect(response.status).toBe(200)
    expect(response.informational.map(({ status }) => status)).toEqual([100])
    expect(sim.upstream('http://u2').requests[0]!.body.toString()).toBe('hello')
    await sim.assertNoLeaks()
  })
})
