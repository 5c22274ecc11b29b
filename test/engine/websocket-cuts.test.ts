import { describe, expect, it } from 'vitest'
import { websocket } from '../../src/filters/index.ts'
import type { Filter } from '../../src/index.ts'
import {
  client,
  gateway,
  type Peer,
  rawUpstream,
  SWITCHED,
  testClock,
  testNetwork,
  WEBSOCKET,
} from './support.ts'
import { closing, frame, nextFrame, Opcode } from './websocket-frames.ts'

const EXTENSIONS = 'Sec-WebSocket-Extensions: permessage-deflate\r\n'
const ASK = Buffer.from(WEBSOCKET.replace(/\r\n$/, `${EXTENSIONS}\r\n`))
const AGREE = Buffer.from(SWITCHED.replace(/\r\n$/, `${EXTENSIONS}\r\n`))
/** `hello`, compressed (RFC 7692 section 7.2.3.1). */
const HELLO = Buffer.from('f248cdc9c90700', 'hex')

/** Who was told goodbye has so long to answer. */
const ANSWER_MS = 10_000

/** One that does not answer is not waited for any longer than that. */
async function toldGoodbye(peer: Peer): Promise<void> {
  while ((await nextFrame(peer)).opcode !== Opcode.close);
  await testClock().advance(ANSWER_MS)
}

/** All kinds of frames. */
function said(masked: boolean): Buffer {
  return Buffer.concat([
    frame(Opcode.text, 'one', { masked }),
    frame(Opcode.binary, Buffer.alloc(130, 7), { masked }),
    frame(Opcode.text, HELLO, { masked, rsv: 4 }),
    frame(Opcode.text, 'a ', { masked, fin: false }),
    frame(Opcode.ping, 'there?', { masked }),
    frame(Opcode.continuation, 'b', { masked }),
    frame(Opcode.close, closing(1000), { masked }),
  ])
}

const WAYS: Readonly<Record<string, Filter[]>> = {
  'a tunnel': [],
  'a filter of messages': [websocket({ onMessage: async (message) => message })],
}

describe.each(Object.entries(WAYS))(
  '%s: a peer that leaves at any byte takes nothing with it',
  (_name, filters) => {
    for (const how of ['reset', 'end'] as const) {
      it(`a client: ${how}`, async () => {
        const upstream = await rawUpstream()
        const app = await gateway(upstream, { filters })
        const bytes = Buffer.concat([ASK, said(true)])
        let outcomes = 0
        for (let at = 1; at <= bytes.length; at++) {
          const from = await client(app)
          await from.send(bytes.subarray(0, Math.min(at, ASK.length)))
          if (at >= ASK.length) {
            const peer = await upstream.accept()
            await peer.request()
            await peer.send(AGREE)
            await from.until('\r\n\r\n')
            await from.send(bytes.subarray(ASK.length, at))
            from[how]()
            if (at === bytes.length && how === 'end') await toldGoodbye(peer)
            await peer.over
            peer.close()
            await from.over
            expect((await app.outcome(++outcomes)).status).toBe(101)
          } else {
            from[how]()
            await from.over
          }
          from.close()
        }
        await testNetwork().settled()
        expect(app.running.connections).toBe(0)
      })

      it(`a service: ${how}`, async () => {
        const upstream = await rawUpstream()
        const app = await gateway(upstream, { filters })
        const bytes = Buffer.concat([AGREE, said(false)])
        for (let at = 1; at <= bytes.length; at++) {
          const from = await client(app)
          await from.send(ASK)
          const peer = await upstream.accept()
          await peer.request()
          await peer.send(bytes.subarray(0, at))
          peer[how]()
          if (at === bytes.length && how === 'end') {
            await from.until('\r\n\r\n')
            await toldGoodbye(from)
          }
          if (at < AGREE.length) expect((await from.response()).status).toBe(502)
          else await from.over
          from.close()
          peer.close()
          const { status } = await app.outcome(at)
          expect(status).toBe(at < AGREE.length ? 502 : 101)
        }
        await testNetwork().settled()
        expect(app.running.connections).toBe(0)
      })
    }
  },
)

describe('WebSocket connections', () => {
  it.each(Object.entries(WAYS))(
    '%s: are spread one by one, and count as long as they are open',
    async (_name, filters) => {
      const services = [await rawUpstream(), await rawUpstream()]
      const app = await gateway(services, { filters })
      const froms = []
      for (let n = 0; n < 4; n++) {
        const from = await client(app)
        await from.send(ASK)
        const peer = await services[n % 2]!.accept()
        await peer.request()
        await peer.send(AGREE)
        await from.until('\r\n\r\n')
        froms.push(from)
      }
      expect(services.map(({ peers }) => peers.length)).toEqual([2, 2])
      expect(app.endpoints.map(({ inFlight }) => inFlight)).toEqual([2, 2])
      for (const from of froms) from.reset()
      await app.outcome(4)
      expect(app.endpoints.map(({ inFlight }) => inFlight)).toEqual([0, 0])
    },
  )
})
