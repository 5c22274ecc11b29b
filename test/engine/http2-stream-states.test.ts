import { describe, expect, it } from 'vitest'
import { respond } from '../../src/index.ts'
import { ErrorCode } from '../../src/transport/http2/error-codes.ts'
import { Flag, FrameType } from '../../src/transport/http2/frame-head.ts'
import { SettingId } from '../../src/transport/http2/settings.ts'
import { frame, uint32 } from '../http2/recorded-frames.ts'
import { http2Client, http2Gateway } from '../http2/server-support.ts'
import { type GatewayOptions, rawUpstream, testClock, testNetwork } from './support.ts'

const settled = () => testNetwork().settled()
const never = () => new Promise<never>(() => {})

/** "/" is answered, and whatever else waits. */
async function world(options: GatewayOptions = {}) {
  const app = await http2Gateway(await rawUpstream(), {
    target: ({ request }) => (request.target === '/' ? respond(200, 'ok') : never()),
    ...options,
  })
  const client = await http2Client(app)
  await client.until('settings', () => client.seen.includes('settings-ack'))
  return { app, client }
}

describe('a frame of a stream that was never opened', () => {
  it.each<[what: string, bytes: Buffer, fault: string]>([
    ['DATA', frame(FrameType.DATA, 0, 9, 'x'), 'PROTOCOL_ERROR data of a stream'],
    ['RST_STREAM', frame(FrameType.RST_STREAM, 0, 9, uint32(8)), 'PROTOCOL_ERROR RST_STREAM of a stream'],
    [
      'WINDOW_UPDATE',
      frame(FrameType.WINDOW_UPDATE, 0, 9, uint32(1)),
      'PROTOCOL_ERROR WINDOW_UPDATE of a stream',
    ],
    [
      'a WINDOW_UPDATE of nothing',
      frame(FrameType.WINDOW_UPDATE, 0, 9, uint32(0)),
      'PROTOCOL_ERROR a WINDOW_UPDATE of nothing',
    ],
    ['a short PRIORITY', frame(FrameType.PRIORITY, 0, 9, 'x'), 'FRAME_SIZE_ERROR PRIORITY of 1 bytes'],
  ])('%s, ends the connection', async (_, bytes, fault) => {
    const { client } = await world()
    client.raw(bytes)
    expect(await client.ended()).toContain(fault)
  })

  it('PRIORITY, is nothing to speak of', async () => {
    const { client } = await world()
    client.raw(frame(FrameType.PRIORITY, 0, 9, Buffer.alloc(5)))
    expect((await client.ask()).status).toBe(200)
  })
})

describe('a frame of a stream that has ended', () => {
  it.each<[what: string, bytes: Buffer]>([
    ['WINDOW_UPDATE', frame(FrameType.WINDOW_UPDATE, 0, 1, uint32(2 ** 31 - 1))],
    ['a WINDOW_UPDATE of nothing', frame(FrameType.WINDOW_UPDATE, 0, 1, uint32(0))],
    ['RST_STREAM', frame(FrameType.RST_STREAM, 0, 1, uint32(8))],
    ['PRIORITY', frame(FrameType.PRIORITY, 0, 1, Buffer.alloc(5))],
  ])('%s, is nothing to speak of', async (_, bytes) => {
    const { client } = await world()
    expect((await client.ask()).status).toBe(200)
    client.raw(bytes)
    expect([(await client.ask()).status, client.goaways]).toEqual([200, []])
  })

  it.each<[what: string, bytes: Buffer]>([
    ['DATA', frame(FrameType.DATA, 0, 1, 'x')],
    ['a header section', frame(FrameType.HEADERS, 5, 1, Buffer.from([0x82]))],
  ])('%s, ends the connection', async (_, bytes) => {
    const { client } = await world()
    expect((await client.ask()).status).toBe(200)
    client.raw(bytes)
    expect(await client.ended()).toMatch(/^1 STREAM_CLOSED .* of a stream that has ended$/)
  })

  it('is no fault where the proxy has reset it, as long as it is known', async () => {
    const { client } = await world({ limits: { keepAliveMs: '1h' } })
    const malformed = (id: number) => client.raw(frame(FrameType.HEADERS, 5, id, Buffer.from([0x82])))
    for (let i = 0; i < 999; i++) malformed(2 * i + 1)
    await testClock().advance('10s')
    malformed(1_999)
    client.raw(frame(FrameType.DATA, 0, 1, 'x'))
    malformed(2_001)
    await settled()
    expect([client.stream(2_001).reset, client.over]).toEqual(['PROTOCOL_ERROR', undefined])
    // A thousand and one, of which the first is forgotten.
    client.raw(frame(FrameType.DATA, 0, 3, 'x'))
    await settled()
    expect(client.over).toBeUndefined()
    client.raw(frame(FrameType.DATA, 0, 1, 'x'))
    expect(await client.ended()).toBe('2001 STREAM_CLOSED data of a stream that has ended')
  })
})

describe('behind the end of a request', () => {
  it.each<[what: string, bytes: Buffer]>([
    ['data', frame(FrameType.DATA, 0, 1, 'x')],
    ['trailers', frame(FrameType.HEADERS, Flag.END_HEADERS | Flag.END_STREAM, 1)],
    ['its end again', frame(FrameType.DATA, Flag.END_STREAM, 1)],
  ])('%s resets its stream alone', async (_, bytes) => {
    const { client, app } = await world()
    client.request({ method: 'POST', path: '/waits', body: 'x' })
    client.raw(bytes)
    expect((await client.response(1)).reset).toBe('STREAM_CLOSED')
    expect(await app.outcome()).toMatchObject({ result: 'aborted', error: { code: 'request_malformed' } })
    expect((await client.ask()).status).toBe(200)
  })
})

it('an acknowledgement of SETTINGS that acknowledges nothing ends the connection', async () => {
  const { client } = await world()
  client.writer.settingsAck()
  client.writer.flush()
  expect(await client.ended()).toBe('0 PROTOCOL_ERROR an acknowledgement of nothing')
})

describe('a window', () => {
  const PADDED = frame(
    FrameType.DATA,
    Flag.PADDED,
    1,
    Buffer.concat([Buffer.from([255]), Buffer.from('x'), Buffer.alloc(255)]),
  )

  it('is given back for padding too', async () => {
    const { client } = await world({
      http2: { streamWindowBytes: '64kb', connectionWindowBytes: '64kb' },
      target: async ({ request }) => respond(200, String((await request.body.buffer()).length)),
    })
    const id = client.request({ method: 'POST', open: true })
    await settled()
    for (let i = 0; i < 1_000; i++) {
      client.raw(PADDED)
      if (i % 50 === 0) await settled()
    }
    client.data(id, '', true)
    expect((await client.response(id)).text).toBe('1000')
  })

  it.each<[what: string, bytes: Buffer]>([
    ['data', frame(FrameType.DATA, 0, 1, Buffer.alloc(16_384))],
    ['padding', PADDED],
  ])('of the connection is given back for %s of a stream that the proxy has reset', async (_, bytes) => {
    const { client } = await world({ http2: { connectionWindowBytes: '64kb' } })
    client.raw(frame(FrameType.HEADERS, 5, client.nextId(), Buffer.from([0x82])))
    expect((await client.response(1)).reset).toBe('PROTOCOL_ERROR')
    for (let i = 0; i < 600; i++) {
      client.raw(bytes)
      await settled()
    }
    expect([client.goaways, client.granted.get(0)]).toEqual([[], expect.any(Number)])
    expect((await client.ask()).status).toBe(200)
  })

  it('of the connection is given back for a body that is longer than it says', async () => {
    const { client } = await world({ http2: { connectionWindowBytes: '64kb' } })
    for (let i = 0; i < 20; i++) {
      const id = client.request({
        method: 'POST',
        path: '/waits',
        open: true,
        fields: [['content-length', '1']],
      })
      client.data(id, Buffer.alloc(16_000))
      expect((await client.response(id)).reset).toBe('PROTOCOL_ERROR')
    }
    expect((await client.ask()).status).toBe(200)
  })

  it('of a stream may be anything when nothing will be sent on it any more', async () => {
    const { client } = await world()
    const id = client.request({ method: 'POST', open: true })
    await client.until('the end', () => client.stream(id).ended)
    client.grant(id, 2 ** 31 - 1)
    client.data(id, '', true)
    await settled()
    expect([client.stream(id).reset, client.goaways]).toEqual([undefined, []])
  })

  it('of the connection is for the others when a stream that waits for it is reset', async () => {
    const app = await http2Gateway(await rawUpstream(), { target: () => respond(200, 'x'.repeat(100_000)) })
    const client = await http2Client(app, {
      grants: false,
      settings: [[SettingId.initialWindowSize, 1_000_000]],
    })
    const [first, second] = [client.request(), client.request()]
    await client.until(
      'the window',
      () => client.stream(first!).bytes + client.stream(second!).bytes === 65_535,
    )
    client.reset(first!, ErrorCode.CANCEL)
    client.grant(0, 1_000_000)
    expect((await client.response(second!)).bytes).toBe(100_000)
    expect(client.goaways).toEqual([])
  })
})

it('the size that a client gives the table of HPACK is kept to', async () => {
  const app = await http2Gateway(await rawUpstream(), {
    target: () => respond(200, 'ok', { 'x-same': 'the same each time' }),
  })
  const client = await http2Client(app, { settings: [[SettingId.headerTableSize, 0]] })
  // The limit is the client's own to enforce: what is in no table cannot be referred to.
  client.limitTable(0)
  for (let i = 0; i < 3; i++) expect((await client.ask()).header('x-same')).toBe('the same each time')
  expect(client.tableEntries).toBe(0)
})
