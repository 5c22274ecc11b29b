import { describe, expect, it } from 'vitest'
import { ErrorCode } from '../../src/transport/http2/error-codes.ts'
import { SettingId } from '../../src/transport/http2/settings.ts'
import { acceptOf } from '../../src/transport/websocket-handshake.ts'
import type { RawHttp2Peer } from '../http2/raw-http2-peer.ts'
import { type RawHttp2Service, rawHttp2Service } from '../http2/raw-http2-service.ts'
import { http2Client } from '../http2/server-support.ts'
import { client, type GatewayOptions, gateway, testClock, testNetwork } from './support.ts'

const KEY = 'dGhlIHNhbXBsZSBub25jZQ=='
const UPGRADE = `GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${KEY}\r\n\r\n`

function gatewayTo(
  service: RawHttp2Service,
  http2: NonNullable<GatewayOptions['pool']>['http2'] = true,
  pool = {},
) {
  return gateway(service.url, { pool: { http2, ...pool } })
}

function answer(peer: RawHttp2Peer, streamId: number, body = 'ok', status = '200'): void {
  peer.together(() => {
    peer.head(streamId, [[':status', status]], false)
    peer.data(streamId, body, true)
  })
}

describe('a session with a service', () => {
  it('carries several exchanges at once, each to its end', async () => {
    const service = await rawHttp2Service()
    const from = await http2Client(await gatewayTo(service))
    const [one, other] = [from.request({ path: '/1' }), from.request({ path: '/2' })]
    const peer = await service.request(1, 3)
    answer(peer, 3, 'two')
    answer(peer, 1, 'one')
    expect((await from.response(one)).text).toBe('one')
    expect((await from.response(other)).text).toBe('two')
    expect(service.peers).toHaveLength(1)
  })

  it('gets the control data that it is due, and what the proxy says of the client', async () => {
    const service = await rawHttp2Service()
    const from = await http2Client(await gatewayTo(service))
    from.request({ path: '/a?b=c', authority: 'shop.example', fields: [['te', 'trailers']] })
    const peer = await service.request(1, 1)
    expect(peer.stream(1).fields).toEqual([
      [':method', 'GET'],
      [':scheme', 'http'],
      [':authority', 'shop.example'],
      [':path', '/a?b=c'],
      ['x-forwarded-for', '127.0.0.1'],
      ['x-forwarded-proto', 'http'],
      ['x-forwarded-host', 'shop.example'],
      ['x-forwarded-port', expect.stringMatching(/^\d+$/)],
      ['via', expect.stringMatching(/^2 /)],
      ['te', 'trailers'],
    ])
    answer(peer, 1)
    await from.response(1)
  })

  it('is one for all who wait while it is made, and a further one past its streams', async () => {
    const service = await rawHttp2Service()
    const from = await http2Client(await gatewayTo(service, { streams: 2 }))
    const ids = [1, 2, 3].map(() => from.request())
    const first = await service.request(1, 3)
    const second = await service.request(2, 1)
    for (const [peer, id] of [
      [first, 1],
      [first, 3],
      [second, 1],
    ] as const)
      answer(peer, id)
    for (const id of ids) expect((await from.response(id)).status).toBe(200)
    expect(service.peers).toHaveLength(2)
  })

  it('is the one that has the fewest streams', async () => {
    const service = await rawHttp2Service()
    const from = await http2Client(await gatewayTo(service, { streams: 3 }))
    const ids = [1, 2, 3, 4].map(() => from.request())
    const first = await service.request(1, 5)
    const second = await service.request(2, 1)
    answer(first, 1)
    await from.response(ids[0]!)
    const next = from.request()
    answer(await service.request(2, 3), 3)
    expect((await from.response(next)).status).toBe(200)
    for (const [peer, id] of [
      [first, 3],
      [first, 5],
      [second, 1],
    ] as const)
      answer(peer, id)
    for (const id of ids) expect((await from.response(id)).status).toBe(200)
  })

  it('takes no more streams than the service allows', async () => {
    const service = await rawHttp2Service({ settings: [[SettingId.maxConcurrentStreams, 1]] })
    const from = await http2Client(await gatewayTo(service))
    from.request()
    answer(await service.request(1, 1), 1)
    await from.response(1)
    const [second, third] = [from.request(), from.request()]
    answer(await service.request(1, 3), 3)
    answer(await service.request(2, 1), 1)
    expect((await from.response(second)).status).toBe(200)
    expect((await from.response(third)).status).toBe(200)
  })

  it('is waited for where there may be no further one', async () => {
    const service = await rawHttp2Service()
    const from = await http2Client(await gatewayTo(service, { streams: 1 }, { maxConnections: 1 }))
    const [one, other] = [from.request(), from.request()]
    answer(await service.request(1, 1), 1)
    expect((await from.response(one)).status).toBe(200)
    answer(await service.request(1, 3), 3)
    expect((await from.response(other)).status).toBe(200)
    expect(service.peers).toHaveLength(1)
  })

  it('is closed when it had no stream for its time', async () => {
    const service = await rawHttp2Service()
    const from = await http2Client(await gatewayTo(service, { idleMs: '7s' }))
    from.request()
    const peer = await service.request(1, 1)
    answer(peer, 1)
    await from.response(1)
    await testClock().advance(6_990)
    expect(peer.over).toBeUndefined()
    await testClock().advance(20)
    expect(await peer.ended()).toBe('0 NO_ERROR')
  })
})

describe('what a service did not process', () => {
  for (const method of ['GET', 'POST']) {
    it(`${method}: is sent again on another connection behind a GOAWAY, and the rest goes on`, async () => {
      const service = await rawHttp2Service()
      const from = await http2Client(await gatewayTo(service))
      const kept = from.request({ method })
      const given = from.request({ method, path: '/given' })
      const peer = await service.request(1, 3)
      peer.writer.goaway(1, ErrorCode.NO_ERROR)
      peer.writer.flush()
      const next = await service.request(2, 1)
      expect(next.stream(1).header(':path')).toBe('/given')
      answer(next, 1, 'again')
      expect((await from.response(given)).text).toBe('again')
      answer(peer, 1, 'first')
      expect((await from.response(kept)).text).toBe('first')
      // It takes no further streams.
      from.request()
      answer(await service.request(2, 3), 3)
      await peer.ended()
    })
  }

  it('is sent again once where the stream was refused', async () => {
    const service = await rawHttp2Service()
    const app = await gatewayTo(service)
    const from = await http2Client(app)
    const id = from.request({ method: 'POST' })
    ;(await service.request(1, 1)).reset(1, ErrorCode.REFUSED_STREAM)
    ;(await service.request(2, 1)).reset(1, ErrorCode.REFUSED_STREAM)
    expect((await from.response(id)).status).toBe(503)
    expect((await app.outcome()).error).toMatchObject({ code: 'upstream_stream_refused', sent: 'none' })
    expect(service.peers).toHaveLength(2)
  })

  it('is not sent again where its body is gone', async () => {
    const service = await rawHttp2Service()
    const app = await gatewayTo(service)
    const from = await http2Client(app)
    const id = from.request({ method: 'POST', body: 'x' })
    const peer = await service.request(1, 1)
    await peer.until('the body', () => peer.stream(1).ended)
    peer.reset(1, ErrorCode.REFUSED_STREAM)
    expect((await from.response(id)).status).toBe(503)
    expect(service.peers).toHaveLength(1)
  })
})

describe('one stream alone ends', () => {
  /** A gateway with one exchange under way beside the one that is tried. */
  async function beside(pool: object = {}) {
    const service = await rawHttp2Service()
    const app = await gatewayTo(service, true, pool)
    const from = await http2Client(app)
    const other = from.request({ path: '/other' })
    const tried = from.request({ path: '/tried' })
    const peer = await service.request(1, 3)
    const otherGoesOn = async () => {
      answer(peer, 1, 'other')
      expect((await from.response(other)).text).toBe('other')
      expect([service.peers.length, peer.over, peer.goaways]).toEqual([1, undefined, []])
    }
    return { app, from, tried, peer, otherGoesOn }
  }

  it('when the service resets it before its answer: 502', async () => {
    const it = await beside()
    it.peer.reset(3, ErrorCode.INTERNAL_ERROR)
    expect((await it.from.response(it.tried)).status).toBe(502)
    expect((await it.app.outcome()).error).toMatchObject({ code: 'upstream_reset' })
    await it.otherGoesOn()
  })

  it('when the service resets it in its answer: the client sees that it is not whole', async () => {
    const it = await beside()
    it.peer.head(3, [[':status', '200']], false)
    it.peer.data(3, 'half')
    await it.from.until('a part', () => it.from.stream(it.tried).bytes === 4)
    it.peer.reset(3, ErrorCode.CANCEL)
    expect(await it.from.response(it.tried)).toMatchObject({ status: 200, reset: 'INTERNAL_ERROR' })
    expect((await it.app.outcome()).error).toMatchObject({ code: 'upstream_response_incomplete' })
    await it.otherGoesOn()
  })

  it('when the answer breaks a rule', async () => {
    const it = await beside()
    it.peer.head(
      3,
      [
        [':status', '200'],
        ['connection', 'close'],
      ],
      false,
    )
    expect((await it.from.response(it.tried)).status).toBe(502)
    expect(it.peer.stream(3).reset).toBe('PROTOCOL_ERROR')
    expect((await it.app.outcome()).error).toMatchObject({ code: 'upstream_response_malformed' })
    await it.otherGoesOn()
  })

  it('when the client leaves', async () => {
    const it = await beside()
    it.from.reset(it.tried, ErrorCode.CANCEL)
    await it.peer.until('a reset', () => it.peer.stream(3).reset === 'CANCEL')
    await it.otherGoesOn()
  })

  it('when its answer does not come in time', async () => {
    const it = await beside({ headMs: '3s' })
    answer(it.peer, 1, 'other')
    await testClock().advance(2_990)
    expect(it.from.stream(it.tried).status).toBe(0)
    await testClock().advance(20)
    expect((await it.from.response(it.tried)).status).toBe(504)
    expect(it.peer.stream(3).reset).toBe('CANCEL')
    expect(it.peer.over).toBeUndefined()
  })

  it('when the body of its answer stalls', async () => {
    const it = await beside({ bodyIdleMs: '3s' })
    it.peer.head(3, [[':status', '200']], false)
    it.peer.data(3, 'half')
    await it.from.until('a part', () => it.from.stream(it.tried).bytes === 4)
    // Each piece gives the next one as much time.
    await testClock().advance(2_000)
    it.peer.data(3, 'more')
    await it.from.until('another part', () => it.from.stream(it.tried).bytes === 8)
    await testClock().advance(2_990)
    expect(it.from.stream(it.tried).reset).toBeUndefined()
    await testClock().advance(20)
    expect((await it.from.response(it.tried)).reset).toBe('INTERNAL_ERROR')
    await it.otherGoesOn()
  })
})

describe('a service that says nothing more', () => {
  it('is asked for a sign of life when an attempt was given up, and its connection ends without one', async () => {
    const service = await rawHttp2Service({ answers: false })
    const app = await gatewayTo(service, { pingTimeoutMs: '2s' }, { headMs: '3s' })
    const from = await http2Client(app)
    const id = from.request()
    const peer = await service.request(1, 1)
    peer.writer.settingsAck()
    peer.writer.flush()
    await testNetwork().settled()
    const second = from.request()
    await service.request(1, 3)
    await testClock().advance(3_010)
    expect((await from.response(id)).status).toBe(504)
    expect((await from.response(second)).status).toBe(504)
    await peer.until('a ping', () => peer.seen.some((it) => it.startsWith('ping')))
    // Meanwhile nobody is sent there.
    const third = from.request()
    answer(await service.request(2, 1), 1)
    expect((await from.response(third)).status).toBe(200)
    await testClock().advance(2_010)
    expect(peer.over).toBe('reset')
  })

  it('keeps its connection where it gives one', async () => {
    const service = await rawHttp2Service()
    const from = await http2Client(await gatewayTo(service, { pingTimeoutMs: '2s' }, { headMs: '3s' }))
    from.request()
    const peer = await service.request(1, 1)
    answer(peer, 1)
    await from.response(1)
    from.request()
    await service.request(1, 3)
    await testClock().advance(3_010)
    expect((await from.response(3)).status).toBe(504)
    await peer.until('a ping', () => peer.seen.some((it) => it.startsWith('ping')))
    await testClock().advance('5s')
    from.request()
    answer(await service.request(1, 5), 5)
    expect((await from.response(5)).status).toBe(200)
  })

  it('is asked as often as it was told to be, while it has streams', async () => {
    const service = await rawHttp2Service({ answers: false })
    const from = await http2Client(await gatewayTo(service, { pingMs: '4s', pingTimeoutMs: '1s' }))
    from.request({ method: 'POST', body: 'x' })
    const peer = await service.request(1, 1)
    peer.writer.settingsAck()
    peer.writer.flush()
    await testNetwork().settled()
    await testClock().advance('8s')
    expect(peer.seen.filter((it) => it.startsWith('ping'))).toHaveLength(1)
    await testClock().advance('1s')
    expect(peer.over).toBe('reset')
    expect((await from.response(1)).status).toBe(502)
  })
})

describe('another protocol', () => {
  const OFFERED = { settings: [[SettingId.enableConnectProtocol, 1]] as const }

  it('is asked for by CONNECT once the service has said that it takes that, and bytes go both ways', async () => {
    const service = await rawHttp2Service(OFFERED)
    const from = await client(await gatewayTo(service))
    await from.send(UPGRADE)
    const peer = await service.request(1, 1)
    const { fields } = peer.stream(1)
    expect(fields.slice(0, 5)).toEqual([
      [':method', 'CONNECT'],
      [':scheme', 'http'],
      [':authority', 'a'],
      [':path', '/chat'],
      [':protocol', 'websocket'],
    ])
    expect(peer.stream(1).header('sec-websocket-version')).toBe('13')
    expect(peer.stream(1).header('sec-websocket-key')).toBeUndefined()
    peer.head(
      1,
      [
        [':status', '200'],
        ['sec-websocket-protocol', 'chat'],
      ],
      false,
    )
    const head = await from.until('\r\n\r\n')
    expect(head).toMatch(/^HTTP\/1\.1 101 /)
    expect(head).toContain(`Sec-WebSocket-Accept: ${acceptOf(KEY)}\r\n`)
    peer.data(1, 'from the service')
    expect(await from.until('service')).toContain('from the service')
    await from.send('from the client')
    await peer.until('bytes', () => peer.stream(1).text === 'from the client')
    peer.data(1, '', true)
    expect(await from.over).toBe('ended')
  })

  it('is refused with the status of the service', async () => {
    const service = await rawHttp2Service(OFFERED)
    const from = await client(await gatewayTo(service))
    await from.send(UPGRADE)
    const peer = await service.request(1, 1)
    answer(peer, 1, 'no', '403')
    const response = await from.response()
    expect([response.status, response.body.toString()]).toEqual([403, 'no'])
    expect(peer.stream(1)).toMatchObject({ ended: true, reset: undefined })
  })

  it('is a 502 where the service makes no tunnels, and no one else on the session hears of it', async () => {
    const service = await rawHttp2Service()
    const app = await gatewayTo(service)
    const other = await http2Client(app)
    const id = other.request()
    const peer = await service.request(1, 1)
    const from = await client(app)
    await from.send(UPGRADE)
    expect((await from.response()).status).toBe(502)
    expect((await app.outcome()).error).toMatchObject({ code: 'upstream_upgrade_failed' })
    answer(peer, 1)
    expect((await other.response(id)).status).toBe(200)
    expect([peer.fault, service.peers.length]).toEqual([undefined, 1])
  })

  it('that cannot be offered on is none: the answer is an answer', async () => {
    const service = await rawHttp2Service()
    const from = await client(await gatewayTo(service))
    await from.send(
      'POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n',
    )
    const peer = await service.request(1, 1)
    peer.head(1, [[':status', '200']], false)
    peer.data(1, 'early', true)
    const response = await from.response()
    expect([response.status, response.body.toString()]).toEqual([200, 'early'])
  })
})
