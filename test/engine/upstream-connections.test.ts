import { describe, expect, it, onTestFinished } from 'vitest'
import { onResponse, respond } from '../../src/index.ts'
import { fakeUpstream, memoryNetwork, rawClient, virtualClock } from '../../src/testing/index.ts'
import { answer, client, deadUrl, GET, gateway, OK, rawUpstream } from './support.ts'

const POST = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi'

/** A proxy with one upstream connection that has served a request. */
async function used(options: Parameters<typeof gateway>[1] = {}) {
  const upstream = await rawUpstream()
  const app = await gateway(upstream, options)
  const from = await client(app)
  await from.send(GET)
  const peer = await upstream.accept()
  await peer.request()
  await peer.send(OK)
  expect((await from.response()).status).toBe(200)
  return { upstream, app, from, peer }
}

describe('a reused connection that has gone stale', () => {
  for (const [name, request] of [
    ['GET', GET],
    ['HEAD', 'HEAD / HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['PUT with a small body', POST.replace('POST', 'PUT')],
    ['QUERY with a small body', POST.replace('POST', 'QUERY')],
    ['DELETE', 'DELETE / HTTP/1.1\r\nHost: a\r\n\r\n'],
  ] as const) {
    it(`${name} is sent again on a new one, and the client sees nothing of it`, async () => {
      const { upstream, app, from, peer } = await used()
      await from.send(request)
      const first = await peer.request()
      peer.reset()
      const second = await upstream.accept()
      const again = await second.request()
      expect(again.head).toBe(first.head)
      expect(again.body).toEqual(first.body)
      await second.send(name === 'HEAD' ? 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n' : OK)
      expect((await from.response({ to: request.slice(0, 4).trim() })).status).toBe(200)
      expect(await app.outcome(2)).toMatchObject({ result: 'completed', status: 200, error: undefined })
    })
  }

  for (const [name, request] of [
    ['POST', POST],
    ['PUT with a streamed body', 'PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ] as const) {
    it(`${name} is not sent again: 502`, async () => {
      const { upstream, app, from, peer } = await used()
      await from.send(request)
      await peer.request()
      peer.reset()
      const response = await from.response()
      expect(response.status).toBe(502)
      expect(upstream.peers).toHaveLength(1)
      expect((await app.outcome(2)).error?.code).toBe('upstream_reset')
    })
  }

  it('a second time on a new connection is an error: no loop', async () => {
    const { upstream, from, peer } = await used()
    await from.send(GET)
    await peer.request()
    peer.reset()
    const second = await upstream.accept()
    await second.request()
    second.reset()
    expect((await from.response()).status).toBe(502)
    expect(upstream.peers).toHaveLength(2)
  })

  it('once a byte of a response has come it is not sent again', async () => {
    const { upstream, from, peer } = await used()
    await from.send(GET)
    await peer.request()
    await peer.send('HTTP/1.1 200')
    // Read by the proxy before the reset, since it is answered in order on the same connection.
    peer.end()
    expect((await from.response()).status).toBe(502)
    expect(upstream.peers).toHaveLength(1)
  })

  it('one that the upstream ended while it was idle is not used', async () => {
    const { upstream, from, peer } = await used()
    peer.end()
    await peer.over
    await from.send(POST)
    const second = await upstream.accept()
    expect((await second.request()).body.toString()).toBe('hi')
    await second.send(OK)
    expect((await from.response()).status).toBe(200)
  })
})

describe('an upstream that cannot be reached', () => {
  for (const [name, url, status, code, token] of [
    ['refused', deadUrl, 502, 'upstream_refused', 'connection_refused'],
    ['unknown', async () => 'http://no-such-host.invalid', 502, 'upstream_dns_failed', 'dns_error'],
  ] as const) {
    it(`${status}: ${name}`, async () => {
      const app = await gateway(await url())
      const from = await client(app)
      await from.send(GET + POST)
      for (let i = 0; i < 2; i++) {
        const response = await from.response()
        expect(response.status).toBe(status)
        expect(response.header('proxy-status')).toBe(`gatewright; error=${token}`)
        expect(JSON.parse(response.body.toString())).toMatchObject({ status, code })
      }
      expect(app.outcomes.map((it) => it.error?.code)).toEqual([code, code])
    }, 20_000)
  }

  it('502: closes at once, without an answer', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream)
    const from = await client(app)
    await from.send(GET)
    ;(await upstream.accept()).end()
    expect((await from.response()).status).toBe(502)
    expect((await app.outcome()).error?.code).toBe('upstream_reset')
  })
})

describe('a malformed response is 502, and its connection is closed', () => {
  for (const [name, bytes] of [
    ['no HTTP', 'SSH-2.0-OpenSSH_9.9\r\n'],
    ['a bare line feed', 'HTTP/1.1 200 OK\nContent-Length: 0\n\n'],
    ['a folded field', 'HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na'],
    [
      'length and chunked',
      'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['gzip as a transfer coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n'],
    ['a status of two digits', 'HTTP/1.1 99 No\r\n\r\n'],
    ['HTTP/2', 'HTTP/2.0 200 OK\r\n\r\n'],
    ['too many interim answers', `${'HTTP/1.1 102 Processing\r\n\r\n'.repeat(17)}${OK}`],
  ] as const) {
    it(name, async () => {
      const upstream = await rawUpstream()
      const app = await gateway(upstream)
      const from = await client(app)
      await from.send(GET)
      const peer = await upstream.accept()
      await peer.request()
      await peer.send(bytes)
      const response = await from.response()
      expect(response.status).toBe(502)
      expect(response.header('proxy-status')).toBe('gatewright; error=http_protocol_error')
      expect((await app.outcome()).error?.code).toBe('upstream_response_malformed')
      await peer.over
      await from.send(GET)
      const second = await upstream.accept()
      await second.request()
      await second.send(OK)
      expect((await from.response()).status).toBe(200)
    })
  }

  it('a head past the limit', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream)
    const from = await client(app)
    await from.send(GET)
    const peer = await upstream.accept()
    await peer.request()
    await peer.send(`HTTP/1.1 200 OK\r\nA: ${'a'.repeat(70_000)}\r\n\r\n`)
    expect((await from.response()).header('proxy-status')).toBe(
      'gatewright; error=http_response_header_section_size',
    )
    await peer.over
  })

  it('a chunk that is broken after the head cuts the response', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream)
    const from = await client(app)
    await from.send(GET)
    const peer = await upstream.accept()
    await peer.request()
    await peer.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n')
    expect((await from.response()).complete).toBe(false)
    expect(await app.outcome()).toMatchObject({
      result: 'failed',
      status: 200,
      error: { code: 'upstream_response_malformed' },
    })
    await peer.over
  })

  it('a body past the limit: refused by its length, cut when its chunks pass it', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream, { pool: { bodyBytes: 100 } })
    const from = await client(app)
    await from.send(GET)
    const peer = await upstream.accept()
    await peer.request()
    await peer.send(answer(200, 'x'.repeat(101)))
    expect((await from.response()).status).toBe(502)
    await peer.over
    await from.send(GET)
    const second = await upstream.accept()
    await second.request()
    await second.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n')
    await from.until('abc\r\n')
    await second.send(`63\r\n${'x'.repeat(99)}\r\n0\r\n\r\n`)
    expect(await from.rest()).not.toContain('0\r\n\r\n')
    expect((await app.outcome(2)).error?.code).toBe('upstream_body_too_large')
  })
})

describe('which connections are used again', () => {
  it('bytes after a complete response: the connection is closed, the bytes are nobody’s answer', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream)
    const from = await client(app)
    await from.send(GET)
    const peer = await upstream.accept()
    await peer.request()
    await peer.send(OK + answer(200, 'poison'))
    expect((await from.response()).body.toString()).toBe('ok')
    await peer.over
    await from.send(GET)
    const second = await upstream.accept()
    await second.request()
    await second.send(answer(200, 'clean'))
    expect((await from.response()).body.toString()).toBe('clean')
  })

  it('bytes that come later, on an idle connection, close it', async () => {
    const { upstream, from, peer } = await used()
    await peer.send(answer(200, 'poison'))
    await peer.over
    await from.send(GET)
    const second = await upstream.accept()
    await second.request()
    await second.send(answer(200, 'clean'))
    expect((await from.response()).body.toString()).toBe('clean')
  })

  for (const [name, response] of [
    ['Connection: close', 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok'],
    ['HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok'],
    ['a hint of no time', 'HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 2\r\n\r\nok'],
  ] as const) {
    it(`not after ${name}`, async () => {
      const upstream = (await rawUpstream()).answer(() => response)
      const from = await client(await gateway(upstream))
      for (let i = 0; i < 3; i++) {
        await from.send(GET)
        expect((await from.response()).status).toBe(200)
      }
      expect(upstream.peers).toHaveLength(3)
    })
  }

  it('after HTTP/1.0 with keep-alive, it is', async () => {
    const upstream = (await rawUpstream()).answer(
      () => 'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok',
    )
    const from = await client(await gateway(upstream))
    for (let i = 0; i < 3; i++) {
      await from.send(GET)
      expect((await from.response()).status).toBe(200)
    }
    expect(upstream.peers).toHaveLength(1)
  })

  it('idle ones are closed after their time, sooner when the upstream hints so', async () => {
    const clock = virtualClock()
    const network = memoryNetwork({ clock })
    const upstream = await fakeUpstream({ network, clock, host: 'service', port: 80 })
      .on('GET /short', { headers: { 'Keep-Alive': 'timeout=3' }, body: 'x' })
      .on('GET /', { body: 'x' })
      .start()
    onTestFinished(() => upstream.close())
    const app = await gateway('http://service:80', { start: { surroundings: { clock, network } } })
    const from = await rawClient(network, app.url)
    onTestFinished(() => from.close())
    await from.send(GET)
    await clock.advance('3900ms')
    expect(upstream.connections).toBe(1)
    await clock.advance('200ms')
    expect(upstream.connections).toBe(0)
    await from.send(GET.replace('/', '/short'))
    await clock.advance('1900ms')
    expect(upstream.connections).toBe(1)
    await clock.advance('200ms')
    expect(upstream.connections).toBe(0)
  })

  it('a short hint counts although another connection has longer to live', async () => {
    const clock = virtualClock()
    const network = memoryNetwork({ clock })
    const upstream = await fakeUpstream({ network, clock, host: 'service', port: 80 })
      .on('GET /short', { headers: { 'Keep-Alive': 'timeout=3' }, body: 'x', delayMs: 100 })
      .on('GET /', { body: 'x' })
      .start()
    onTestFinished(() => upstream.close())
    const app = await gateway('http://service:80', { start: { surroundings: { clock, network } } })
    const [one, two] = [await rawClient(network, app.url), await rawClient(network, app.url)]
    onTestFinished(async () => {
      await one.close()
      await two.close()
    })
    await one.send(GET.replace('/', '/short'))
    await clock.advance('50ms')
    await two.send(GET)
    await clock.advance('50ms')
    expect(upstream.connections).toBe(2)
    // One idles until 2.1 s, the other until 4.05 s.
    await clock.advance('2100ms')
    expect(upstream.connections).toBe(1)
    await clock.advance('2s')
    expect(upstream.connections).toBe(0)
  })
})

describe('a limit on connections', () => {
  it('requests past it wait for one to be free', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream, { pool: { maxConnections: 1 } })
    const [one, two] = [await client(app), await client(app)]
    await one.send(GET.replace('/', '/1'))
    const peer = await upstream.accept()
    expect((await peer.request()).target).toBe('/1')
    await two.send(GET.replace('/', '/2'))
    await app.begun(2)
    await peer.send(answer(200, '1'))
    expect((await peer.request()).target).toBe('/2')
    await peer.send(answer(200, '2'))
    expect((await one.response()).body.toString()).toBe('1')
    expect((await two.response()).body.toString()).toBe('2')
    expect(upstream.peers).toHaveLength(1)
  })

  it('when the connection breaks, the next in line gets a new one', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream, { pool: { maxConnections: 1 } })
    const [one, two] = [await client(app), await client(app)]
    await one.send(GET.replace('/', '/1'))
    const peer = await upstream.accept()
    await peer.request()
    await two.send(GET.replace('/', '/2'))
    await app.begun(2)
    peer.reset()
    const second = await upstream.accept()
    expect((await second.request()).target).toBe('/2')
    await second.send(answer(200, '2'))
    expect((await one.response()).status).toBe(502)
    expect((await two.response()).body.toString()).toBe('2')
  })

  it('503 pool_queue_full when too many wait', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream, { pool: { maxConnections: 1, maxPending: 1 } })
    const [one, two, three] = [await client(app), await client(app), await client(app)]
    await one.send(GET)
    const peer = await upstream.accept()
    await peer.request()
    await two.send(GET)
    await app.begun(2)
    await three.send(GET)
    const response = await three.response()
    expect(response.status).toBe(503)
    expect(response.header('proxy-status')).toBe('gatewright; error=connection_limit_reached')
    expect(JSON.parse(response.body.toString()).code).toBe('pool_queue_full')
    await peer.send(OK)
    await peer.request()
    await peer.send(OK)
    expect((await two.response()).status).toBe(200)
  })

  it('503 pool_queue_timeout after waiting too long, each at its own time', async () => {
    const clock = virtualClock()
    const network = memoryNetwork({ clock })
    const upstream = await fakeUpstream({ network, clock, host: 'service', port: 80 })
      .reply({ delayMs: 30_000 })
      .start()
    onTestFinished(() => upstream.close())
    const app = await gateway('http://service:80', {
      pool: { maxConnections: 1 },
      start: { surroundings: { clock, network } },
    })
    const clients = [
      await rawClient(network, app.url),
      await rawClient(network, app.url),
      await rawClient(network, app.url),
    ]
    onTestFinished(async () => {
      for (const one of clients) await one.close()
    })
    for (const one of clients) {
      await one.send(GET)
      await clock.advance('1s')
    }
    expect(app.outcomes).toHaveLength(0)
    await clock.advance('3500ms')
    expect(app.outcomes.map((it) => it.error?.code)).toEqual(['pool_queue_timeout'])
    await clock.advance('1s')
    expect(app.outcomes.map((it) => it.error?.code)).toEqual(['pool_queue_timeout', 'pool_queue_timeout'])
    await clock.advance('30s')
    expect(app.outcomes[2]).toMatchObject({ status: 200, error: undefined })
  })

  it('a client that leaves while it waits frees its place', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream, { pool: { maxConnections: 1, maxPending: 1 } })
    const [one, two, three] = [await client(app), await client(app), await client(app)]
    await one.send(GET.replace('/', '/1'))
    const peer = await upstream.accept()
    await peer.request()
    await two.send(GET.replace('/', '/2'))
    await app.begun(2)
    two.reset()
    expect((await app.outcome()).result).toBe('aborted')
    expect(app.endpoints[0]?.inFlight).toBe(1)
    await three.send(GET.replace('/', '/3'))
    await app.begun(3)
    await peer.send(OK)
    expect((await peer.request()).target).toBe('/3')
    await peer.send(OK)
    expect((await three.response()).status).toBe(200)
  })

  it('a client that leaves while its connection is being made frees that', async () => {
    const clock = virtualClock()
    const network = memoryNetwork({ clock })
    network.addHost('service')
    network.setFaults('service', { connect: 'unanswered' })
    const app = await gateway('http://service:80', {
      pool: { maxConnections: 1, maxPending: 0 },
      start: { surroundings: { clock, network } },
    })
    for (let i = 0; i < 3; i++) {
      const from = await rawClient(network, app.url)
      await from.send(GET)
      await clock.advance(0)
      expect(network.connecting).toBe(1)
      await from.reset()
      await clock.advance(0)
      expect(network.connecting).toBe(0)
    }
    expect(app.outcomes.map((it) => it.error?.code)).toEqual([
      'client_aborted',
      'client_aborted',
      'client_aborted',
    ])
  })
})

describe('leases', () => {
  it('a response that a filter drops gives its connection and its lease back', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream, {
      filters: [
        onResponse((response) => {
          response.body.discard()
          return respond(500, 'no')
        }),
      ],
    })
    const from = await client(app)
    await from.send(GET)
    const peer = await upstream.accept()
    await peer.request()
    await peer.send('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nabc')
    expect((await from.response()).status).toBe(500)
    await peer.over
    expect(app.endpoints[0]?.inFlight).toBe(0)
  })

  it('so does one that a filter forgets', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream, { filters: [onResponse(() => respond(500, 'no'))] })
    const from = await client(app)
    await from.send(GET)
    const peer = await upstream.accept()
    await peer.request()
    await peer.send('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nabc')
    expect((await from.response()).status).toBe(500)
    await peer.over
    expect(app.endpoints[0]?.inFlight).toBe(0)
  })

  it('is in flight until the end of the body', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream)
    const from = await client(app)
    await from.send(GET)
    const peer = await upstream.accept()
    await peer.request()
    await peer.send('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc')
    await from.until('abc')
    expect(app.endpoints[0]?.inFlight).toBe(1)
    await peer.send('def')
    await app.outcome()
    expect(app.endpoints[0]?.inFlight).toBe(0)
  })
})

it('a pool whose service is not there yet connects once it is', async () => {
  const url = await deadUrl()
  const app = await gateway(url)
  const from = await client(app)
  await from.send(GET)
  expect((await from.response()).status).toBe(502)
  ;(await rawUpstream({ port: Number(new URL(url).port) })).answer(() => OK)
  await from.send(GET)
  expect((await from.response()).status).toBe(200)
})
