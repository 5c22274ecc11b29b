import { createHash } from 'node:crypto'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { respond } from '../../src/index.ts'
import { ErrorCode } from '../../src/transport/http2/error-codes.ts'
import type { RawHttp2Peer } from '../http2/raw-http2-peer.ts'
import { http2Client, http2Gateway } from '../http2/server-support.ts'
import {
  type GatewayOptions,
  client as http1Client,
  OK,
  type Peer,
  rawUpstream,
  testClock,
  testNetwork,
} from './support.ts'

const settled = () => testNetwork().settled()

async function world(options: GatewayOptions = {}) {
  const upstream = await rawUpstream()
  const app = await http2Gateway(upstream, options)
  const client = await http2Client(app)
  return { upstream, app, client }
}

type World = Awaited<ReturnType<typeof world>>

/** A request that waits for its answer, and who is to give it. */
async function waiting({ upstream, client }: World, path = '/'): Promise<{ id: number; peer: Peer }> {
  const id = client.request({ path })
  const peer = await upstream.accept()
  await peer.request()
  return { id, peer }
}

describe('a client that resets a stream', () => {
  it('cancels what is done for it, and nothing else', async () => {
    const it = await world()
    const other = await waiting(it, '/other')
    const { id, peer } = await waiting(it)
    it.client.reset(id, ErrorCode.CANCEL)
    await peer.over
    expect(await it.app.outcome()).toMatchObject({
      result: 'aborted',
      status: undefined,
      error: { code: 'client_aborted' },
    })
    await other.peer.send(OK)
    expect((await it.client.response(other.id)).text).toBe('ok')
    expect(it.app.refused).toEqual([])
  })

  it('in the middle of the response ends that too', async () => {
    const it = await world()
    const { id, peer } = await waiting(it)
    await peer.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf')
    await it.client.until('the half', () => it.client.stream(id).bytes === 4)
    it.client.reset(id, ErrorCode.CANCEL)
    await peer.over
    expect(await it.app.outcome()).toMatchObject({ result: 'aborted', status: 200, bytesSent: 4 })
    expect(it.client.stream(id).reset).toBeUndefined()
  })

  it('in the middle of the request does not pass for its end', async () => {
    const it = await world()
    const id = it.client.request({ method: 'POST', open: true, body: 'half' })
    const peer = await it.upstream.accept()
    await peer.until('half')
    it.client.reset(id, ErrorCode.CANCEL)
    await peer.over
    expect(peer.unread).not.toContain('0\r\n\r\n')
    expect(await it.app.outcome()).toMatchObject({ result: 'aborted', bytesReceived: 4 })
  })

  it('that has ended meanwhile does no harm', async () => {
    const { client, app } = await world({ target: () => respond(200, 'ok') })
    const { id } = await client.ask()
    client.reset(id, ErrorCode.NO_ERROR)
    client.grant(id, 1)
    expect((await client.ask()).status).toBe(200)
    expect(app.outcomes.map(({ result }) => result)).toEqual(['completed', 'completed'])
  })
})

describe('a client that leaves', () => {
  it.each(['end', 'reset', 'destroy'] as const)('by %s cancels all its streams', async (how) => {
    const it = await world()
    const all = [await waiting(it), await waiting(it)]
    it.client.wire[how]()
    for (const { peer } of all) await peer.over
    expect([await it.app.outcome(1), await it.app.outcome(2)]).toMatchObject([
      { result: 'aborted', error: { code: 'client_aborted' } },
      { result: 'aborted', error: { code: 'client_aborted' } },
    ])
  })

  it('is not waited for, where it says GOAWAY and has streams', async () => {
    const it = await world()
    const { id, peer } = await waiting(it)
    it.client.writer.goaway(0, ErrorCode.NO_ERROR)
    it.client.writer.flush()
    await settled()
    await peer.send(OK)
    expect((await it.client.response(id)).status).toBe(200)
  })
})

describe('an exchange that a filter gives up', () => {
  it.each([
    ['before there is a response, is answered', 'before', [503, undefined]],
    ['while the response is sent, resets the stream', 'within', [200, 'INTERNAL_ERROR']],
  ] as const)('%s', async (_, when, expected) => {
    let abort: (() => void) | undefined
    const it = await world({
      filters: [
        (exchange, next) => {
          abort = () => exchange.abort()
          return next(exchange)
        },
      ],
    })
    const { id, peer } = await waiting(it)
    if (when === 'within') {
      await peer.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf')
      await it.client.until('the half', () => it.client.stream(id).bytes === 4)
    }
    abort!()
    const { status, reset } = await it.client.response(id)
    expect([status, reset]).toEqual(expected)
    await peer.over
  })

  it('because a body throws in the middle, resets the stream, and is told', async () => {
    const reported = vi.spyOn(console, 'error').mockImplementation(() => {})
    onTestFinished(() => reported.mockRestore())
    const { client, app } = await world({
      target: () =>
        respond(
          200,
          (async function* () {
            yield Buffer.from('half')
            await settled()
            throw new Error('no')
          })(),
        ),
    })
    const { status, reset, text, ended } = await client.ask()
    expect([status, reset, text, ended]).toEqual([200, 'INTERNAL_ERROR', 'half', false])
    expect(reported).toHaveBeenCalledTimes(1)
    expect(await app.outcome()).toMatchObject({ result: 'failed', error: { code: 'internal_error' } })
  })

  it('because a handler throws, is answered', async () => {
    const reported = vi.spyOn(console, 'error').mockImplementation(() => {})
    onTestFinished(() => reported.mockRestore())
    const { client } = await world({
      target: () => {
        throw new Error('no')
      },
    })
    expect((await client.ask()).status).toBe(500)
    expect(reported).toHaveBeenCalledTimes(1)
  })
})

describe('a drain, with HTTP/2', () => {
  it('takes what comes until the client has heard of it, and lets all of it finish', async () => {
    const it = await world()
    const { client, app } = it
    const first = await waiting(it)
    client.answers = false
    const draining = app.running.drain({ limitMs: '1h' })
    await settled()
    expect(client.seen.slice(-2)).toEqual(['goaway 2147483647 NO_ERROR', 'ping draining'])
    // It was under way when the client heard of it.
    const second = await waiting(it, '/second')
    client.writer.ping(Buffer.from('draining'), true)
    client.writer.flush()
    await settled()
    expect(client.goaways).toEqual(['2147483647 NO_ERROR', `${second.id} NO_ERROR`])
    for (const { id, peer } of [second, first]) {
      expect(client.over).toBeUndefined()
      await peer.send(OK)
      expect((await client.response(id)).text).toBe('ok')
    }
    await client.ended()
    await draining
    expect(app.outcomes.map(({ result }) => result)).toEqual(['completed', 'completed'])
  })

  it('is heard of by the answer to its own PING alone, and has two words in all', async () => {
    const it = await world()
    const { id, peer } = await waiting(it)
    it.client.answers = false
    const draining = it.app.running.drain({ limitMs: '1h' })
    await settled()
    it.client.writer.ping(Buffer.from('anything'), true)
    it.client.writer.flush()
    await settled()
    expect(it.client.goaways).toHaveLength(1)
    for (let i = 0; i < 2; i++) it.client.writer.ping(Buffer.from('draining'), true)
    it.client.writer.flush()
    await testClock().advance('2s')
    expect(it.client.goaways).toEqual(['2147483647 NO_ERROR', `${id} NO_ERROR`])
    await peer.send(OK)
    expect((await it.client.response(id)).status).toBe(200)
    await draining
  })

  it('goes on without the answer of a client after a second', async () => {
    const it = await world()
    const { id, peer } = await waiting(it)
    it.client.answers = false
    const draining = it.app.running.drain({ limitMs: '1h' })
    await testClock().advance(999)
    expect(it.client.goaways).toEqual(['2147483647 NO_ERROR'])
    await testClock().advance(1)
    expect(it.client.goaways).toEqual(['2147483647 NO_ERROR', `${id} NO_ERROR`])
    await peer.send(OK)
    expect((await it.client.response(id)).status).toBe(200)
    await draining
  })

  it('leaves alone what a client opens afterwards, with all that comes on it', async () => {
    const it = await world()
    const { client, app } = it
    const { id, peer } = await waiting(it)
    const draining = app.running.drain({ limitMs: '1h' })
    await client.until('the last word', () => client.goaways.length === 2)
    const late = client.request({ method: 'POST', body: 'body', trailers: [['a', 'b']] })
    const later = client.request({ method: 'POST', open: true, body: 'body' })
    client.reset(later, ErrorCode.CANCEL)
    client.grant(late, 10)
    await settled()
    expect([client.over, client.stream(late).reset]).toEqual([undefined, undefined])
    await peer.send(OK)
    expect((await client.response(id)).text).toBe('ok')
    await client.ended()
    await draining
    expect([app.outcomes.length, client.goaways.length]).toEqual([1, 2])
  })

  it('ends a connection without a stream when the client has heard of it', async () => {
    const { client, app } = await world()
    await client.until('settings', () => client.seen.includes('settings-ack'))
    const draining = app.running.drain()
    expect(await client.ended()).toBe('0 NO_ERROR')
    await draining
    expect(client.goaways).toEqual(['2147483647 NO_ERROR', '0 NO_ERROR'])
  })

  it('begins in its notice for a connection when one of its streams ends', async () => {
    const it = await world()
    const { client, app } = it
    const [one, two] = [await waiting(it), await waiting(it)]
    const idle = await http2Client(app)
    const draining = app.running.drain({ noticeMs: '5s', limitMs: '1h' })
    await settled()
    expect([client.goaways, idle.goaways]).toEqual([[], []])
    await one.peer.send(OK)
    expect((await client.response(one.id)).status).toBe(200)
    await client.until('the last word', () => client.goaways.length === 2)
    // A new connection is still taken, and is told so with its first stream.
    const fresh = await http2Client(app)
    const late = fresh.request()
    await one.peer.request()
    await one.peer.send(OK)
    expect((await fresh.response(late)).status).toBe(200)
    expect(await fresh.ended()).toBe(`${late} NO_ERROR`)
    await testClock().advance('5s')
    await idle.ended()
    await two.peer.send(OK)
    expect((await client.response(two.id)).status).toBe(200)
    await client.ended()
    await draining
  })

  it('gives up what still runs when its time is over', async () => {
    const it = await world()
    const { id, peer } = await waiting(it)
    const draining = it.app.running.drain({ limitMs: '5s' })
    await testClock().advance(4_999)
    expect(it.client.stream(id).reset).toBeUndefined()
    await testClock().advance(1)
    expect((await it.client.response(id)).reset).toBe('CANCEL')
    expect(await it.app.outcome()).toMatchObject({ result: 'failed', error: { code: 'proxy_closed' } })
    await peer.over
    await draining
  })
})

describe('a close, with HTTP/2', () => {
  it('gives up all streams, says so, and ends', async () => {
    const it = await world()
    const { id, peer } = await waiting(it)
    const half = await waiting(it)
    await half.peer.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf')
    await it.client.until('the half', () => it.client.stream(half.id).bytes === 4)
    const closing = it.app.running.close()
    expect(await it.client.ended()).toBe(`${half.id} NO_ERROR`)
    expect([it.client.stream(id).reset, it.client.stream(half.id).reset]).toEqual(['CANCEL', 'CANCEL'])
    await closing
    await peer.over
    expect(it.app.outcomes.map(({ result, error }) => [result, error?.code])).toEqual([
      ['failed', 'proxy_closed'],
      ['failed', 'proxy_closed'],
    ])
  })

  it('ends a connection of which nobody knows yet what it speaks', async () => {
    const { app } = await world()
    const client = await http2Client(app, { begins: false })
    client.raw('PRI * HT')
    await settled()
    const closing = app.running.close()
    await testNetwork().until(closing)
    expect(app.running.connections).toBe(0)
  })

  it('gives a client that is slow to read as long as it may take for that, and no longer', async () => {
    let asked = 0
    const { client, app } = await world({
      // Another one each time, or the table of HPACK would make it small.
      target: () => respond(200, 'ok', { 'x-large': `${'v'.repeat(4_000)}${asked++}` }),
      limits: { lingerMs: '1s', sendIdleMs: '10s' },
    })
    const slow = await http2Client(app)
    for (const it of [client, slow]) {
      it.pause()
      for (let i = 0; i < 100; i++) it.request({ method: 'HEAD' })
    }
    await settled()
    const closing = app.running.close()
    await testClock().advance(9_999)
    slow.resume()
    expect(await slow.ended()).toMatch(/^\d+ NO_ERROR$/)
    expect([slow.over, client.over]).toEqual(['ended', undefined])
    await testClock().advance(1)
    await closing
    // What it has not read is lost, and it can tell.
    client.resume()
    await client.ended()
    expect(client.over).toBe('reset')
  })

  it('does not wait without an end for a client that reads nothing', async () => {
    const it = await world({ target: () => respond(200, Buffer.alloc(1_000_000)) })
    it.client.grant(0, 2_000_000)
    const id = it.client.request()
    it.client.grant(id, 2_000_000)
    it.client.pause()
    await settled()
    const closing = it.app.running.close()
    await testNetwork().until(closing)
    expect(it.app.running.connections).toBe(0)
  })
})

describe('a tunnel over HTTP/2 (RFC 8441)', () => {
  const CONNECT: readonly (readonly [string, string])[] = [
    [':method', 'CONNECT'],
    [':protocol', 'websocket'],
    [':scheme', 'http'],
    [':path', '/chat'],
    [':authority', 'a'],
    ['sec-websocket-version', '13'],
  ]

  /** What a service answers that takes the WebSocket of this request. */
  function accepted(key: string): string {
    const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
    return `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`
  }

  async function joined(options: GatewayOptions = {}) {
    const it = await world(options)
    const id = open(it.client)
    const peer = await it.upstream.accept()
    const request = await peer.request()
    await peer.send(accepted(request.header('sec-websocket-key') ?? ''))
    await it.client.until('a head', () => it.client.stream(id).status !== 0)
    return { ...it, id, peer, request }
  }

  function open(client: RawHttp2Peer): number {
    const id = client.nextId()
    client.head(id, CONNECT, false)
    return id
  }

  it('carries bytes both ways until both sides have ended', async () => {
    const { client, app, id, peer, request } = await joined()
    expect([request.method, request.target, request.header('upgrade'), request.header('connection')]).toEqual(
      ['GET', '/chat', 'websocket', expect.stringMatching(/upgrade/i)],
    )
    const { status, fields } = client.stream(id)
    expect(status).toBe(200)
    expect(fields.map(([name]) => name)).not.toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^(sec-websocket-accept|upgrade|connection|content-length)$/),
      ]),
    )
    client.data(id, 'up')
    expect((await peer.bytes(2)).toString()).toBe('up')
    await peer.send('down')
    await client.until('down', () => client.stream(id).text === 'down')
    expect((await client.ask({ path: '/', method: 'OPTIONS', authority: '' })).reset).toBe('PROTOCOL_ERROR')
    client.data(id, '!', true)
    expect((await peer.bytes(1)).toString()).toBe('!')
    expect(await peer.over).toBe('ended')
    peer.end()
    expect((await client.response(id)).ended).toBe(true)
    expect(await app.outcome()).toMatchObject({
      result: 'completed',
      status: 101,
      bytesReceived: 3,
      bytesSent: 4,
    })
  })

  it('is shown to filters as a GET that asks for another protocol', async () => {
    const seen: unknown[] = []
    await joined({
      filters: [
        (exchange, next) => {
          const { method, upgrade, version } = exchange.request
          seen.push([method, upgrade, version])
          return next(exchange)
        },
      ],
    })
    expect(seen).toEqual([['GET', 'websocket', '2']])
  })

  it('has what comes before the answer', async () => {
    const it = await world()
    const id = open(it.client)
    it.client.data(id, 'early')
    const peer = await it.upstream.accept()
    const request = await peer.request()
    expect(peer.unread).toBe('')
    await peer.send(accepted(request.header('sec-websocket-key') ?? ''))
    expect((await peer.bytes(5)).toString()).toBe('early')
  })

  it.each([
    [
      'is refused with the status of the service',
      'HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno',
      403,
    ],
    ['is 502 where the service answers as if nothing had been asked', OK, 502],
  ])('%s', async (_, response, status) => {
    const it = await world()
    const id = open(it.client)
    const peer = await it.upstream.accept()
    await peer.request()
    await peer.send(response)
    await it.client.until('an answer', () => it.client.stream(id).ended)
    expect(it.client.stream(id).status).toBe(status)
    it.client.reset(id, ErrorCode.CANCEL)
  })

  it('that is refused costs no window of the connection', async () => {
    const it = await world({ target: () => respond(403, 'no') })
    for (let i = 0; i < 40; i++) {
      const id = open(it.client)
      it.client.data(id, Buffer.alloc(60_000), true)
      expect((await it.client.response(id)).status).toBe(403)
    }
    expect(it.client.granted.get(0)).toBeGreaterThan(40 * 60_000 - 524_288)
  })

  it.each([['the client'], ['the service']] as const)(
    'is reset on the other side where %s resets it',
    async (who) => {
      const { client, id, peer, app } = await joined()
      if (who === 'the client') {
        client.reset(id, ErrorCode.CANCEL)
        expect(await peer.over).toBe('reset')
      } else {
        peer.reset()
        expect((await client.response(id)).reset).toBe('CANCEL')
      }
      expect((await app.outcome()).result).not.toBe('completed')
      expect((await client.ask({ path: '*', method: 'OPTIONS', authority: '' })).reset).toBe('PROTOCOL_ERROR')
    },
  )

  it('holds each side back for the other', async () => {
    const { client, id, peer } = await joined()
    client.grants = false
    let taken = false
    const sent = peer.send(Buffer.alloc(1_000_000, 'd')).then(() => {
      taken = true
    })
    await client.until('the window', () => client.stream(id).bytes === 65_535)
    await settled()
    expect(taken).toBe(false)
    client.grant(0, 1_000_000)
    client.grant(id, 1_000_000)
    await sent
    await client.until('all', () => client.stream(id).bytes === 1_000_000)
    // Upwards: no more is let come than the window has, while the service takes nothing.
    peer.pause()
    const given = client.granted.get(id) ?? 0
    for (let i = 0; i < 16; i++) client.data(id, Buffer.alloc(16_384))
    await settled()
    expect((client.granted.get(id) ?? 0) - given).toBeLessThan(262_144)
    peer.resume()
    await peer.bytes(262_144)
    await settled()
    expect((client.granted.get(id) ?? 0) - given).toBeGreaterThan(131_072)
  })

  it('ends in a drain when tunnels have had their time, and other streams do not', async () => {
    const { client, app, id, peer, upstream } = await joined()
    const other = client.request()
    const service = await upstream.accept()
    await service.request()
    const draining = app.running.drain({ limitMs: '1h', tunnelMs: '5s' })
    await testClock().advance(4_999)
    expect(client.stream(id).reset).toBeUndefined()
    await testClock().advance(1)
    expect((await client.response(id)).reset).toBe('CANCEL')
    await peer.over
    expect(await app.outcome()).toMatchObject({ status: 101, error: { code: 'proxy_closed' } })
    await service.send(OK)
    expect((await client.response(other)).status).toBe(200)
    await client.ended()
    await draining
  })

  it('begins no more when tunnels have had their time', async () => {
    const it = await world()
    const id = open(it.client)
    const peer = await it.upstream.accept()
    const request = await peer.request()
    const draining = it.app.running.drain({ limitMs: '1h', tunnelMs: '5s' })
    await testClock().advance('5s')
    await peer.send(accepted(request.header('sec-websocket-key') ?? ''))
    await it.client.until('an answer', () => it.client.stream(id).ended)
    expect(it.client.stream(id).status).toBe(503)
    await peer.over
    it.client.data(id, '', true)
    await draining
  })

  it('may carry more than a body may have, and as slowly as it likes', async () => {
    const { client, app, id, peer } = await joined({ limits: { bodyBytes: 1_000, bodyIdleMs: '1s' } })
    for (let i = 0; i < 5; i++) {
      client.data(id, 'x'.repeat(1_000))
      expect((await peer.bytes(1_000)).length).toBe(1_000)
      await testClock().advance('1m')
    }
    expect(client.stream(id).reset).toBeUndefined()
    client.data(id, '', true)
    await peer.over
    peer.end()
    expect(await app.outcome()).toMatchObject({ result: 'completed', bytesReceived: 5_000 })
  })

  it('ends with a close', async () => {
    const aborted: string[] = []
    const { client, app, id, peer } = await joined({
      filters: [
        (exchange, next) => {
          exchange.onAbort(({ code }) => void aborted.push(code))
          return next(exchange)
        },
      ],
    })
    const closing = app.running.close()
    await client.ended()
    await closing
    expect(aborted).toEqual(['proxy_closed'])
    await peer.over
    expect(client.stream(id).reset).toBe('CANCEL')
    expect(await app.outcome()).toMatchObject({
      result: 'failed',
      status: 101,
      error: { code: 'proxy_closed' },
    })
  })
})

describe('what a listener is asked first', () => {
  const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'

  it.each(Array.from({ length: PREFACE.length - 1 }, (_, i) => i + 1))(
    'is found out where the preface comes in two parts, cut at %i',
    async (cut) => {
      const { app } = await world({ target: () => respond(200, 'ok') })
      const client = await http2Client(app, { begins: false })
      client.raw(PREFACE.slice(0, cut))
      await settled()
      client.raw(PREFACE.slice(cut))
      client.writer.settings([])
      expect((await client.ask()).status).toBe(200)
      expect(app.refused).toEqual([])
    },
  )

  it('is found out byte by byte, both ways', async () => {
    const { app } = await world({ target: () => respond(200, 'ok') })
    const client = await http2Client(app, { begins: false })
    for (const byte of PREFACE) client.raw(byte)
    client.writer.settings([])
    expect((await client.ask()).status).toBe(200)
    for (const method of ['P', 'PR', 'PRI', 'POST', 'PRIX']) {
      const old = await http1Client(app)
      for (const byte of `${method} / HTTP/1.1\r\nHost: a\r\n\r\n`) await old.send(byte)
      expect((await old.response()).status).toBe(200)
    }
  })

  it.each([
    ['PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n', 'request_version_unsupported'],
    ['PRI * HTTP/1.1\r\nHost: a\r\n\r\n', 'request_malformed'],
    [`${PREFACE}GET / HTTP/1.1\r\n\r\n`, 'request_malformed'],
    [`${PREFACE}\0\0\0\x06\0\0\0\0\0`, 'request_malformed'],
  ])("may be a lie, %j: that is an error with its reason, and nobody else's", async (bytes, code) => {
    const { app, client } = await world({ target: () => respond(200, 'ok') })
    const id = client.request({ method: 'POST', open: true })
    const liar = await http2Client(app, { begins: false, answers: false })
    liar.raw(bytes)
    while (liar.over === undefined) await settled()
    expect(app.refused.map((it) => it.code)).toEqual([code])
    expect(app.refused[0]!.detail ?? 'by its code').toMatch(/.{5}/)
    client.data(id, '', true)
    expect((await client.response(id)).status).toBe(200)
  })

  it('is the beginning of a preface that does not go on', async () => {
    const { app } = await world()
    const client = await http2Client(app, { begins: false })
    client.raw(PREFACE.slice(0, 10))
    await settled()
    expect(app.running.connections).toBe(2)
    client.wire.end()
    await client.ended()
    await settled()
    expect(app.running.connections).toBe(1)
  })

  it('counts for the connections of the listener, whatever is spoken', async () => {
    const { app, client } = await world({ limits: { connections: 2 }, target: () => respond(200, 'ok') })
    expect((await client.ask()).status).toBe(200)
    const two = await http2Client(app)
    expect((await two.ask()).status).toBe(200)
    expect(app.running.connections).toBe(2)
    const three = await http2Client(app)
    await three.ended()
    expect(three.seen).toEqual([])
    two.close()
    await settled()
    const four = await http2Client(app)
    expect((await four.ask()).status).toBe(200)
  })
})
