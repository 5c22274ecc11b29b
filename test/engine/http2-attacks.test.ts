import fc from 'fast-check'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { HeaderList } from '../../src/core/headers.ts'
import { respond } from '../../src/index.ts'
import { CLIENT_PREFACE, Flag, FrameType } from '../../src/transport/http2/frame-head.ts'
import { SettingId } from '../../src/transport/http2/settings.ts'
import type { RawHttp2Peer } from '../http2/raw-http2-peer.ts'
import { frame, setting, uint32 } from '../http2/recorded-frames.ts'
import { http2Client, http2Gateway } from '../http2/server-support.ts'
import { type GatewayOptions, rawUpstream, testClock, testNetwork } from './support.ts'

const MIB = 1024 * 1024
const settled = () => testNetwork().settled()

/** A proxy that answers itself, an attacker, and someone else who wants to be served. */
async function world(options: GatewayOptions = {}, attacker: Parameters<typeof http2Client>[1] = {}) {
  const app = await http2Gateway(await rawUpstream(), { target: () => respond(200, 'ok'), ...options })
  const other = await http2Client(app)
  const client = await http2Client(app, attacker)
  await client.until('settings', () => client.seen.includes('settings'))
  return {
    app,
    client,
    served: async () => {
      expect((await other.ask()).status).toBe(200)
      expect([other.goaways, other.fault]).toEqual([[], undefined])
    },
  }
}

/** Does it again and again, up to `times`, until the connection is over. Returns how often that was, to a hundred. */
async function flood(client: RawHttp2Peer, times: number, once: (i: number) => void): Promise<number> {
  let i = 0
  while (i < times && client.over === undefined) {
    client.together(() => {
      for (let end = i + 100; i < end; i++) once(i)
    })
    await settled()
  }
  return i
}

/** GET http / and an authority of "a", by the static table. */
const GET = Buffer.from([0x82, 0x86, 0x84, 0x01, 0x01, 0x61])

const head = (streamId: number, endStream = true) =>
  frame(FrameType.HEADERS, Flag.END_HEADERS | (endStream ? Flag.END_STREAM : 0), streamId, GET)

describe('a flood of streams', () => {
  const opened = (i: number) => 2 * i + 1

  it.each<[what: string, once: (streamId: number) => Buffer]>([
    [
      'that the client resets',
      (id) => Buffer.concat([head(id), frame(FrameType.RST_STREAM, 0, id, uint32(8))]),
    ],
    [
      'that it makes the proxy reset by a fault (CVE-2025-8671)',
      (id) => Buffer.concat([head(id, false), frame(FrameType.WINDOW_UPDATE, 0, id, uint32(0))]),
    ],
    [
      'that overflow their window',
      (id) => Buffer.concat([head(id, false), frame(FrameType.WINDOW_UPDATE, 0, id, uint32(2 ** 31 - 1))]),
    ],
    ['that are malformed', (id) => frame(FrameType.HEADERS, 5, id, Buffer.from([0x82]))],
  ])('%s ends the connection after a thousand', async (_, once) => {
    const { app, client } = await world({ target: () => new Promise<never>(() => {}) })
    const times = await flood(client, 100_000, (i) => client.raw(once(opened(i))))
    expect(times).toBeLessThanOrEqual(1_100)
    expect(await client.ended()).toMatch(/ENHANCE_YOUR_CALM too many streams that were reset$/)
    expect(app.refused.at(-1)!.detail).toContain('too many streams that were reset')
    // No more were let work at the same time than streams are allowed.
    expect(app.outcomes.length).toBeLessThanOrEqual(128)
    expect(app.running.connections).toBe(1)
  })

  it('leaves others their service', async () => {
    const { client, served } = await world()
    await flood(client, 100_000, (i) =>
      client.raw(Buffer.concat([head(opened(i)), frame(FrameType.RST_STREAM, 0, opened(i), uint32(8))])),
    )
    await client.ended()
    await served()
  })

  it('is none where as many are reset in the course of time', async () => {
    const { client, app } = await world({
      target: () => new Promise((resolve) => setImmediate(() => resolve(respond(200, 'ok')))),
    })
    for (let i = 0; i < 300; i++) {
      await flood(client, 10, (j) => {
        const id = opened(i * 10 + j)
        if (j < 10) client.raw(Buffer.concat([head(id), frame(FrameType.RST_STREAM, 0, id, uint32(8))]))
      })
      await testClock().advance('1s')
    }
    expect(client.over).toBeUndefined()
    expect(app.refused).toEqual([])
  }, 30_000)

  it('of which none ends holds no more than the streams that are allowed', async () => {
    const { client, app } = await world({
      target: () => new Promise(() => {}) as never,
      http2: { streams: 10 },
    })
    await flood(client, 900, (i) => client.raw(head(opened(i))))
    expect(client.order.filter((it) => it.endsWith('REFUSED_STREAM'))).toHaveLength(890)
    expect(client.over).toBeUndefined()
    client.close()
    await app.outcome(10)
    expect(app.outcomes).toHaveLength(10)
  })
})

describe('a flood of field blocks', () => {
  it.each([
    ['empty ones', 0, 'more than 8 CONTINUATION frames'],
    ['full ones', 16_384, 'a field block of more than'],
  ])('in CONTINUATION frames, %s, ends the connection', async (_, size, detail) => {
    const { client, app, served } = await world()
    client.raw(frame(FrameType.HEADERS, Flag.END_STREAM, 1, Buffer.from([0x82])))
    const times = await flood(client, 100_000, () =>
      client.raw(frame(FrameType.CONTINUATION, 0, 1, Buffer.alloc(size, 0x82))),
    )
    expect(times).toBeLessThanOrEqual(100)
    expect(await client.ended()).toContain(detail)
    expect(app.outcomes).toEqual([])
    await served()
  })

  it('that become a megabyte each by the table is answered, and nothing of it is kept', async () => {
    const { client, app, served } = await world()
    const value = Buffer.alloc(3_900, 'v')
    const first = Buffer.concat([GET, Buffer.from('\x40\x07x-large\x7f\xbd\x1d', 'latin1'), value])
    client.raw(frame(FrameType.HEADERS, 5, 1, first))
    expect((await client.response(1)).status).toBe(200)
    // A byte for each of the fields, which are 4 000 bytes.
    const bomb = Buffer.concat([
      Buffer.from([0x82, 0x86, 0x84, 0x01, 0x01, 0x61]),
      Buffer.alloc(16_000, 0xbe),
    ])
    for (let id = 3; id < 203; id += 2) {
      client.raw(frame(FrameType.HEADERS, 5, id, bomb))
      expect((await client.response(id)).status).toBe(431)
    }
    expect(app.refused.map(({ code }) => code)).toEqual(Array(100).fill('request_head_too_large'))
    await served()
    expect((await client.response(1)).status).toBe(200)
  })
})

describe('a flood of frames that bring nothing', () => {
  const EIGHT = Buffer.alloc(8)

  it.each<[what: string, bytes: Buffer]>([
    ['SETTINGS', frame(FrameType.SETTINGS, 0, 0)],
    [
      'SETTINGS that change all windows',
      frame(
        FrameType.SETTINGS,
        0,
        0,
        Buffer.concat(
          Array.from({ length: 32 }, (_, i) => setting(SettingId.initialWindowSize, 65_535 + (i % 2))),
        ),
      ),
    ],
    ['PING', frame(FrameType.PING, 0, 0, EIGHT)],
    ['answers to PING', frame(FrameType.PING, Flag.ACK, 0, EIGHT)],
    ['PRIORITY', frame(FrameType.PRIORITY, 0, 1, Buffer.alloc(5))],
    ['PRIORITY of streams that there are not', frame(FrameType.PRIORITY, 0, 99_999, Buffer.alloc(5))],
    [
      'PRIORITY_UPDATE',
      frame(FrameType.PRIORITY_UPDATE, 0, 0, Buffer.concat([uint32(1), Buffer.from('u=1')])),
    ],
    ['WINDOW_UPDATE', frame(FrameType.WINDOW_UPDATE, 0, 0, uint32(1))],
    ['WINDOW_UPDATE of a stream', frame(FrameType.WINDOW_UPDATE, 0, 1, uint32(1))],
    ['empty DATA', frame(FrameType.DATA, 0, 1)],
    ['DATA that is padding alone', frame(FrameType.DATA, Flag.PADDED, 1, Buffer.from([3, 0, 0, 0]))],
    ['GOAWAY', frame(FrameType.GOAWAY, 0, 0, EIGHT)],
    ['frames of a type that nobody knows', frame(0x42, 0, 0, 'x')],
  ])('%s, ends the connection', async (_, bytes) => {
    const { client, app, served } = await world({
      target: ({ request }) =>
        request.method === 'POST' ? new Promise<never>(() => {}) : respond(200, 'ok'),
    })
    client.request({ method: 'POST', open: true })
    const times = await flood(client, 100_000, () => client.raw(bytes))
    expect(times).toBeLessThanOrEqual(1_100)
    expect(await client.ended()).toBe('1 ENHANCE_YOUR_CALM too many frames that bring nothing')
    expect(app.refused.at(-1)?.detail).toContain('too many frames that bring nothing')
    await served()
  })

  it.each<[what: string, bytes: Buffer]>([
    ['header sections', head(1)],
    ['DATA', frame(FrameType.DATA, 0, 1, 'x')],
  ])('%s of a stream that the proxy has reset, ends the connection', async (_, bytes) => {
    const { client, app, served } = await world()
    client.raw(frame(FrameType.HEADERS, 5, 1, Buffer.from([0x82])))
    expect((await client.response(1)).reset).toBe('PROTOCOL_ERROR')
    expect(await flood(client, 100_000, () => client.raw(bytes))).toBeLessThanOrEqual(1_100)
    expect(await client.ended()).toBe('1 ENHANCE_YOUR_CALM too many frames that bring nothing')
    expect(app.outcomes).toEqual([])
    await served()
  })

  it('header sections of streams that are not taken in a drain, ends the connection', async () => {
    const { client, app } = await world({ target: () => new Promise<never>(() => {}) })
    client.request()
    const draining = app.running.drain({ limitMs: '1h' })
    await client.until('the last word', () => client.goaways.length === 2)
    expect(await flood(client, 100_000, (i) => client.raw(head(3 + 2 * i)))).toBeLessThanOrEqual(1_100)
    expect(await client.ended()).toBe('1 ENHANCE_YOUR_CALM too many frames that bring nothing')
    await draining
    expect(app.outcomes).toHaveLength(1)
  })

  it('is none where they come in the course of time', async () => {
    const { client, served } = await world({ limits: { keepAliveMs: '1h' } })
    for (let i = 0; i < 100; i++) {
      client.together(() => {
        for (let j = 0; j < 90; j++) client.ping('still')
      })
      await testClock().advance('1s')
    }
    expect(client.over).toBeUndefined()
    await served()
  })

  it('is none where a client gives each window back twice for every frame', async () => {
    const { client } = await world({ target: () => respond(200, Buffer.alloc(64 * MIB)) })
    expect((await client.ask()).bytes).toBe(64 * MIB)
    expect(client.goaways).toEqual([])
  })

  it('is none where a client sends a body in small frames', async () => {
    const { client } = await world({
      target: async ({ request }) => respond(200, String((await request.body.buffer()).length)),
    })
    const id = client.request({ method: 'POST', open: true })
    await flood(client, 20_000, () => client.data(id, 'x'))
    client.data(id, '', true)
    expect((await client.response(id)).text).toBe('20000')
  })
})

describe('a client that reads nothing', () => {
  it('and asks for answers is not answered without an end', async () => {
    const { client, app, served } = await world()
    client.pause()
    // Slow enough to be no flood.
    for (let i = 0; i < 300 && app.refused.length === 0; i++) {
      client.together(() => {
        for (let j = 0; j < 90; j++) client.ping('still')
      })
      await testClock().advance('1s')
    }
    client.resume()
    expect(await client.ended()).toBe('0 ENHANCE_YOUR_CALM answers that nobody reads')
    expect(app.refused.at(-1)?.detail).toContain('answers that nobody reads')
    await served()
  })

  it('and asks for heads alone is read no further', async () => {
    let asked = 0
    const large = 'v'.repeat(4_000)
    const { client, served } = await world({
      target: () => {
        asked++
        return respond(200, 'ok', { 'x-large': `${large}${asked}` })
      },
    })
    client.pause()
    for (let i = 0; i < 1_000; i++) {
      client.together(() => {
        for (let j = 0; j < 10; j++) client.request({ method: 'HEAD' })
      })
      await settled()
    }
    // 64 KiB are on their way, and as many as the proxy keeps.
    expect(asked).toBeLessThan(250)
    expect(client.wire.pendingBytes).toBeGreaterThan(0)
    await served()
    asked = 0
    client.resume()
    await client.until('all', () => client.stream(19_999).ended)
    expect(client.fault).toBeUndefined()
  })

  it('and whose requests wait for that is let go in the end', async () => {
    const { client, app } = await world({
      target: () => respond(200, 'ok', { 'x-large': 'v'.repeat(4_000) }),
      limits: { sendIdleMs: '3s', keepAliveMs: '3s' },
    })
    client.pause()
    for (let i = 0; i < 1_000; i++) client.request({ method: 'HEAD' })
    await settled()
    await testClock().advance('20s')
    expect(app.running.connections).toBe(0)
  })
})

describe('a client that does not hear of the end', () => {
  it('is read for a while, and no more than so much', async () => {
    const { client, app } = await world({}, { answers: false })
    client.raw(Buffer.concat([frame(FrameType.DATA, 0, 9, 'x'), Buffer.alloc(4 * MIB)]))
    await client.ended()
    await settled()
    // What the proxy has read, and what is on its way.
    expect(client.wire.pendingBytes).toBeGreaterThan(2 * MIB)
    await testClock().advance('2s')
    expect(app.running.connections).toBe(1)
  })

  it('because it does not read gets to read it', async () => {
    const { client, app } = await world({
      target: () => respond(200, 'ok', { 'x-large': 'v'.repeat(4_000) }),
    })
    client.pause()
    for (let i = 0; i < 1_000; i++) client.request({ method: 'HEAD' })
    await settled()
    const closing = app.running.close()
    await settled()
    client.resume()
    expect(await client.ended()).toMatch(/^\d+ NO_ERROR$/)
    expect(client.over).toBe('ended')
    await closing
    expect(testClock().now()).toBe(0)
  })
})

describe('a client without a window', () => {
  it('makes the proxy hold no more than a piece of each body, and no longer than it may', async () => {
    let made = 0
    const { client, app, served } = await world(
      {
        target: ({ request }) =>
          request.target === '/'
            ? respond(200, 'ok')
            : respond(
                200,
                (async function* () {
                  for (let i = 0; i < 1_000; i++) {
                    made++
                    yield Buffer.alloc(16_384)
                  }
                })(),
              ),
        limits: { sendIdleMs: '5s' },
      },
      { settings: [[SettingId.initialWindowSize, 0]] },
    )
    const ids = Array.from({ length: 128 }, () => client.request({ path: '/large' }))
    await client.until('heads', () => ids.every((id) => client.stream(id).status === 200))
    await settled()
    expect(made).toBeLessThanOrEqual(2 * 128)
    await served()
    await testClock().advance('5s')
    expect(ids.map((id) => client.stream(id).reset)).toEqual(ids.map(() => 'CANCEL'))
    expect(app.outcomes.filter(({ error }) => error?.code === 'client_stalled')).toHaveLength(128)
    await served()
  })

  it('that lets one byte go at a time has it sent so, and no more is held', async () => {
    const { client } = await world(
      { target: () => respond(200, 'x'.repeat(2_000)) },
      { settings: [[SettingId.initialWindowSize, 0]], grants: false },
    )
    const id = client.request()
    await client.until('a head', () => client.stream(id).status === 200)
    for (let i = 1; i <= 2_000; i++) {
      client.grant(id, 1)
      await client.until('a byte', () => client.stream(id).bytes === i)
    }
    expect((await client.response(id)).bytes).toBe(2_000)
  })
})

describe('a window that is', () => {
  it('too large for the connection ends it', async () => {
    const { client, served } = await world()
    client.grant(0, 2 ** 31 - 1)
    expect(await client.ended()).toBe('0 FLOW_CONTROL_ERROR a window of more than 2^31 - 1')
    await served()
  })

  it('too large for a stream ends that', async () => {
    const { client } = await world({
      target: ({ request }) => (request.target === '/' ? respond(200, 'ok') : new Promise<never>(() => {})),
    })
    const id = client.request({ path: '/waits' })
    client.grant(id, 2 ** 31 - 1)
    expect((await client.response(id)).reset).toBe('FLOW_CONTROL_ERROR')
    expect((await client.ask()).status).toBe(200)
  })

  it('made too large by SETTINGS ends the connection', async () => {
    const { client } = await world({ target: () => new Promise<never>(() => {}) })
    const id = client.request()
    client.grant(id, 2 ** 31 - 1 - 65_535)
    client.writer.settings([[SettingId.initialWindowSize, 65_536]])
    client.writer.flush()
    expect(await client.ended()).toBe('1 FLOW_CONTROL_ERROR a window of more than 2^31 - 1')
  })

  it('not kept to by the client for a stream ends that', async () => {
    const { client } = await world({
      http2: { streamWindowBytes: '64kb' },
      target: ({ request }) => (request.target === '/' ? respond(200, 'ok') : new Promise<never>(() => {})),
    })
    const id = client.request({ method: 'POST', path: '/waits', open: true })
    client.data(id, Buffer.alloc(65_536))
    client.data(id, 'x')
    expect((await client.response(id)).reset).toBe('FLOW_CONTROL_ERROR')
    expect((await client.ask()).status).toBe(200)
  })

  it('not kept to by the client for the connection ends it', async () => {
    const { client } = await world({
      http2: { connectionWindowBytes: '64kb' },
      target: () => new Promise<never>(() => {}),
    })
    const ids = [1, 2].map(() => client.request({ method: 'POST', open: true }))
    for (const id of ids) client.data(id, Buffer.alloc(32_768))
    client.data(ids[0]!, 'x')
    expect(await client.ended()).toMatch(/FLOW_CONTROL_ERROR more data than the window of the connection/)
  })
})

describe('whatever a client sends', () => {
  /** Frames that a client may send, one after the other. */
  const sound: readonly Buffer[] = [
    head(1, false),
    frame(FrameType.DATA, 0, 1, 'some data'),
    frame(FrameType.WINDOW_UPDATE, 0, 0, uint32(1_000)),
    frame(FrameType.WINDOW_UPDATE, 0, 1, uint32(1_000)),
    frame(FrameType.PING, 0, 0, Buffer.alloc(8)),
    head(3),
    frame(FrameType.PRIORITY, 0, 3, Buffer.alloc(5)),
    frame(FrameType.SETTINGS, 0, 0, setting(SettingId.initialWindowSize, 100)),
    frame(FrameType.HEADERS, 0, 5, Buffer.from([0x82, 0x86])),
    frame(FrameType.CONTINUATION, Flag.END_HEADERS, 5, Buffer.from([0x84, 0x01, 0x01, 0x61])),
    frame(FrameType.DATA, Flag.END_STREAM, 5, 'x'),
    frame(FrameType.RST_STREAM, 0, 1, uint32(8)),
    frame(FrameType.GOAWAY, 0, 0, Buffer.alloc(8)),
  ]
  const mutation = fc.oneof(
    fc.record({
      kind: fc.constant('flip' as const),
      at: fc.nat(10_000),
      bits: fc.integer({ min: 1, max: 255 }),
    }),
    fc.record({ kind: fc.constant('drop' as const), frame: fc.nat(sound.length - 1) }),
    fc.record({ kind: fc.constant('twice' as const), frame: fc.nat(sound.length - 1) }),
    fc.record({ kind: fc.constant('swap' as const), frame: fc.nat(sound.length - 2) }),
    fc.record({
      kind: fc.constant('noise' as const),
      frame: fc.nat(sound.length - 1),
      bytes: fc.uint8Array({ maxLength: 40 }),
    }),
  )

  it('nothing is thrown out of a callback, and others are served', async () => {
    const thrown: unknown[] = []
    const note = (error: unknown) => void thrown.push(error)
    process.on('uncaughtException', note)
    const { app, served } = await world({
      target: async ({ request }) => respond(200, await request.body.buffer({ maxBytes: 1_000 })),
    })
    try {
      await fc.assert(
        fc.asyncProperty(
          fc.array(mutation, { maxLength: 4 }),
          fc.array(fc.nat(400), { maxLength: 5 }),
          async (mutations, cuts) => {
            const frames = [...sound]
            for (const it of mutations) {
              if (it.kind === 'drop') frames.splice(it.frame, 1)
              else if (it.kind === 'twice') frames.splice(it.frame, 0, sound[it.frame]!)
              else if (it.kind === 'swap')
                frames.splice(
                  it.frame,
                  2,
                  ...[frames[it.frame + 1], frames[it.frame]].filter((one) => one !== undefined),
                )
              else if (it.kind === 'noise') frames.splice(it.frame, 0, Buffer.from(it.bytes))
            }
            const bytes = Buffer.concat([CLIENT_PREFACE, frame(FrameType.SETTINGS, 0, 0), ...frames])
            for (const it of mutations)
              if (it.kind === 'flip') bytes[24 + (it.at % (bytes.length - 24))]! ^= it.bits
            const client = await http2Client(app, { begins: false })
            let from = 0
            for (const cut of [...cuts].sort((a, b) => a - b)) {
              client.raw(bytes.subarray(from, Math.max(from, cut)))
              from = Math.max(from, cut)
              await settled()
            }
            client.raw(bytes.subarray(from))
            await settled()
            // Everything that the proxy has sent was in order.
            expect(client.fault).toBeUndefined()
            client.close()
            await settled()
            expect(app.running.connections).toBe(2)
          },
        ),
        { numRuns: 300 },
      )
      await served()
      expect(thrown).toEqual([])
    } finally {
      process.off('uncaughtException', note)
    }
  })

  it('a fault says what it is in GOAWAY and in the log, and never anything of the inside', async () => {
    const { client, app } = await world()
    client.raw(frame(FrameType.DATA, 0, 9, 'x'))
    expect(await client.ended()).toBe('0 PROTOCOL_ERROR data of a stream that was never opened')
    expect(app.refused).toMatchObject([
      { code: 'request_malformed', detail: 'PROTOCOL_ERROR: data of a stream that was never opened' },
    ])
  })

  it('a fault of our own ends the connection, is reported, and says nothing of the inside', async () => {
    const reported = vi.spyOn(console, 'error').mockImplementation(() => {})
    const { client, app, served } = await world({ target: ({ request }) => respond(200, request.body) })
    const id = client.request({ method: 'POST', open: true })
    await client.until('a head', () => client.stream(id).status === 200)
    const broken = vi.spyOn(HeaderList, 'of').mockImplementationOnce(() => {
      throw new Error('secret')
    })
    onTestFinished(() => {
      reported.mockRestore()
      broken.mockRestore()
    })
    client.head(id, [['x-sum', '1']], true)
    expect(await client.ended()).toBe(`${id} INTERNAL_ERROR the proxy failed`)
    expect(app.refused).toEqual([])
    expect(String(reported.mock.calls)).toContain('secret')
    expect((await app.outcome()).result).not.toBe('completed')
    await served()
  })
})
