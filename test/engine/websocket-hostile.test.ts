import { deflateRawSync, constants as zlib } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { websocket } from '../../src/filters/index.ts'
import { expectAlive, testClock, testNetwork } from './support.ts'
import { closeCode, closing, frame, nextFrame, nextText, Opcode, openWebSocket } from './websocket-frames.ts'

const DEFLATE = 'permessage-deflate'
const KIB = 1024

/** As RFC 7692 has it: without the empty block at the end. */
function deflated(data: string | Buffer): Buffer {
  return deflateRawSync(data, { finishFlush: zlib.Z_SYNC_FLUSH }).subarray(0, -4)
}

interface Hostile {
  readonly bytes: (masked: boolean) => Buffer
  readonly code: number
  readonly extensions?: string
}

const text = (data: string | Buffer, options: Parameters<typeof frame>[2]) =>
  frame(Opcode.text, data, options)

/** What either side may send, and the code that it is closed with. */
const HOSTILE: Readonly<Record<string, Hostile>> = {
  'RSV1 without an extension': { bytes: (masked) => text('a', { masked, rsv: 4 }), code: 1002 },
  RSV2: { bytes: (masked) => text('a', { masked, rsv: 2 }), code: 1002 },
  RSV3: { bytes: (masked) => text('a', { masked, rsv: 1 }), code: 1002 },
  'an unknown opcode': { bytes: (masked) => frame(3, 'a', { masked }), code: 1002 },
  'an unknown control opcode': { bytes: (masked) => frame(11, 'a', { masked }), code: 1002 },
  'the wrong masking': { bytes: (masked) => text('a', { masked: !masked }), code: 1002 },
  'a continuation of nothing': { bytes: (masked) => frame(Opcode.continuation, 'a', { masked }), code: 1002 },
  'a message within a message': {
    bytes: (masked) => Buffer.concat([text('a', { masked, fin: false }), text('b', { masked })]),
    code: 1002,
  },
  'a ping in fragments': { bytes: (masked) => frame(Opcode.ping, 'a', { masked, fin: false }), code: 1002 },
  'a ping of 126 bytes': { bytes: (masked) => frame(Opcode.ping, 'a'.repeat(126), { masked }), code: 1002 },
  'a close frame of one byte': { bytes: (masked) => frame(Opcode.close, 'a', { masked }), code: 1002 },
  'a close frame with 1005': {
    bytes: (masked) => frame(Opcode.close, closing(1005), { masked }),
    code: 1002,
  },
  'a close frame with 5000': {
    bytes: (masked) => frame(Opcode.close, closing(5000), { masked }),
    code: 1002,
  },
  'a close frame whose reason is no UTF-8': {
    bytes: (masked) => frame(Opcode.close, Buffer.concat([closing(1000), Buffer.from([0xff])]), { masked }),
    code: 1007,
  },
  'a text that is no UTF-8': { bytes: (masked) => text(Buffer.from([0xc3, 0x28]), { masked }), code: 1007 },
  'a text whose UTF-8 is cut': { bytes: (masked) => text(Buffer.from([0xe2, 0x82]), { masked }), code: 1007 },
  'a length that is too large': {
    bytes: (masked) => frame(Opcode.binary, '', { masked, length: 10 * KIB + 1 }),
    code: 1009,
  },
  'a length past all numbers': {
    bytes: (masked) => frame(Opcode.binary, '', { masked, length: 2n ** 63n }),
    code: 1009,
  },
  'fragments that are too large together': {
    bytes: (masked) =>
      Buffer.concat([
        frame(Opcode.binary, Buffer.alloc(6 * KIB), { masked, fin: false }),
        frame(Opcode.continuation, Buffer.alloc(6 * KIB), { masked }),
      ]),
    code: 1009,
  },
  'more fragments than may be': {
    bytes: (masked) =>
      Buffer.concat([
        frame(Opcode.binary, 'a', { masked, fin: false }),
        ...Array.from({ length: 1100 }, () => frame(Opcode.continuation, 'a', { masked, fin: false })),
      ]),
    code: 1008,
  },
  'a compressed bomb': {
    bytes: (masked) => text(deflated(Buffer.alloc(8 * 1024 * KIB)), { masked, rsv: 4 }),
    code: 1009,
    extensions: DEFLATE,
  },
  'what cannot be expanded': {
    bytes: (masked) => text(Buffer.from([0xff, 0xff, 0xff, 0xff]), { masked, rsv: 4 }),
    code: 1007,
    extensions: DEFLATE,
  },
  'a compressed text that is no UTF-8': {
    bytes: (masked) => text(deflated(Buffer.from([0xc3, 0x28])), { masked, rsv: 4 }),
    code: 1007,
    extensions: DEFLATE,
  },
  'a compressed ping': {
    bytes: (masked) => frame(Opcode.ping, deflated('a'), { masked, rsv: 4 }),
    code: 1002,
    extensions: DEFLATE,
  },
}

const ERRORS: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  client: { 1009: 'request_body_too_large' },
  service: { 1009: 'upstream_body_too_large' },
}

describe('websocket: what is no valid frame', () => {
  for (const [name, { bytes, code, extensions }] of Object.entries(HOSTILE)) {
    for (const who of ['client', 'service'] as const) {
      it(`${name}, of a ${who}: ${code} to it`, async () => {
        const { app, upstream, from, peer } = await openWebSocket(
          websocket({ maxMessageBytes: '10kb' }),
          extensions === undefined ? {} : { extensions },
        )
        const [one, other] = who === 'client' ? [from, peer] : [peer, from]
        await one.send(frame(Opcode.text, 'before', { masked: who === 'client' }))
        expect(await nextText(other)).toBe('before')
        void one.send(bytes(who === 'client'))
        expect(await closeCode(one)).toBe(code)
        expect(await closeCode(other)).toBe(who === 'client' ? 1001 : 1014)
        one.close()
        other.close()
        const fallback = who === 'client' ? 'request_malformed' : 'upstream_response_malformed'
        expect((await app.outcome()).error?.code).toBe(ERRORS[who]![code] ?? fallback)
        await expectAlive(app, upstream)
      })
    }
  }

  it('does not matter behind a close frame', async () => {
    const { app, from, peer } = await openWebSocket(websocket())
    await from.send(Buffer.concat([frame(Opcode.close, closing(1000)), Buffer.alloc(100_000, 0xff)]))
    expect(await closeCode(peer)).toBe(1000)
    await peer.send(frame(Opcode.close, closing(1000), { masked: false }))
    expect(await closeCode(from)).toBe(1000)
    from.close()
    peer.close()
    expect(await app.outcome()).toMatchObject({ error: undefined })
  })

  it('who goes on sending after that is not read for ever', async () => {
    const { from, peer } = await openWebSocket(websocket())
    await from.send(frame(3, 'a'))
    expect(await closeCode(from)).toBe(1002)
    for (let i = 0; i < 50; i++) await from.send(Buffer.alloc(60_000))
    await testClock().advance(5_000)
    expect(await from.over).not.toBeUndefined()
    await peer.over
  })

  it('any bytes at all end in a close frame, or wait for more', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.boolean(), async (bytes, up) => {
        const { app, upstream, from, peer } = await openWebSocket(
          websocket({ maxMessageBytes: 200, onMessage: (message) => message }),
          { extensions: DEFLATE },
        )
        await (up ? from : peer).send(bytes)
        await testNetwork().settled()
        from.close()
        peer.close()
        expect((await app.outcome()).status).toBe(101)
        await expectAlive(app, upstream)
      }),
      { numRuns: 60 },
    )
  })
})

describe('websocket: memory', () => {
  it('a frame that comes byte by byte is refused when it takes more memory than it is worth', async () => {
    const { from } = await openWebSocket(websocket())
    const message = frame(Opcode.binary, Buffer.alloc(60_000))
    void (async () => {
      for (const byte of message) await from.send(Buffer.of(byte))
    })()
    expect(await closeCode(from)).toBe(1008)
  })

  it.each([
    ['few', 40],
    ['so many that they were held back', 8_000],
  ])('is bounded where messages came with the request, %s', async (_, early) => {
    const message = frame(Opcode.text, 'x'.repeat(20))
    const judged = Promise.withResolvers<void>()
    const { from, peer } = await openWebSocket(websocket({ maxQueued: 4, onMessage: () => judged.promise }), {
      earlyUp: Buffer.concat(Array.from({ length: early }, () => message)),
    })
    let taken = 0
    for (let i = 0; i < 40; i++)
      void from.send(Buffer.concat(Array.from({ length: 2_000 }, () => message))).then(() => taken++)
    await testNetwork().settled()
    expect(taken).toBeLessThan(10)
    judged.resolve()
    await peer.bytes((early + 80_000) * message.length)
  })

  it('compressed fragments go on, expanded and compressed anew', async () => {
    const { from, peer } = await openWebSocket(websocket(), { extensions: DEFLATE })
    const data = Buffer.from('0123456789'.repeat(1000))
    const whole = deflated(data)
    await from.send(frame(Opcode.text, whole.subarray(0, 20), { rsv: 4, fin: false }))
    await from.send(frame(Opcode.continuation, whole.subarray(20)))
    const { opcode, rsv, data: compressed, fin } = await nextFrame(peer)
    expect({ opcode, rsv, fin }).toEqual({ opcode: Opcode.text, rsv: 4, fin: true })
    expect(compressed.length).toBeLessThan(1000)
  })
})
