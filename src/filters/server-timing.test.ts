import { describe, expect, it } from 'vitest'
import { cache } from '../cache/index.ts'
import type { Filter } from '../core/handler.ts'
import { respond } from '../core/message.ts'
import { pool } from '../pool/pool.ts'
import { proxy } from '../proxy/proxy.ts'
import { type ExchangeOptions, exchange, fault, run, simulate } from '../testing/index.ts'
import { concurrencyLimit } from './concurrency-limit.ts'
import { type ServerTimingOptions, serverTiming } from './server-timing.ts'

async function told(
  client: ExchangeOptions['client'],
  options?: ServerTimingOptions,
): Promise<string | undefined> {
  const { response } = await run(serverTiming(options), exchange({ client }), () =>
    respond(200, '', { 'Server-Timing': 'db;dur=5' }),
  )
  return response.headers.get('server-timing')
}

describe('serverTiming', () => {
  it.each([
    ['a client on this machine', '127.0.0.1'],
    ['one by IPv6', '::1'],
    ['a trusted peer', { address: '203.0.113.9', peerTrusted: true }],
  ])('tells %s', async (_, client) => {
    expect(await told(client)).toBe('db;dur=5, filters;dur=0')
  })

  it.each(['192.0.2.1', '127.0.0.1.example', '::ffff:1'])('tells nothing to %s', async (client) => {
    expect(await told(client)).toBe('db;dur=5')
    expect(await told(client, { to: 'everyone' })).toBe('db;dur=5, filters;dur=0')
  })

  it('tells where the time went until the head was there', async () => {
    const slow: Filter = async (at, next) => {
      await new Promise<void>((resolve) => at.clock.setTimeout(resolve, 3))
      return next(at)
    }
    const limit = concurrencyLimit({ limit: 1, queue: { max: 5, timeoutMs: '1s' } })
    const app = proxy()
      .use(serverTiming({ to: 'everyone' }), slow, limit)
      .route('/', pool(['http://u1']))
    await using sim = simulate(app, { latencyMs: 1 })
    sim.upstream('http://u1').reply({ delayMs: 20 })
    const [first, second] = await Promise.all([
      sim.client('192.0.2.8').get('/'),
      sim.client('192.0.2.9').get('/'),
    ])
    // A connection, the way to the service and back, and what that takes.
    expect(first.headers.get('server-timing')).toBe('upstream;dur=24, filters;dur=3')
    expect(second.headers.get('server-timing')).toBe('queue;dur=24, upstream;dur=22, filters;dur=3')
    await sim.assertNoLeaks()
  })

  it('counts all attempts as the time of the service', async () => {
    const app = proxy()
      .use(serverTiming({ to: 'everyone' }))
      .route(
        '/',
        pool(['http://u1', 'http://u2'])
          .roundRobin()
          .retry({ attempts: 3, backoff: { baseMs: 10, maxMs: 10 } }),
      )
    await using sim = simulate(app, { latencyMs: 1 })
    sim.upstream('http://u1').inject(fault.resetBeforeHead(), { next: 1 })
    sim.upstream('http://u2').inject(fault.resetBeforeHead(), { next: 1 })
    const { headers } = await sim.get('/')
    expect(headers.get('server-timing')).toMatch(/^upstream;dur=\d+(?:\.\d+)?, filters;dur=0$/)
  })

  it('tells what a cache has made of it', async () => {
    const app = proxy()
      .use(serverTiming({ to: 'everyone' }), cache())
      .route('/', pool(['http://u1']))
    await using sim = simulate(app, { latencyMs: 1 })
    sim.upstream('http://u1').reply({ headers: { 'Cache-Control': 'max-age=60' }, body: 'a' })
    const miss = await sim.get('/')
    const hit = await sim.get('/')
    expect(miss.headers.get('server-timing')).toMatch(/^cache;desc=miss, upstream;dur=4, filters;dur=0$/)
    expect(hit.headers.get('server-timing')).toBe('cache;desc=hit, filters;dur=0')
  })

  it.each<[string, object]>([
    ['to', { to: 'all' }],
    ['everyone', { everyone: true }],
  ])('throws for a wrong "%s"', (option, options) => {
    expect(() => serverTiming(options as ServerTimingOptions)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', option }),
    )
  })
})
