import { describe, expect, it, onTestFinished } from 'vitest'
import { type Outcome, pool, proxy, respond } from '../../src/index.ts'
import {
  answer,
  client,
  GET,
  gateway,
  OK,
  onRealSockets,
  rawUpstream,
  testClock,
  testNetwork,
} from './support.ts'

describe('reload', () => {
  it('a running exchange finishes on the old pools, a new one begins on the new, on the same connection', async () => {
    const [old, next] = [await rawUpstream(), await rawUpstream()]
    const app = await gateway(old)
    const from = await client(app)
    await from.send(GET)
    const peer = await old.accept()
    await peer.request()
    await peer.send('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nold')
    await from.until('old')
    await app.running.reload(
      proxy()
        .listen({ port: 0 })
        .route('/', pool([next.url])),
    )
    await peer.send('end')
    expect(await from.until('end')).toBe('end')
    // The old pool has no user left.
    await peer.over
    await from.send(GET)
    const other = await next.accept()
    await other.request()
    await other.send(answer(200, 'new'))
    expect((await from.response()).body.toString()).toBe('new')
    await app.running.close()
    await other.over
  })

  it('keeps the listener, and the connections of a pool that stays', async () => {
    const upstream = (await rawUpstream()).answer(() => OK)
    const service = pool([upstream.url])
    const app = await gateway(upstream, { target: service })
    const { url } = app
    const from = await client(app)
    await from.send(GET)
    expect((await from.response()).status).toBe(200)
    const same = () => proxy().listen({ port: 0 }).route('/', service)
    await app.running.reload(same())
    await app.running.reload(same())
    expect(app.running.url).toBe(url)
    await from.send(GET)
    expect((await from.response()).status).toBe(200)
    expect(upstream.peers).toHaveLength(1)
    await app.running.close()
    await upstream.peers[0]!.over
  })

  it('keeps connections to an endpoint that another description of a pool names', async () => {
    const upstream = (await rawUpstream()).answer(() => OK)
    const app = await gateway(upstream)
    const from = await client(app)
    await from.send(GET)
    await from.response()
    await app.running.reload(
      proxy()
        .listen({ port: 0 })
        .route('/', pool([upstream.url]).leastConnections()),
    )
    await from.send(GET)
    expect((await from.response()).status).toBe(200)
    expect(upstream.peers).toHaveLength(1)
  })

  it('closes a listener that is gone: idle connections at once, the busy one after its response', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream)
    const [busy, idle] = [await client(app), await client(app)]
    await busy.send(GET)
    const peer = await upstream.accept()
    await peer.request()
    const { url } = app
    await testClock().advance('1s')
    await app.running.reload(
      proxy()
        .listen({ port: 0, host: '127.0.0.2' })
        .route('/', () => respond(200, 'new')),
    )
    expect(app.running.url).not.toBe(url)
    expect(await idle.over).toBe('ended')
    await peer.send(OK)
    const response = await busy.response()
    expect(response.header('connection')).toBe('close')
    expect(await busy.over).toBe('ended')
    await expect(client({ url })).rejects.toThrow('ECONNREFUSED')
    const from = await client(app.running)
    await from.send(GET)
    expect((await from.response()).body.toString()).toBe('new')
  })

  it('one that cannot open its listener leaves everything as it was', async () => {
    const { port } = await rawUpstream()
    const upstream = (await rawUpstream()).answer(() => OK)
    const app = await gateway(upstream)
    await expect(
      app.running.reload(
        proxy()
          .listen({ port: 0, host: '127.0.0.2' })
          .listen(port)
          .route('/', () => respond(200, 'new')),
      ),
    ).rejects.toThrow(`127.0.0.1:${port} is in use`)
    const from = await client(app)
    await from.send(GET)
    expect((await from.response()).body.toString()).toBe('ok')
    expect(app.running.addresses).toHaveLength(1)
  })

  it('two listeners that are alike stay two', async () => {
    const two = (text: string) =>
      proxy()
        .listen({ port: 0 })
        .listen({ port: 0 })
        .route('/', () => respond(200, text))
    const running = await two('1').start({ signals: false, surroundings: testNetwork().surroundings })
    onTestFinished(() => running.close())
    const { addresses } = running
    await running.reload(two('2'))
    expect(running.addresses).toEqual(addresses)
    for (const { port } of addresses) {
      const from = await client({ url: `http://127.0.0.1:${port}` })
      await from.send(GET)
      expect((await from.response()).body.toString()).toBe('2')
    }
  })

  it('a listener whose options change keeps its port; connections from before end after their next response', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream)
    const { url } = app
    const port = Number(new URL(url).port)
    const [busy, idle, used] = [await client(app), await client(app), await client(app)]
    await busy.send(GET)
    const peer = await upstream.accept()
    await peer.request()
    await testClock().advance('1s')
    await used.send('GET / HTTP/1.1\r\nHost: a')
    await app.running.reload(
      proxy()
        .listen({ port: 0, limits: { headers: 2 } })
        .route('/', () => respond(200, 'new')),
    )
    expect(app.running.url).toBe(url)
    expect(app.running.connections).toBe(3)
    expect(await idle.over).toBe('ended')
    await peer.send(OK)
    const response = await busy.response()
    expect([response.body.toString(), response.header('connection')]).toEqual(['ok', 'close'])
    // Its limits are those that it began with, and what serves it is what serves now.
    await used.send('\r\nA: 1\r\nB: 2\r\n\r\n')
    const last = await used.response()
    expect([last.body.toString(), last.header('connection')]).toEqual(['new', 'close'])
    const fresh = await client({ url: `http://127.0.0.1:${port}` })
    await fresh.send('GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\r\n\r\n')
    expect((await fresh.response()).status).toBe(431)
    for (const one of [busy, idle, used]) one.end()
    // And once more, now that it has been handed on.
    await app.running.reload(
      proxy()
        .listen({ port: 0 })
        .route('/', () => respond(200, 'newer')),
    )
    const newer = await client({ url })
    await newer.send(GET)
    expect((await newer.response()).body.toString()).toBe('newer')
    await app.running.close()
    await expect(client({ url })).rejects.toThrow('ECONNREFUSED')
  })

  it('a listener without TLS that is to speak HTTP/1.1 alone does so', async () => {
    const app = await gateway(await rawUpstream())
    await app.running.reload(
      proxy()
        .listen({ port: 0, http2: false })
        .route('/', () => respond(200, 'new')),
    )
    const from = await client({ url: app.running.url })
    await from.send('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
    expect((await from.response()).status).toBe(505)
  })

  it('a request on a connection of a listener that is gone is served by what serves now', async () => {
    const app = await gateway(await rawUpstream(), { target: () => respond(200, 'old') })
    const [used, partly] = [await client(app), await client(app)]
    await used.send(GET)
    expect((await used.response()).body.toString()).toBe('old')
    await partly.send('GET / HT')
    const to = (text: string, host: string) =>
      proxy()
        .listen({ port: 0, host })
        .route('/', () => respond(200, text))
    await app.running.reload(to('new', '127.0.0.2'))
    await used.send(GET)
    const last = await used.response()
    expect([last.body.toString(), last.header('connection')]).toEqual(['new', 'close'])
    await app.running.reload(to('newer', '127.0.0.3'))
    await partly.send(GET.slice('GET / HT'.length))
    expect((await partly.response()).body.toString()).toBe('newer')
  })

  it('a failed one of several leaves those before and behind it in effect', async () => {
    const { port } = await rawUpstream()
    const app = await gateway(await rawUpstream())
    const to = (text: string) =>
      proxy()
        .listen({ port: 0 })
        .route('/', () => respond(200, text))
    const all = await Promise.allSettled([
      app.running.reload(to('1')),
      app.running.reload(to('2').listen(port)),
      app.running.reload(to('3').listen({ port: 0, host: '127.0.0.2' })),
    ])
    expect(all.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(app.running.addresses).toHaveLength(2)
    for (const { address, port } of app.running.addresses) {
      const from = await client({ url: `http://${address}:${port}` })
      await from.send(GET)
      expect((await from.response()).body.toString()).toBe('3')
    }
  })

  it('one that cannot open its listener leaves a listener whose options would change as it was', async () => {
    const { port } = await rawUpstream()
    const app = await gateway(await rawUpstream(), { target: () => respond(200, 'old') })
    const from = await client(app)
    const failing = proxy()
      .listen({ port: 0, limits: { headers: 2 } })
      .listen(port)
      .route('/', () => respond(200, 'new'))
    await expect(app.running.reload(failing)).rejects.toThrow('is in use')
    await from.send('GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\r\n\r\n')
    const response = await from.response()
    expect([response.body.toString(), response.header('connection')]).toEqual(['old', undefined])
    const fresh = await client(app)
    await fresh.send(GET)
    expect((await fresh.response()).body.toString()).toBe('old')
  })

  it('several at once take effect in order', async () => {
    const app = await gateway(await rawUpstream())
    const to = (text: string) =>
      proxy()
        .listen({ port: 0 })
        .route('/', () => respond(200, text))
    await Promise.all([app.running.reload(to('1')), app.running.reload(to('2')), app.running.reload(to('3'))])
    const from = await client(app)
    await from.send(GET)
    expect((await from.response()).body.toString()).toBe('3')
  })

  it('close also ends what still runs on a listener that a reload removed', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream)
    const from = await client(app)
    await from.send(GET)
    const peer = await upstream.accept()
    await peer.request()
    await app.running.reload(
      proxy()
        .listen({ port: 0, host: '127.0.0.2' })
        .route('/', () => respond(200, 'new')),
    )
    await app.running.close()
    await peer.over
    await from.over
  })
})

describe('drain', () => {
  it('closes idle connections, lets running ones finish with Connection: close, takes no new ones', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream)
    const [idle, fresh, busy] = [await client(app), await client(app), await client(app)]
    await idle.send(GET)
    const peer = await upstream.accept()
    await peer.request()
    await peer.send(OK)
    await idle.response()
    await busy.send(GET)
    await peer.request()
    const { url } = app
    await testClock().advance('1s')
    let drained = false
    const draining = app.running.drain('1h').then(() => {
      drained = true
    })
    expect(await idle.over).toBe('ended')
    expect(await fresh.over).toBe('ended')
    await expect(client({ url })).rejects.toThrow('ECONNREFUSED')
    expect(drained).toBe(false)
    await peer.send(OK)
    const response = await busy.response()
    expect(response.status).toBe(200)
    expect(response.header('connection')).toBe('close')
    expect(await busy.over).toBe('ended')
    for (const one of [idle, fresh, busy]) one.end()
    await draining
    await peer.over
    expect(await app.outcome(2)).toMatchObject({ result: 'completed', status: 200 })
  })

  it('a response that has begun is finished', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream)
    const from = await client(app)
    await from.send(GET)
    const peer = await upstream.accept()
    await peer.request()
    await peer.send('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc')
    await from.until('abc')
    const draining = app.running.drain('1h')
    await peer.send('def')
    await from.until('def')
    await testClock().advance('1s')
    expect(await from.over).toBe('ended')
    from.end()
    await draining
  })

  it('two at once both end', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream)
    const from = await client(app)
    await from.send(GET)
    const peer = await upstream.accept()
    await peer.request()
    const both = Promise.all([app.running.drain('1h'), app.running.drain('1h')])
    await peer.send(OK)
    await from.rest()
    from.end()
    await both
  })

  it('what is not finished in time is given up', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream)
    const from = await client(app)
    await from.send(GET)
    const peer = await upstream.accept()
    await peer.request()
    const draining = app.running.drain('20s')
    await testClock().advance(19_999)
    expect(app.outcomes).toEqual([])
    await testClock().advance(1)
    await draining
    await from.over
    await peer.over
    expect(await app.outcome()).toMatchObject({ result: 'failed', error: { code: 'proxy_closed' } })
  })
})

describe('close', () => {
  it('gives up what runs, on both sides, and can be called twice', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream)
    const [waiting, streaming, idle] = [await client(app), await client(app), await client(app)]
    await waiting.send(GET)
    const one = await upstream.accept()
    await one.request()
    await streaming.send(GET)
    const two = await upstream.accept()
    await two.request()
    await two.send('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc')
    await streaming.until('abc')
    await Promise.all([app.running.close(), app.running.close()])
    for (const peer of [waiting, streaming, idle, one, two]) await peer.over
    expect(app.outcomes.map((it) => `${it.result} ${it.status} ${it.error?.code}`).sort()).toEqual([
      'failed 200 proxy_closed',
      'failed undefined proxy_closed',
    ])
  })

  it('ends requests that wait for a connection', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream, { pool: { maxConnections: 1 } })
    const [one, two] = [await client(app), await client(app)]
    await one.send(GET)
    await upstream.accept()
    await two.send(GET)
    await app.begun(2)
    await app.running.close()
    await Promise.all([one.over, two.over])
    expect(app.outcomes).toHaveLength(2)
  })
})

describe('start', () => {
  // What the system says of an address.
  onRealSockets()

  it('a port in use is named, with what to do, in one line', async () => {
    const app = await gateway(await rawUpstream())
    const port = Number(new URL(app.url).port)
    const second = proxy()
      .listen(port)
      .route('/', () => respond(200))
      .start({ signals: false })
    await expect(second).rejects.toThrow(
      `127.0.0.1:${port} is in use: stop what listens there, or choose another port, such as ${port + 1}`,
    )
    await expect(second).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })

  it('an address of another machine is named', async () => {
    await expect(
      proxy()
        .listen({ port: 0, host: '192.0.2.1' })
        .route('/', () => respond(200))
        .start({ signals: false }),
    ).rejects.toThrow('192.0.2.1 is no address of this machine')
  })
})

describe('onComplete', () => {
  it('is called at once when the exchange is over, and a listener that throws does no harm', async () => {
    const calls: Outcome[] = []
    let late: (() => void) | undefined
    const app = await gateway(await rawUpstream(), {
      target(exchange) {
        exchange.onComplete(() => {
          throw new Error('mine')
        })
        exchange.onComplete((outcome) => calls.push(outcome))
        late = () => exchange.onComplete((outcome) => calls.push(outcome))
        return respond(200, 'ok')
      },
    })
    const { error } = console
    onTestFinished(() => {
      console.error = error
    })
    let reported = ''
    console.error = (text: string) => {
      reported = text
    }
    const from = await client(app)
    await from.send(GET)
    expect((await from.response()).status).toBe(200)
    await app.outcome()
    late?.()
    expect(calls).toHaveLength(2)
    expect(calls[0]).toBe(calls[1])
    expect(reported).toContain('gatewright')
  })

  it('a handler that fails is 500, reported, and tells nothing', async () => {
    const app = await gateway(await rawUpstream(), {
      target() {
        throw new Error('secret')
      },
    })
    const { error } = console
    onTestFinished(() => {
      console.error = error
    })
    const reported: unknown[] = []
    console.error = (...all: unknown[]) => reported.push(all)
    const from = await client(app)
    await from.send(GET)
    const response = await from.response()
    expect(response.status).toBe(500)
    expect(response.body.toString()).not.toContain('secret')
    expect(await app.outcome()).toMatchObject({ status: 500, error: { code: 'internal_error' } })
    expect(reported).toHaveLength(1)
  })

  it('a response that cannot be written is 500, also when it comes later', async () => {
    const { error } = console
    onTestFinished(() => {
      console.error = error
    })
    console.error = () => {}
    const broken = () => Object.assign(respond(200, 'x'), { headers: undefined as never })
    const app = await gateway(await rawUpstream(), {
      target: ({ request }) => (request.path === '/later' ? Promise.resolve(broken()) : broken()),
    })
    const from = await client(app)
    for (const path of ['/', '/later']) {
      await from.send(GET.replace('/', path))
      expect((await from.response()).status).toBe(500)
    }
  })

  it('an error handler whose own answer cannot be sent does not end in a circle', async () => {
    const { body } = respond(
      503,
      (async function* () {
        yield Buffer.from('sorry')
      })(),
    )
    const sorry = respond(503, body)
    const app = proxy()
      .listen({ port: 0 })
      .onError(() => sorry)
      .route('/', () => {
        throw new Error('x')
      })
    const { error } = console
    onTestFinished(() => {
      console.error = error
    })
    console.error = () => {}
    const running = await app.start({ signals: false, surroundings: testNetwork().surroundings })
    onTestFinished(() => running.close())
    const from = await client(running)
    await from.send(GET)
    expect((await from.response()).body.toString()).toBe('sorry')
    await from.send(GET)
    expect((await from.response()).status).toBe(500)
  })

  it('a filter that gives the exchange up cancels its attempt', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream, {
      filters: [
        (exchange, next) => {
          const response = next(exchange)
          if (exchange.request.path === '/') exchange.abort()
          return response
        },
      ],
    })
    const from = await client(app)
    await from.send(GET)
    expect((await from.response()).status).toBe(503)
    expect((await app.outcome()).error?.code).toBe('exchange_aborted')
    expect(app.endpoints[0]?.inFlight).toBe(0)
  })
})
