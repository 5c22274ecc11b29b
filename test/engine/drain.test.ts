import { describe, expect, it, onTestFinished } from 'vitest'
import type { Network } from '../../src/core/network.ts'
import { pool, proxy, respond } from '../../src/index.ts'
import {
  client,
  GET,
  gateway,
  OK,
  type Peer,
  rawUpstream,
  SWITCHED,
  testClock,
  testNetwork,
  WEBSOCKET,
} from './support.ts'

/** A proxy that answers each request itself. */
async function answering() {
  return gateway(await rawUpstream(), { target: () => respond(200, 'ok') })
}

/** Asks for something and gives what the response says of its connection. */
async function ask(from: Peer): Promise<string | undefined> {
  await from.send(GET)
  const response = await from.response()
  expect(response.status).toBe(200)
  return response.header('connection')
}

describe('the notice of a drain', () => {
  it('takes everything as before, and says in each response that it is the last', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream)
    const [busy, idle] = [await client(app), await client(app)]
    await idle.send(GET)
    const peer = await upstream.accept()
    await peer.request()
    await peer.send(OK)
    expect((await idle.response()).header('connection')).toBeUndefined()
    await busy.send(GET)
    await peer.request()
    expect([app.running.ready, app.running.readiness]).toEqual([true, { ready: true, reasons: [] }])
    const draining = app.running.drain({ noticeMs: '5s', limitMs: '1h' })
    expect([app.running.ready, app.running.readiness.reasons]).toEqual([false, ['draining']])

    // One that has begun before.
    await peer.send(OK)
    expect((await busy.response()).header('connection')).toBe('close')
    expect(await busy.over).toBe('ended')
    await testClock().advance(4_999)
    // One on a connection from before, and one on a new one.
    const fresh = await client(app)
    await idle.send(GET)
    const again = await upstream.accept()
    for (const from of [idle, fresh]) {
      if (from === fresh) await from.send(GET)
      await again.request()
      await again.send(OK)
      expect((await from.response()).header('connection')).toBe('close')
      expect(await from.over).toBe('ended')
    }
    const { url } = app
    await testClock().advance(1)
    await expect(client({ url })).rejects.toThrow('ECONNREFUSED')
    for (const one of [busy, idle, fresh]) one.end()
    await draining
    await app.running.closed
    expect(app.running.readiness.reasons).toEqual(['closed'])
  })

  it('leaves connections alone that idle, and closes them behind it', async () => {
    const app = await answering()
    const [used, unused] = [await client(app), await client(app)]
    expect(await ask(used)).toBeUndefined()
    const draining = app.running.drain({ noticeMs: '5s' })
    await testClock().advance(4_999)
    expect(app.running.connections).toBe(2)
    await testClock().advance(1)
    expect([await used.over, await unused.over]).toEqual(['ended', 'ended'])
    used.end()
    unused.end()
    await draining
  })

  it('does not close a connection whose response has begun before', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream)
    const from = await client(app)
    await from.send(GET)
    const peer = await upstream.accept()
    await peer.request()
    await peer.send('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc')
    await from.until('abc')
    const draining = app.running.drain({ noticeMs: '5s' })
    await peer.send('def')
    await from.until('def')
    await testClock().advance(3_000)
    await from.send(GET)
    await peer.request()
    await peer.send(OK)
    expect((await from.response()).header('connection')).toBe('close')
    from.end()
    await testClock().until(draining)
  })

  it('ends early where another drain has none, or at a close', async () => {
    for (const sooner of ['drain', 'close'] as const) {
      const app = await answering()
      const { url } = app
      const draining = app.running.drain({ noticeMs: '1h', limitMs: '1h' })
      await testNetwork().settled()
      const from = await client(app)
      const ended = app.running[sooner]()
      from.end()
      await ended
      await draining
      await expect(client({ url })).rejects.toThrow('ECONNREFUSED')
    }
  })
})

describe('when a drain accepts no more', () => {
  it('a connection that was just used has a second for a last request', async () => {
    const app = await answering()
    const [late, silent, fresh] = [await client(app), await client(app), await client(app)]
    expect([await ask(late), await ask(silent)]).toEqual([undefined, undefined])
    await testClock().advance(400)
    const draining = app.running.drain('1h')
    await testClock().advance(599)
    expect(app.running.connections).toBe(3)
    expect([await ask(late), await ask(fresh)]).toEqual(['close', 'close'])
    await testClock().advance(1)
    expect(await silent.over).toBe('ended')
    for (const one of [late, silent, fresh]) one.end()
    await draining
  })

  it('a request is served of which a part has come', async () => {
    const app = await answering()
    const from = await client(app)
    await from.send(GET.slice(0, 10))
    const draining = app.running.drain('1h')
    await testClock().advance(10_000)
    await from.send(GET.slice(10))
    const response = await from.response()
    expect([response.status, response.header('connection')]).toEqual([200, 'close'])
    from.end()
    await draining
  })

  it('a connection whose response had begun before has a second for a last request', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream)
    const from = await client(app)
    await from.send(GET)
    const peer = await upstream.accept()
    await peer.request()
    await peer.send('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc')
    await from.until('abc')
    const draining = app.running.drain('1h')
    await testClock().advance(5_000)
    await peer.send('def')
    await from.until('def')
    await testClock().advance(999)
    await from.send(GET)
    await peer.request()
    await peer.send(OK)
    expect((await from.response()).header('connection')).toBe('close')
    from.end()
    await draining
  })
})

describe('tunnels in a drain', () => {
  async function tunnelled() {
    const upstream = await rawUpstream()
    const app = await gateway(upstream)
    const from = await client(app)
    await from.send(WEBSOCKET)
    const peer = await upstream.accept()
    await peer.request()
    await peer.send(SWITCHED)
    await from.until('\r\n\r\n')
    return { app, upstream, from, peer }
  }

  it('are closed at a time of their own, while exchanges go on', async () => {
    const { app, upstream, from, peer } = await tunnelled()
    const busy = await client(app)
    await busy.send(GET)
    const other = await upstream.accept()
    await other.request()
    const draining = app.running.drain({ noticeMs: '1s', tunnelMs: '5s', limitMs: '20s' })
    await testClock().advance(5_999)
    await peer.send('still')
    expect(await from.until('still')).toBe('still')
    expect(app.outcomes).toEqual([])
    await testClock().advance(1)
    await from.over
    await peer.over
    expect(await app.outcome()).toMatchObject({
      result: 'failed',
      status: 101,
      bytesSent: 5,
      error: { code: 'proxy_closed' },
    })
    await testClock().advance(10_000)
    await other.send(OK)
    expect((await busy.response()).status).toBe(200)
    busy.end()
    await draining
    expect(await app.outcome(2)).toMatchObject({ result: 'completed' })
  })

  it('stay until the limit where they have no time of their own', async () => {
    const { app, from, peer } = await tunnelled()
    const draining = app.running.drain('20s')
    await testClock().advance(19_999)
    expect(app.outcomes).toEqual([])
    await testClock().advance(1)
    await draining
    await from.over
    await peer.over
    expect(await app.outcome()).toMatchObject({ result: 'failed', error: { code: 'proxy_closed' } })
  })

  it('that end by themselves end the drain', async () => {
    const { app, from, peer } = await tunnelled()
    const draining = app.running.drain({ tunnelMs: '5s', limitMs: '20s' })
    from.end()
    await peer.over
    peer.end()
    await draining
    expect(await app.outcome()).toMatchObject({ result: 'completed', error: undefined })
  })

  it('are not begun any more behind their time', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream)
    const from = await client(app)
    await from.send(WEBSOCKET)
    const peer = await upstream.accept()
    await peer.request()
    const draining = app.running.drain({ tunnelMs: 0 })
    await testNetwork().settled()
    await peer.send(SWITCHED)
    const response = await from.response()
    expect([response.status, response.header('connection')]).toEqual([503, 'close'])
    await peer.over
    from.end()
    await draining
    expect((await app.outcome()).error?.code).toBe('proxy_closed')
  })
})

describe('a drain and a reload', () => {
  const other = () =>
    proxy()
      .listen({ port: 0, host: '127.0.0.2' })
      .route('/', () => respond(200, 'new'))

  it('what runs on a listener that a reload has removed is finished too', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream)
    const from = await client(app)
    await from.send(GET)
    const peer = await upstream.accept()
    await peer.request()
    await app.running.reload(other())
    expect(app.running.connections).toBe(1)
    const draining = app.running.drain('1h')
    await testNetwork().settled()
    await peer.send(OK)
    expect((await from.response()).status).toBe(200)
    from.end()
    await draining
  })

  it('a tunnel on a listener that a reload has removed is closed in time', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream)
    const from = await client(app)
    await from.send(WEBSOCKET)
    const peer = await upstream.accept()
    await peer.request()
    await peer.send(SWITCHED)
    await from.until('\r\n\r\n')
    await app.running.reload(other())
    const draining = app.running.drain({ tunnelMs: '5s' })
    await testClock().advance('5s')
    await from.over
    await draining
  })

  it('a reload is refused as soon as a drain has begun', async () => {
    const app = await answering()
    const { url } = app
    const { port } = await rawUpstream()
    const draining = app.running.drain({ noticeMs: '5s' })
    // It does not come as far as to find the port in use.
    await expect(app.running.reload(other().listen(port))).rejects.toThrow('the proxy is draining')
    // It goes on as it was.
    const from = await client(app)
    expect(await ask(from)).toBe('close')
    from.end()
    await testClock().until(draining)
    await expect(app.running.reload(other())).rejects.toThrow('the proxy is closed')
    await expect(client({ url })).rejects.toThrow('ECONNREFUSED')
  })

  it('a reload that is under way opens nothing that the drain does not know of', async () => {
    const { clock, network } = testNetwork().surroundings
    const bound = Promise.withResolvers<void>()
    let listening = 0
    const slow: Network = {
      connect: (options, handler) => network!.connect(options, handler),
      async listen(options, onWire) {
        const listener = await network!.listen(options, onWire)
        if (++listening > 1) await bound.promise
        return listener
      },
    }
    const users = pool(['http://127.0.0.1:9']).health({ path: '/' })
    const running = await proxy()
      .listen({ port: 0 })
      .route('/', users)
      .start({ signals: false, surroundings: { clock: clock!, network: slow } })
    onTestFinished(() => running.close())
    const from = await client(running)
    const reloading = running.reload(other())
    await testNetwork().settled()
    expect(listening).toBe(2)
    const draining = running.drain('1h')
    bound.resolve()
    await expect(reloading).rejects.toThrow('the proxy is draining')
    from.end()
    await draining
    // Nothing is left: the test's network looks at that.
  })
})

describe('the options of a drain', () => {
  it.each<[object | string | number, string]>([
    [{ noticeMs: 'soon' }, 'drain: "noticeMs" must be a duration'],
    [{ noticeMs: Number.POSITIVE_INFINITY }, 'drain: "noticeMs" must be a duration'],
    [{ limitMs: -1 }, 'drain: "limitMs" must be a duration'],
    [{ tunnelMs: '20s' }, 'drain: "tunnelMs" must be no longer than "limitMs", got "20s"'],
    [{ tunnelsMs: 1 }, 'did you mean "tunnelMs"?'],
    ['long', 'drain: "limitMs" must be a duration'],
    [-1, 'drain: "limitMs" must be a duration'],
  ])('%j are refused, and nothing is drained', async (options, message) => {
    const app = await answering()
    await expect(app.running.drain(options as never)).rejects.toMatchObject({
      code: 'ERR_OPTION_INVALID',
      message: expect.stringContaining(message),
    })
    expect(app.running.ready).toBe(true)
  })
})
