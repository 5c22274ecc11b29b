import { describe, expect, it } from 'vitest'
import { pool, proxy, respond } from '../../src/index.ts'
import { Flag, FrameType } from '../../src/transport/http2/frame-head.ts'
import { SettingId } from '../../src/transport/http2/settings.ts'
import type { Field } from '../http2/field-lists.ts'
import type { RawRequest } from '../http2/raw-http2-peer.ts'
import { frame } from '../http2/recorded-frames.ts'
import { http2Client, http2Gateway } from '../http2/server-support.ts'
import { type GatewayOptions, OK, rawUpstream, testClock, testNetwork } from './support.ts'

const settled = () => testNetwork().settled()

async function answering(options: GatewayOptions = {}) {
  const app = await http2Gateway(await rawUpstream(), { target: () => respond(200, 'ok'), ...options })
  return { app, client: await http2Client(app) }
}

const fields = (count: number, value = 'v'): Field[] =>
  Array.from({ length: count }, (_, i) => [`x-${i}`, value])

describe('the limits of a listener, with HTTP/2', () => {
  it.each<
    [what: string, limits: GatewayOptions['limits'], request: RawRequest, status: number, code: string]
  >([
    ['too many fields', { headers: 5 }, { fields: fields(6) }, 431, 'request_head_too_large'],
    [
      'a head that is too large',
      { headBytes: 1_000, headers: 5 },
      { fields: fields(2, 'v'.repeat(700)) },
      431,
      'request_head_too_large',
    ],
    [
      'a target that is too long',
      { targetBytes: 10 },
      { path: '/234567890a' },
      414,
      'request_target_too_long',
    ],
    [
      'a length above the limit',
      { bodyBytes: 5 },
      { method: 'POST', fields: [['content-length', '6']], body: '123456' },
      413,
      'request_body_too_large',
    ],
  ])('answer %s', async (_, limits, request, status, code) => {
    const { app, client } = await answering({ limits: limits! })
    const response = await client.ask(request)
    expect([response.status, JSON.parse(response.text).code]).toEqual([status, code])
    expect(app.refused.map((it) => it.code)).toEqual([code])
    // The same, to HEAD.
    const head = await client.ask({ ...request, method: 'HEAD' })
    expect([head.status, head.bytes, head.ended]).toEqual([status, 0, true])
    expect((await client.ask()).status).toBe(200)
  })

  it.each<[what: string, limits: GatewayOptions['limits'], request: RawRequest]>([
    ['as many fields', { headers: 5 }, { fields: fields(5) }],
    ['a target as long', { targetBytes: 10 }, { path: '/234567890' }],
    ['a body as large', { bodyBytes: 6 }, { method: 'POST', body: '123456' }],
  ])('take %s as they say', async (_, limits, request) => {
    const { client } = await answering({ limits: limits! })
    expect((await client.ask(request)).status).toBe(200)
  })

  it.each<[what: string, limits: GatewayOptions['limits'], request: RawRequest, status: number]>([
    ['its head', { targetBytes: 10 }, { path: '/234567890a' }, 414],
    ['its length', { bodyBytes: 5 }, { fields: [['content-length', '60000']] }, 413],
    ['what it expects', {}, { fields: [['expect', 'wonders']] }, 417],
  ])(
    'take the body of a request that is answered for %s, and drop it',
    async (_, limits, request, status) => {
      const { client } = await answering({ limits: limits! })
      const id = client.request({ method: 'POST', open: true, ...request })
      await client.until('an answer', () => client.stream(id).ended)
      expect(client.stream(id).status).toBe(status)
      client.data(id, Buffer.alloc(60_000), true)
      await settled()
      expect(client.stream(id).reset).toBeUndefined()
      expect((await client.ask()).status).toBe(200)
    },
  )

  it('answer a body that turns out to be too large', async () => {
    const upstream = await rawUpstream()
    const app = await http2Gateway(upstream, { limits: { bodyBytes: 5 } })
    const client = await http2Client(app)
    const id = client.request({ method: 'POST', open: true, body: '12345' })
    const peer = await upstream.accept()
    client.data(id, '6', true)
    const response = await client.response(id)
    expect(response.status).toBe(413)
    expect(await app.outcome()).toMatchObject({
      result: 'completed',
      status: 413,
      error: { code: 'request_body_too_large' },
    })
    await peer.over
  })

  it('answer also a client without a window, as soon as it gives one', async () => {
    const { app } = await answering({ limits: { targetBytes: 10 } })
    const client = await http2Client(app, { settings: [[SettingId.initialWindowSize, 0]] })
    const id = client.request({ path: '/234567890a' })
    await settled()
    expect([client.stream(id).status, client.stream(id).bytes]).toEqual([414, 0])
    client.grant(id, 10_000)
    expect(JSON.parse((await client.response(id)).text).code).toBe('request_target_too_long')
  })

  it('answer it whole, whatever else of the request comes meanwhile', async () => {
    const { app } = await answering({ limits: { targetBytes: 10, drainBytes: 10_000 } })
    const client = await http2Client(app, { settings: [[SettingId.initialWindowSize, 0]] })
    const id = client.request({ method: 'POST', path: '/234567890a', open: true })
    client.data(id, Buffer.alloc(11_000))
    // Longer than the rest of a request is waited for.
    await testClock().advance('10s')
    client.grant(id, 10_000)
    await settled()
    expect(JSON.parse(client.stream(id).text).code).toBe('request_target_too_long')
    expect([client.stream(id).ended, client.stream(id).reset]).toEqual([true, undefined])
    // And no more than that.
    client.data(id, 'x')
    await settled()
    expect(client.order.slice(-2)).toEqual([`end ${id}`, `reset ${id} NO_ERROR`])
  })

  it('reset a stream with trailers that are too large', async () => {
    const upstream = await rawUpstream()
    const app = await http2Gateway(upstream, { limits: { headers: 5 } })
    const client = await http2Client(app)
    const id = client.request({ method: 'POST', open: true })
    const peer = await upstream.accept()
    client.head(id, fields(11), true)
    expect((await client.response(id)).reset).toBe('ENHANCE_YOUR_CALM')
    expect((await app.outcome()).error?.code).toBe('request_malformed')
    await peer.over
  })

  it('are told to the client', async () => {
    const { client } = await answering({
      limits: { headBytes: 1_000, headers: 10 },
      http2: { streams: 7, streamWindowBytes: '64kb', connectionWindowBytes: '256kb' },
    })
    await client.until('settings', () => client.seen.includes('settings'))
    expect(client.peer).toMatchObject({
      maxConcurrentStreams: 7,
      initialWindowSize: 65_536,
      maxHeaderListSize: 1_000 + 32 * 10,
      enableConnectProtocol: 1,
      noRfc7540Priorities: 1,
      maxFrameSize: 16_384,
    })
    expect(client.granted.get(0)).toBe(262_144 - 65_535)
  })

  it('let so many streams run at a time, and refuse others so that they can be sent again', async () => {
    const upstream = await rawUpstream()
    const app = await http2Gateway(upstream, { http2: { streams: 2 } })
    const client = await http2Client(app)
    const one = client.request()
    const two = client.request()
    const three = client.request({
      method: 'POST',
      body: 'what comes on it is dropped',
      trailers: [['a', 'b']],
    })
    expect((await client.response(three)).reset).toBe('REFUSED_STREAM')
    for (const id of [one, two]) {
      const peer = await upstream.accept()
      await peer.request()
      await peer.send(OK)
      expect((await client.response(id)).status).toBe(200)
    }
    const four = client.request()
    const peer = upstream.peers[1]!
    await peer.request()
    await peer.send(OK)
    expect((await client.response(four)).status).toBe(200)
    expect(app.outcomes).toHaveLength(3)
  })

  it('count a stream that was reset as long as its handler works', async () => {
    const go = Promise.withResolvers<void>()
    const { client } = await answering({
      http2: { streams: 2 },
      target: async ({ request }) => {
        if (request.target === '/slow') await go.promise
        return respond(200, 'ok')
      },
    })
    for (const id of [client.request({ path: '/slow' }), client.request({ path: '/slow' })])
      client.reset(id, 8)
    expect((await client.ask()).reset).toBe('REFUSED_STREAM')
    go.resolve()
    await settled()
    expect((await client.ask()).status).toBe(200)
  })

  it('are not those of a listener that speaks HTTP/1.1 alone', async () => {
    const app = await http2Gateway(await rawUpstream(), { http2: false })
    const client = await http2Client(app)
    await client.ended().catch(() => {})
    expect(client.peer.maxConcurrentStreams).toBe(Number.POSITIVE_INFINITY)
    expect(app.refused.map(({ code }) => code)).toEqual(['request_version_unsupported'])
  })

  it.each([
    [{ streams: 0 }, 'http2: "streams" must be a whole number from 1 to 10000, got 0'],
    [{ streams: 10_001 }, 'got 10001'],
    [{ streamWindowBytes: '1kb' }, 'http2: "streamWindowBytes"'],
    [{ connectionWindowBytes: 2 ** 30 }, 'http2: "connectionWindowBytes"'],
    [{ stream: 1 }, 'http2: "stream" must be one of the options that exist'],
  ])('of HTTP/2 are checked where they are given: %j', (http2, message) => {
    expect(() => proxy().listen({ port: 0, http2: http2 as never })).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', message: expect.stringContaining(message) }),
    )
    expect(() => pool(['http://a'])).not.toThrow()
  })
})

describe('the times of a listener, with HTTP/2', () => {
  it('end a connection whose preface does not come', async () => {
    const { app } = await answering({ limits: { headMs: '3s' } })
    const client = await http2Client(app, { begins: false })
    client.raw('PRI * HTTP/2.0\r\n')
    await testClock().advance(2_999)
    expect(client.over).toBeUndefined()
    await testClock().advance(1)
    client.fault = undefined
    await client.ended().catch(() => {})
    expect(client.over).toBe('ended')
  })

  it.each([
    ['SETTINGS', Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')],
    ['the rest of it', Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0')],
  ])('end a connection where %s does not come', async (_, bytes) => {
    const { app } = await answering({ limits: { headMs: '3s' } })
    const client = await http2Client(app, { begins: false, answers: false })
    client.raw(bytes)
    await testClock().advance(2_999)
    expect(client.goaways).toEqual([])
    await testClock().advance(1)
    expect(await client.ended()).toBe('0 ENHANCE_YOUR_CALM a frame that did not come in time')
    expect(app.refused).toHaveLength(1)
  })

  it('end a connection whose field block does not come whole', async () => {
    const { app, client } = await answering({ limits: { headMs: '3s' } })
    expect((await client.ask()).status).toBe(200)
    await testClock().advance('1s')
    // HEADERS without END_HEADERS.
    client.raw(Buffer.from([0, 0, 1, 1, 1, 0, 0, 0, 3, 0x82]))
    await testClock().advance(2_999)
    expect(client.goaways).toEqual([])
    await testClock().advance(1)
    expect(await client.ended()).toBe('1 ENHANCE_YOUR_CALM a frame that did not come in time')
    expect(app.outcomes).toHaveLength(1)
  })

  it.each([
    ['a frame of which the head alone comes', frame(FrameType.PING, 0, 0, Buffer.alloc(8)).subarray(0, 9)],
    ['a frame that nobody knows and that does not come whole', frame(0x42, 0, 0, 'x').subarray(0, 9)],
    ['a field block of which nothing has come', frame(FrameType.HEADERS, 0, 3)],
  ])('end a connection with %s', async (_, bytes) => {
    const { client } = await answering({
      limits: { headMs: '3s' },
      target: () => new Promise<never>(() => {}),
    })
    client.request()
    await client.until('settings', () => client.seen.includes('settings-ack'))
    client.raw(bytes)
    await testClock().advance(2_999)
    expect(client.goaways).toEqual([])
    await testClock().advance(1)
    expect(await client.ended()).toBe('1 ENHANCE_YOUR_CALM a frame that did not come in time')
  })

  it('are those of each frame, also where each chunk ends one and begins the next', async () => {
    const { client } = await answering({ limits: { headMs: '3s', keepAliveMs: '1h' } })
    await client.until('settings', () => client.seen.includes('settings-ack'))
    const ping = frame(FrameType.PING, 0, 0, Buffer.alloc(8))
    for (const cut of [5, 12]) {
      client.raw(ping.subarray(0, cut))
      for (let i = 0; i < 10; i++) {
        await testClock().advance('2s')
        client.raw(Buffer.concat([ping.subarray(cut), ping.subarray(0, cut)]))
      }
      client.raw(ping.subarray(cut))
      await settled()
    }
    expect(client.goaways).toEqual([])
    expect(client.seen.filter((it) => it.startsWith('pong'))).toHaveLength(22)
  })

  it('are those of a whole field block, however often a part of it comes', async () => {
    const { client } = await answering({ limits: { headMs: '3s', keepAliveMs: '1h' } })
    await client.until('settings', () => client.seen.includes('settings-ack'))
    client.raw(frame(FrameType.HEADERS, Flag.END_STREAM, 1, Buffer.from([0x82])))
    await testClock().advance('1s')
    client.raw(frame(FrameType.CONTINUATION, 0, 1, Buffer.from([0x86])))
    await testClock().advance(1_999)
    client.raw(frame(FrameType.CONTINUATION, 0, 1, Buffer.from([0x84])))
    await settled()
    expect(client.goaways).toEqual([])
    await testClock().advance(1)
    expect(await client.ended()).toBe('0 ENHANCE_YOUR_CALM a frame that did not come in time')
  })

  it('end a connection that does not acknowledge our settings', async () => {
    const { app } = await answering()
    const client = await http2Client(app, { answers: false })
    expect((await client.ask()).status).toBe(200)
    await testClock().advance(9_999)
    expect(client.goaways).toEqual([])
    await testClock().advance(1)
    expect(await client.ended()).toBe('1 SETTINGS_TIMEOUT settings that were not acknowledged in time')
  })

  it('end a connection that idles, in an orderly way', async () => {
    const { app, client } = await answering({ limits: { keepAliveMs: '10s' } })
    await testClock().advance('9s')
    expect((await client.ask()).status).toBe(200)
    await testClock().advance(9_999)
    expect(client.over).toBeUndefined()
    await testClock().advance(1)
    expect(await client.ended()).toBe('1 NO_ERROR')
    expect(app.refused).toEqual([])
  })

  it('let a connection live that has a stream', async () => {
    const upstream = await rawUpstream()
    const app = await http2Gateway(upstream, { limits: { keepAliveMs: '1s' } })
    const client = await http2Client(app)
    const id = client.request()
    const peer = await upstream.accept()
    await peer.request()
    await testClock().advance('30s')
    await peer.send(OK)
    expect((await client.response(id)).status).toBe(200)
  })

  it('answer a request whose body does not come', async () => {
    const upstream = await rawUpstream()
    const app = await http2Gateway(upstream, { limits: { bodyIdleMs: '3s', minBodyBytesPerSecond: 10 } })
    const client = await http2Client(app)
    const id = client.request({ method: 'POST', open: true })
    const peer = await upstream.accept()
    client.data(id, 'x'.repeat(30))
    await testClock().advance(3_000)
    expect(client.stream(id).status).toBe(0)
    // One byte too few.
    client.data(id, 'x'.repeat(29))
    await testClock().advance(2_999)
    expect(client.stream(id).status).toBe(0)
    await testClock().advance(1)
    await client.until('an answer', () => client.stream(id).ended)
    expect(client.stream(id).status).toBe(408)
    expect(await app.outcome()).toMatchObject({ status: 408, error: { code: 'request_body_timeout' } })
    await peer.over
    // The rest may come for a while, then no more.
    expect(client.stream(id).reset).toBeUndefined()
    await testClock().advance('2s')
    expect(client.stream(id).reset).toBe('NO_ERROR')
  })

  it('do not run for a body that the service does not take', async () => {
    const upstream = await rawUpstream()
    const app = await http2Gateway(upstream, {
      limits: { bodyIdleMs: '3s' },
      pool: { sendIdleMs: '1h', headMs: '1h' },
      http2: { streamWindowBytes: '16mb', connectionWindowBytes: '16mb' },
    })
    const client = await http2Client(app)
    const id = client.request({ method: 'POST', open: true })
    const peer = await upstream.accept()
    peer.pause()
    await client.until('settings', () => client.seen.includes('settings-ack'))
    client.data(id, Buffer.alloc(1_000_000))
    await testClock().advance('10m')
    expect([client.stream(id).status, client.stream(id).reset]).toEqual([0, undefined])
    peer.resume()
    client.data(id, '', true)
    expect((await peer.request()).body.length).toBe(1_000_000)
    await peer.send(OK)
    expect((await client.response(id)).status).toBe(200)
  })

  it('reset a stream whose client takes nothing of its response, and no other', async () => {
    const { client, app } = await answering({
      target: ({ request }) => respond(200, request.target === '/large' ? Buffer.alloc(200_000) : 'ok'),
      limits: { sendIdleMs: '3s' },
    })
    client.grants = false
    client.grant(0, 1_000_000)
    const id = client.request({ path: '/large' })
    await client.until('the window', () => client.stream(id).bytes === 65_535)
    for (let i = 0; i < 3; i++) {
      await testClock().advance(2_000)
      client.grant(id, 10)
    }
    // At 8 s: what was sent last was so less than 3 s before the look at it.
    await testClock().advance(2_000)
    expect(client.stream(id).reset).toBeUndefined()
    await testClock().advance(3_000)
    expect([client.stream(id).bytes, client.stream(id).reset]).toEqual([65_565, 'CANCEL'])
    expect(await app.outcome()).toMatchObject({ result: 'aborted', error: { code: 'client_stalled' } })
    expect((await client.ask()).status).toBe(200)
  })

  it('let the rest of a request come behind its response, for a while and so much', async () => {
    const { client, app } = await answering({ limits: { lingerMs: '1s', drainBytes: 1_000 } })
    const [slow, large] = [
      client.request({ method: 'POST', open: true }),
      client.request({ method: 'POST', open: true }),
    ]
    await client.until('answers', () => client.stream(slow).ended && client.stream(large).ended)
    client.data(large, Buffer.alloc(1_000))
    await testClock().advance(999)
    expect([client.stream(slow).reset, client.stream(large).reset]).toEqual([undefined, undefined])
    client.data(large, 'x')
    await settled()
    expect([client.stream(slow).reset, client.stream(large).reset]).toEqual([undefined, 'NO_ERROR'])
    await testClock().advance(1)
    expect(client.stream(slow).reset).toBe('NO_ERROR')
    // What was under way then is no fault.
    client.data(slow, 'x', true)
    client.data(large, 'x', true)
    expect((await client.ask()).status).toBe(200)
    expect(app.outcomes.map(({ result }) => result)).toEqual(['completed', 'completed', 'completed'])
  })
})
