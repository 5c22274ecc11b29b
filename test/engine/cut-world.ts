import { expect, onTestFinished } from 'vitest'
import type { Wire } from '../../src/core/network.ts'
import type { Filter } from '../../src/index.ts'
import { type ReadFrame, WebSocketFrameReader } from '../../src/testing/websocket/websocket-frames.ts'
import { type Cut, CutWire } from './cut-wire.ts'
import type { FarEnd, StreamFault, Version } from './far-end.ts'
import { Http1Client } from './far-end-http1.ts'
import { Http2Client } from './far-end-http2.ts'
import { serve } from './far-service.ts'
import { type Gateway, gateway, testClock, testNetwork } from './support.ts'
import { openConnections } from './test-network.ts'
import { closing, frame, Opcode } from './websocket-frames.ts'

/** What happens to one of the two sides. */
export type Fault =
  | { readonly side: Side; readonly how: Cut; readonly byte: number }
  | { readonly side: Side; readonly how: StreamFault; readonly step: number }

export type Side = 'client' | 'service'

/** Steps of an end: its handshake, its frames, its end. */
export const STEPS = 9

/** More than anyone is given to end. */
const GONE_MS = 30_000

const AT_ONCE: ReadonlySet<string> = new Set(['reset', 'RST_STREAM'])

function frames(masked: boolean): Buffer[] {
  return [
    frame(Opcode.text, 'one', { masked }),
    frame(Opcode.binary, Buffer.alloc(130, 7), { masked }),
    frame(Opcode.text, 'a ', { masked, fin: false }),
    frame(Opcode.ping, 'there?', { masked }),
    frame(Opcode.continuation, 'b', { masked }),
    frame(Opcode.text, 'last', { masked }),
    frame(Opcode.close, closing(1000), { masked }),
  ]
}

const SAYS = { client: frames(true), service: frames(false) }
const MESSAGES = ['one', Buffer.alloc(130, 7).toString('latin1'), 'a b', 'last']

/** What a WebSocket has become, on both sides. */
interface Tunnel {
  readonly client: FarEnd
  /** Attempts of it that have come to the service. */
  readonly services: readonly FarEnd[]
}

/** A proxy between ends that fail. */
export interface CutWorld {
  readonly app: Gateway
  /** Runs WebSockets beside each other, each with its faults, to their ends. `turns`: who may do how much, in turn. */
  run(faults: readonly (readonly Fault[])[], turns?: readonly number[]): Promise<Ran>
}

interface Ran {
  readonly tunnels: readonly Tunnel[]
  /** Bytes that each side has sent. */
  readonly bytes: Readonly<Record<Side, number>>
}

export async function cutWorld(
  client: Version,
  service: Version,
  filters: Filter[],
  { shared = false }: { readonly shared?: boolean } = {},
): Promise<CutWorld> {
  const { network } = testNetwork().surroundings
  let took: (wire: Wire) => void = () => {}
  const listener = await network!.listen({ host: '127.0.0.1', port: 0 }, (wire) => took(wire))
  onTestFinished(() => listener.close())
  const app = await gateway(`http://127.0.0.1:${listener.address.port}`, {
    filters,
    pool: { http2: service === 'HTTP/2' },
  })
  const { hostname, port } = new URL(app.url)
  const connect = <T>(take: (wire: Wire) => T): Promise<T> =>
    new Promise((resolve, reject) =>
      network!.connect(
        { host: hostname, port: Number(port) },
        { onConnect: (wire) => resolve(take(wire)), onConnectError: reject },
      ),
    )
  let count = 0
  return {
    app,
    async run(faults, turns = [Number.POSITIVE_INFINITY]) {
      const before = { outcomes: app.outcomes.length, exchanges: app.exchanges }
      const unended = (): number => app.exchanges - before.exchanges - (app.outcomes.length - before.outcomes)
      const wires = { client: [] as CutWire[], service: [] as CutWire[] }
      const connections: { readonly fault: unknown }[] = []
      const ends: FarEnd[] = []
      const clients: FarEnd[] = []
      const services: FarEnd[] = []
      const ofService = faults.flatMap((them) => them.filter(({ side }) => side === 'service'))
      const cuts = ofService.filter((it) => 'byte' in it)
      const fails = ofService.filter((it) => 'step' in it)
      took = (wire) => {
        const cut = cuts.shift()
        const made = new CutWire(wire, cut?.byte, cut?.how)
        wires.service.push(made)
        const connection = serve(service, made, SAYS.service, (end) => {
          const fail = fails.shift()
          if (fail !== undefined) end.failAt(fail.step, fail.how)
          services.push(end)
          ends.push(end)
        })
        if (connection !== undefined) connections.push(connection)
      }
      let http2 = undefined as Http2Client | undefined
      for (const them of faults) {
        const mine = them.filter(({ side }) => side === 'client')
        const cut = mine.find((it) => 'byte' in it)
        const path = `/${count++}`
        const begin = (wire: Wire): FarEnd => {
          const made = new CutWire(wire, cut?.byte, cut?.how)
          wires.client.push(made)
          if (client === 'HTTP/1.1') return new Http1Client(made, SAYS.client, path)
          http2 = new Http2Client(made, 'client')
          connections.push(http2)
          return http2.begin(SAYS.client, path)
        }
        const end = shared && http2 !== undefined ? http2.begin(SAYS.client, path) : await connect(begin)
        for (const it of mine) if ('step' in it) end.failAt(it.step, it.how)
        clients.push(end)
        ends.push(end)
      }
      let ran: Ran
      try {
        // Everyone does what can be done, in turns.
        for (let turn = 0, idle = 0; idle <= turns.length; turn++) {
          let did = false
          for (const end of [...ends])
            for (let n = turns[turn % turns.length]!; n > 0 && end.step(); n--) did = true
          idle = did ? 0 : idle + 1
          await testNetwork().settled()
        }
        // A reset is passed on at once; who merely falls silent is waited for.
        if (faults.flat().every(({ how }) => AT_ONCE.has(how)))
          expect(unended(), 'without an outcome').toBe(0)
        await testClock().advance(GONE_MS)
        const tunnels = clients.map((end) => ({
          client: end,
          services: services.filter(({ path }) => path === end.path),
        }))
        for (const tunnel of tunnels) check(tunnel, filters.length > 0)
        for (const { fault } of connections) expect(fault).toBeUndefined()
        expect(unended(), 'without an outcome').toBe(0)
        // Connections may stay for other requests. No WebSocket may.
        for (const { inFlight } of app.endpoints) expect(inFlight).toBe(0)
        ran = { tunnels, bytes: { client: passed(wires.client), service: passed(wires.service) } }
      } finally {
        for (const wire of [...wires.client, ...wires.service]) wire.destroy()
        await testNetwork().settled()
      }
      expect(app.running.connections).toBe(0)
      expect(openConnections()).toEqual([])
      return ran
    },
  }
}

function passed(wires: readonly CutWire[]): number {
  return wires.reduce((sum, wire) => sum + wire.passed, 0)
}

/** Nobody is told that all has come when it has not, and nobody hears what was not said. */
function check({ client, services }: Tunnel, filtered: boolean): void {
  const opened = client.status === 101 || client.status === 200
  const service = services.at(-1)
  if (opened) expect(service, 'whom the client was joined to').toBeDefined()
  if (service === undefined) return
  if (opened) expect([client.over, service.over], 'ends that wait for more').not.toContain(undefined)
  if (!opened) {
    expect(service.heard.length).toBe(0)
    return
  }
  checkSide(client, service, SAYS.service, filtered)
  checkSide(service, client, SAYS.client, filtered)
}

function checkSide(hears: FarEnd, says: FarEnd, all: readonly Buffer[], filtered: boolean): void {
  const { heard } = hears
  if (filtered) {
    const messages = messagesOf(heard)
    expect(messages).toEqual(MESSAGES.slice(0, messages.length))
    return
  }
  expect(heard.equals(Buffer.concat(all).subarray(0, heard.length))).toBe(true)
  if (hears.over === 'ended') {
    expect(says.saidEnd, 'an orderly end that was not said').toBe(true)
    expect(heard.length).toBe(says.said)
  }
}

/** Whole messages. */
function messagesOf(bytes: Buffer): string[] {
  const reader = new WebSocketFrameReader()
  reader.push(bytes)
  const messages: string[] = []
  let parts: string[] = []
  for (let one: ReadFrame | undefined = reader.next(); one !== undefined; one = reader.next()) {
    if (one.opcode > Opcode.binary) continue
    parts.push(one.payload.toString('latin1'))
    if (!one.fin) continue
    messages.push(parts.join(''))
    parts = []
  }
  return messages
}
