import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { ProxyError } from '../core/errors.ts'
import { stateOf } from '../core/filter-state.ts'
import { type Filter, type Handler, onRequest } from '../core/handler.ts'
import { respond } from '../core/message.ts'
import { pool } from '../pool/pool.ts'
import { proxy } from '../proxy/proxy.ts'
import { exchange } from '../testing/exchange.ts'
import { run } from '../testing/run.ts'
import { seededRandom } from '../testing/seeded-random.ts'
import { simulate } from '../testing/simulation/simulate.ts'
import { fault } from '../testing/upstream/fault.ts'
import { type Mirror, type MirrorOptions, mirror } from './mirror.ts'

interface Copy {
  readonly method: string
  readonly target: string
  readonly headers: readonly [string, string][]
  readonly body: string
}

/** A service for copies that keeps them. */
function shadow(): { copies: Copy[]; to: Handler } {
  const copies: Copy[] = []
  const to: Handler = async ({ request }) => {
    const { method, target, headers } = request
    copies.push({ method, target, headers: [...headers], body: await request.body.text() })
    return respond(200, 'dropped')
  }
  return { copies, to }
}

const settled = () => new Promise(setImmediate)

describe('a copy', () => {
  it('is the request as it is at this place, with a mark', async () => {
    const { copies, to } = shadow()
    const at = exchange({
      method: 'PUT',
      url: '/a?x=1',
      headers: { 'X-A': '1', Cookie: 'a=1' },
      body: 'hello',
    })
    const ran = await run(mirror({ to, removeHeaders: ['cookie'] }), at)
    const { calls } = ran
    expect(calls[0]?.body?.toString()).toBe('hello')
    expect(calls[0]?.headers.has('x-mirrored')).toBe(false)
    expect(calls[0]?.headers.get('cookie')).toBe('a=1')
    await ran.finish()
    await settled()
    expect(copies).toHaveLength(1)
    expect(copies[0]).toMatchObject({ method: 'PUT', target: '/a?x=1', body: 'hello' })
    const fields = Object.fromEntries(copies[0]!.headers)
    expect([fields['X-A'], fields['X-Mirrored'], fields.Cookie]).toEqual(['1', '1', undefined])
  })

  it('has content that came in pieces, as it was before later filters have changed it', async () => {
    const { copies, to } = shadow()
    const at = exchange({ body: [Buffer.from('he'), Buffer.from('llo')] })
    const upper: Handler = async ({ request }) => {
      request.body.transform(async function* (chunks) {
        for await (const chunk of chunks) yield Buffer.from(String(chunk).toUpperCase())
      })
      return respond(200, await request.body.text())
    }
    const { response } = await run(mirror({ to }), at, upper)
    expect(await response.body.text()).toBe('HELLO')
    await settled()
    expect(copies.map(({ body }) => body)).toEqual(['hello'])
  })

  it('has bytes of its own', async () => {
    const { copies, to } = shadow()
    const at = exchange({ body: [Buffer.alloc(20_000, 'a')] })
    await run(mirror({ to }), at, async ({ request }) => {
      for await (const chunk of request.body) chunk.fill(0)
      return respond(200)
    })
    await settled()
    expect(copies[0]?.body).toBe('a'.repeat(20_000))
  })

  it('is answered in vain where the answer has no end', async () => {
    const ended = vi.fn()
    async function* endless() {
      try {
        for (;;) yield Buffer.alloc(65_536)
      } finally {
        ended()
      }
    }
    const filter = mirror({ to: () => respond(200, endless()) })
    await run(filter, exchange())
    await vi.waitFor(() => expect(filter.inFlight).toBe(0))
    expect([ended.mock.calls.length, filter.failed]).toEqual([1, 0])
  })

  it('is not sent of what is longer than the bound, and the request goes on', async () => {
    const { copies, to } = shadow()
    const filter = mirror({ to, maxBodyBytes: 4 })
    for (const body of ['hello', [Buffer.from('he'), Buffer.from('llo')]]) {
      const { calls } = await run(filter, exchange({ body }))
      expect(calls[0]?.body?.toString()).toBe('hello')
    }
    const { calls } = await run(filter, exchange({ body: [Buffer.from('he'), Buffer.from('ll')] }))
    expect(calls[0]?.body?.toString()).toBe('hell')
    await settled()
    expect(copies.map(({ body }) => body)).toEqual(['hell'])
    expect([filter.sent, filter.dropped, filter.inFlight, filter.failed]).toEqual([1, 2, 0, 0])
    expect(stateOf(filter)).toEqual({ kind: 'mirror', inFlight: 0, sent: 1, failed: 0, dropped: 2 })
  })

  it('is not sent of content that breaks off, or that nobody reads', async () => {
    const { copies, to } = shadow()
    const filter = mirror({ to })
    async function* broken() {
      yield Buffer.from('part')
      throw new ProxyError('client_aborted')
    }
    await expect(run(filter, exchange({ body: broken() }))).rejects.toMatchObject({ code: 'client_aborted' })
    const refused = exchange({ body: [Buffer.from('unread')] })
    await run(filter, refused, () => respond(403))
    refused.request.body.discard()
    await settled()
    expect([copies.length, filter.dropped]).toEqual([0, 2])
  })

  it('is not sent of a copy, nor of an upgrade', async () => {
    const { copies, to } = shadow()
    for (const headers of [{ 'X-Mirrored': '1' }, { Connection: 'Upgrade', Upgrade: 'websocket' }] as Record<
      string,
      string
    >[])
      await run(mirror({ to }), exchange({ headers }))
    await settled()
    expect(copies).toEqual([])
  })

  it('is sent of what is wanted', async () => {
    const error = vi.spyOn(console, 'error').mockImplementation(() => {})
    onTestFinished(() => error.mockRestore())
    const { copies, to } = shadow()
    const filter = mirror({
      to,
      when({ request }) {
        if (request.path === '/throws') throw new Error('no')
        return request.path === '/yes'
      },
    })
    for (const url of ['/yes', '/no', '/throws'])
      expect((await run(filter, exchange({ url }))).response.status).toBe(200)
    await settled()
    expect(copies.map(({ target }) => target)).toEqual(['/yes'])
    expect([filter.dropped, error.mock.calls.length]).toEqual([1, 1])
  })

  it('is not sent where the answer is no plain yes', async () => {
    for (const answer of [Promise.resolve(true), Promise.resolve(false), 1, undefined]) {
      const { copies, to } = shadow()
      const ran = await run(mirror({ to, when: () => answer as unknown as boolean }), exchange())
      await ran.finish()
      await settled()
      expect(copies).toEqual([])
    }
  })

  it('is sent of a share of all, by the chance of the exchange', async () => {
    const { copies, to } = shadow()
    const filter = mirror({ to, share: 0.2, maxInFlight: 10_000 })
    const random = seededRandom(7)
    for (let i = 0; i < 5_000; i++) void filter(exchange({ random }), () => respond(200))
    await settled()
    // Four standard deviations of 5000 draws.
    const deviation = Math.sqrt(5_000 * 0.2 * 0.8)
    expect(Math.abs(copies.length - 1_000)).toBeLessThan(4 * deviation)
    const none = mirror({ to, share: 0 })
    await run(none, exchange())
    expect(none.sent).toBe(0)
  })

  it('is one of so many at once', async () => {
    const go = Promise.withResolvers<void>()
    const filter = mirror({
      maxInFlight: 2,
      async to() {
        await go.promise
        return respond(200)
      },
    })
    for (let i = 0; i < 5; i++) await run(filter, exchange())
    expect([filter.inFlight, filter.sent, filter.dropped]).toEqual([2, 2, 3])
    go.resolve()
    await settled()
    expect(filter.inFlight).toBe(0)
  })
})

describe('in a proxy', () => {
  const users = () => pool(['http://users'])

  /** How long clients wait, with and without a mirror before a service that is as `prepare` has it. */
  async function latencies(
    filters: readonly Filter[],
    prepare: (sim: ReturnType<typeof simulate>) => void = () => {},
  ): Promise<unknown> {
    await using sim = simulate(proxy().route('/', ...(filters as [Filter]), users()), { seed: 5 })
    sim.upstream('http://users').reply(({ body }) => ({ delayMs: 20, body: `got ${body.length}` }))
    prepare(sim)
    const seen: unknown[] = []
    for (let i = 0; i < 20; i++) {
      const { status, durationMs, complete, headers, ...response } = await sim.post('/', {
        body: 'x'.repeat(i * 1_000),
      })
      void response
      seen.push([status, durationMs, complete, headers.get('content-length')])
    }
    await sim.advance('1m')
    await sim.assertNoLeaks()
    return seen
  }

  it.each<[string, (sim: ReturnType<typeof simulate>) => void]>([
    ['answers', () => {}],
    ['is slow', (sim) => void sim.upstream('http://shadow').reply({ delayMs: 4_000 })],
    ['never answers', (sim) => sim.upstream('http://shadow').pause()],
    ['is gone', (sim) => void sim.upstream('http://shadow').inject(fault.refuse())],
    ['answers 500', (sim) => void sim.upstream('http://shadow').reply({ status: 500 })],
    ['resets', (sim) => void sim.upstream('http://shadow').inject(fault.resetAfterHead())],
    [
      'answers without end',
      (sim) => void sim.upstream('http://shadow').reply({ body: 'x'.repeat(3_000_000) }),
    ],
  ])('clients notice nothing of a mirror that %s', async (_, prepare) => {
    const without = await latencies([])
    const filter = mirror({ to: pool(['http://shadow']) })
    expect(await latencies([filter], prepare)).toEqual(without)
    expect([filter.sent, filter.inFlight]).toEqual([20, 0])
  })

  it('copies end in time, and outlive their exchange till then', async () => {
    const filter = mirror({ to: pool(['http://shadow']), timeoutMs: '3s' })
    await using sim = simulate(proxy().route('/', filter, users()))
    sim.upstream('http://shadow').pause()
    expect((await sim.get('/')).durationMs).toBe(0)
    await sim.advance(2_999)
    expect([filter.inFlight, filter.failed]).toEqual([1, 0])
    await sim.advance(2)
    expect([filter.inFlight, filter.failed]).toEqual([0, 1])
    await sim.assertNoLeaks()
  })

  it('copies end with the proxy', async () => {
    const filter = mirror({ to: 'http://shadow' })
    await using sim = simulate(proxy().route('/', filter, users()))
    sim.upstream('http://shadow').pause()
    await sim.get('/')
    expect(filter.inFlight).toBe(1)
    await sim.close()
    expect([filter.inFlight, filter.failed]).toEqual([0, 1])
  })

  it('copies of uploads are whole, also where the service is asked again', async () => {
    const filter = mirror({ to: 'http://shadow' })
    await using sim = simulate(
      proxy().route(
        '/',
        filter,
        pool(['http://u1', 'http://u2']).retry({ attempts: 2, methods: ['POST'], on: [503] }),
      ),
    )
    sim.upstream('http://u1').reply({ status: 503 })
    sim.upstream('http://u2').reply({ status: 503 })
    const body = 'x'.repeat(50_000)
    await sim.post('/', { body })
    await sim.settle()
    expect(['u1', 'u2'].map((it) => sim.upstream(`http://${it}`).requests.length)).toEqual([1, 1])
    expect(sim.upstream('http://shadow').requests.map((it) => it.body.length)).toEqual([50_000])
    await sim.assertNoLeaks()
  })

  it('is sent once where each attempt passes by', async () => {
    const filter = mirror({ to: 'http://shadow' })
    await using sim = simulate(
      proxy().route(
        '/',
        pool(['http://u1', 'http://u2'])
          .use(filter)
          .retry({ attempts: 2, methods: ['POST'], on: [503] }),
      ),
    )
    sim.upstream('http://u1').reply({ status: 503 })
    sim.upstream('http://u2').reply({ status: 503 })
    await sim.post('/', { body: 'hello' })
    await sim.settle()
    expect(['u1', 'u2'].map((it) => sim.upstream(`http://${it}`).requests.length)).toEqual([1, 1])
    expect(sim.upstream('http://shadow').requests.map((it) => it.body.length)).toEqual([5])
    expect([filter.sent, filter.dropped]).toEqual([1, 0])
    await sim.assertNoLeaks()
  })

  it('what is refused before it is not copied', async () => {
    const filter: Mirror = mirror({ to: 'http://shadow' })
    await using sim = simulate(
      proxy().route(
        '/',
        onRequest(() => respond(401)),
        filter,
        users(),
      ),
    )
    await sim.get('/')
    expect(filter.sent).toBe(0)
    await sim.assertNoLeaks()
  })
})

describe('mirror', () => {
  const to: Handler = () => respond(200)
  it.each<[string, unknown]>([
    ['to', {}],
    ['to', { to: 'shadow:8080' }],
    ['share', { to, share: 1.1 }],
    ['share', { to, share: Number.NaN }],
    ['when', { to, when: true }],
    ['maxBodyBytes', { to, maxBodyBytes: 'much' }],
    ['timeoutMs', { to, timeoutMs: 0 }],
    ['maxInFlight', { to, maxInFlight: 0 }],
    ['removeHeaders', { to, removeHeaders: 'cookie' }],
    ['shares', { to, shares: 1 }],
  ])('refuses a wrong %s', (option, options) => {
    expect(() => mirror(options as MirrorOptions)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', option }),
    )
  })
})
