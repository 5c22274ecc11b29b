import { describe, expect, it } from 'vitest'
import { type Endpoint, type Filter, pool, proxy, respond } from '../../src/index.ts'
import { fakeUpstream, memoryNetwork, rawClient, virtualClock } from '../../src/testing/index.ts'
import { answer, client, GET, gateway, rawUpstream, SWITCHED, WEBSOCKET } from './support.ts'

// Found by test/chaos.test.ts.

const LARGE = 'x'.repeat(200_000)

describe('a response that a filter forgets', () => {
  const forgetting: Record<string, Filter> = {
    'to answer by itself': async (exchange, next) => {
      await next(exchange)
      return respond(207, 'own')
    },
    'because it throws': async (exchange, next) => {
      await next(exchange)
      throw new TypeError('a mistake')
    },
    'to try again': async (exchange, next) => {
      await next(exchange)
      return next(exchange)
    },
    'because it does not wait for it': (exchange, next) => {
      Promise.resolve(next(exchange)).catch(() => {})
      return respond(207, 'own')
    },
  }
  for (const [why, filter] of Object.entries(forgetting)) {
    it(`${why} gives its lease and its connection back`, async () => {
      const clock = virtualClock()
      const network = memoryNetwork({ clock })
      await using upstream = await fakeUpstream({ network, clock, host: 'service', port: 80 })
        .reply({ body: LARGE })
        .start()
      const endpoints = new Set<Endpoint>()
      const report = console.error
      console.error = () => {}
      const running = await proxy()
        .listen({ host: 'gateway', port: 80 })
        .use(filter)
        .route(
          '/',
          pool([upstream.url]).balance((candidates) => {
            endpoints.add(candidates[0]!)
            return candidates[0]!
          }),
        )
        .start({ signals: false, surroundings: { clock, network } })
      const from = await rawClient(network, { host: 'gateway', port: 80 })
      await from.send(GET)
      await from.response()
      await clock.advance('10s')
      console.error = report
      expect([...endpoints].map(({ inFlight }) => inFlight)).toEqual([0])
      expect(upstream.connections).toBe(0)
      await from.close()
      await running.close()
    })
  }

  it('a switch of protocols, too', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream, {
      filters: [
        async (exchange, next) => {
          await next(exchange)
          return respond(403, 'no')
        },
      ],
    })
    const from = await client(app)
    await from.send(WEBSOCKET)
    const peer = await upstream.accept()
    await peer.request()
    await peer.send(SWITCHED)
    expect((await from.response()).status).toBe(403)
    await peer.over
    expect(app.endpoints[0]!.inFlight).toBe(0)
  })

  it('a call of next after the end begins nothing', async () => {
    const upstream = (await rawUpstream()).answer(() => answer(200, 'ok'))
    const late = Promise.withResolvers<unknown>()
    const app = await gateway(upstream, {
      filters: [
        (exchange, next) => {
          exchange.onComplete(() =>
            setImmediate(() => {
              Promise.resolve(next(exchange)).catch((error: unknown) => late.resolve(error))
            }),
          )
          return respond(200, 'own')
        },
      ],
    })
    const from = await client(app)
    await from.send(GET)
    await from.response()
    expect(await late.promise).toMatchObject({ code: 'exchange_aborted' })
    expect(app.endpoints[0]!.inFlight).toBe(0)
    expect(upstream.peers).toHaveLength(0)
  })
})

describe('a response that ends with its connection', () => {
  it('is reset, not ended, when its half-closed client is given up', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream)
    const from = await client(app)
    await from.send('GET / HTTP/1.0\r\nHost: a\r\n\r\n')
    const peer = await upstream.accept()
    await peer.request()
    await peer.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n')
    await from.until('half')
    from.end()
    expect(await from.over).toBe('reset')
    expect((await app.outcome()).result).toBe('aborted')
  })

  it('is reset, not ended, when the proxy is closed', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream)
    const from = await client(app)
    await from.send('GET / HTTP/1.0\r\nHost: a\r\n\r\n')
    const peer = await upstream.accept()
    await peer.request()
    await peer.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n')
    await from.until('half')
    await app.running.close()
    expect(await from.over).toBe('reset')
  })
})
