import { expect, it } from 'vitest'
import { ProxyError } from '../../src/core/errors.ts'
import type { TunnelEnd, Wire } from '../../src/core/network.ts'
import { type FakeReply, type TunnelPeer, virtualClock } from '../../src/testing/index.ts'
import { WireTunnel } from '../../src/transport/tunnel.ts'
import { type MemoryWorldOptions, memoryWorld } from './memory-world.ts'
import { WEBSOCKET } from './support.ts'

const SWITCHING: FakeReply = {
  status: 101,
  headers: { Connection: 'Upgrade', Upgrade: 'websocket' },
}

/** A tunnel over which three bytes went up and four down. */
async function tunnel(options: MemoryWorldOptions = {}) {
  let peer: TunnelPeer | undefined
  const world = await memoryWorld({
    answer: {
      ...SWITCHING,
      tunnel: (_bytes, its) => {
        peer ??= its
      },
    },
    ...options,
  })
  const from = await world.connect()
  await from.send(WEBSOCKET)
  expect((await world.clock.until(from.response())).status).toBe(101)
  await from.send('abc')
  await world.clock.advance(0)
  peer!.write('defg')
  await world.clock.advance(0)
  expect(from.unread.toString()).toBe('defg')
  return { ...world, from, peer: peer! }
}

const BYTES = { status: 101, bytesReceived: 3, bytesSent: 4 }

/** One end of a connection, which closes when it is told to. */
function fakeWire() {
  const calls: string[] = []
  let open = true
  const close = (): void => {
    if (open) {
      open = false
      wire.handler.onClose(undefined)
    }
  }
  const wire = {
    pendingBytes: 0,
    write: () => true,
    pause() {},
    resume() {},
    end: () => void calls.push('end'),
    destroy() {
      if (open) calls.push('destroy')
      close()
    },
    reset() {
      if (open) calls.push('reset')
      close()
    },
  } as Partial<Wire> as Wire
  return { wire, calls, close }
}

function joined(halfClosedMs?: number) {
  const clock = virtualClock()
  const [upstream, downstream] = [fakeWire(), fakeWire()]
  const ends: TunnelEnd[] = []
  const tunnel = new WireTunnel(upstream.wire, undefined, {
    protocol: 'websocket',
    clock,
    idleMs: 3_600_000,
    ...(halfClosedMs === undefined ? undefined : { halfClosedMs }),
    onClose: () => {},
  })
  tunnel.join(downstream.wire, undefined, (end) => ends.push(end))
  return { clock, tunnel, upstream, downstream, ends }
}

for (const gone of ['upstream', 'downstream'] as const) {
  it(`whose ${gone} connection is closed ends ten seconds after, however busy the other side is`, async () => {
    const { clock, ends, ...sides } = joined()
    const left = sides[gone === 'upstream' ? 'downstream' : 'upstream']
    sides[gone].close()
    expect(left.calls).toEqual(['end'])
    await clock.advance('6s')
    left.wire.handler.onData(Buffer.from('more'))
    await clock.advance(3_999)
    expect([left.calls, ends.length]).toEqual([['end'], 0])
    await clock.advance(1)
    expect([left.calls, ends.length, clock.pending]).toEqual([['end', 'destroy'], 1, 0])
  })
}

for (const ended of ['upstream', 'downstream'] as const) {
  const other = ended === 'upstream' ? 'downstream' : 'upstream'
  it.each([
    ['all', 0, 'destroy'],
    ['not all', 1, 'reset'],
  ])(`that is cut when its ${ended} has ended, and the ${other} has had %s of it`, (_, pendingBytes, how) => {
    const { clock, ends, tunnel, ...sides } = joined()
    sides[ended].wire.handler.onEnd()
    Object.assign(sides[other].wire, { pendingBytes })
    const error = new ProxyError('endpoint_drained')
    tunnel.cut(error)
    expect([sides[ended].calls, sides[other].calls]).toEqual([['reset'], ['end', how]])
    expect([ends, clock.pending]).toEqual([[{ bytesUp: 0, bytesDown: 0, error }], 0])
  })
}

it('keeps no memory of reads until it is joined', () => {
  const upstream = fakeWire()
  const written: string[] = []
  const downstream = Object.assign(fakeWire().wire, {
    write: (data: Uint8Array | string) => written.push(data.toString()) > 0,
  })
  const tunnel = new WireTunnel(upstream.wire, undefined, {
    protocol: 'websocket',
    clock: virtualClock(),
    idleMs: 1_000,
    onClose: () => {},
  })
  const read = Buffer.from('abc')
  expect(upstream.wire.handler.onData(read)).toBe(true)
  read.fill('x')
  tunnel.join(downstream, undefined, () => {})
  expect(written).toEqual(['abc'])
})

it('whose one side has sent its last and is closed waits for a slow other one to take that', async () => {
  const { clock, upstream, downstream, ends } = joined(60_000)
  downstream.wire.handler.onEnd()
  Object.assign(downstream.wire, { pendingBytes: 100_000 })
  upstream.close()
  await clock.advance(29_999)
  expect([downstream.calls, ends.length]).toEqual([['end'], 0])
  Object.assign(downstream.wire, { pendingBytes: 0 })
  await clock.advance(1)
  expect([downstream.calls, ends.length, clock.pending]).toEqual([['end', 'destroy'], 1, 0])
})

it('whose other side takes nothing of the last ends in the time of one that is half closed', async () => {
  const { clock, upstream, downstream } = joined(25_000)
  Object.assign(downstream.wire, { pendingBytes: 100_000 })
  upstream.close()
  await clock.advance(24_999)
  expect(downstream.calls).toEqual(['end'])
  await clock.advance(1)
  expect(downstream.calls).toEqual(['end', 'reset'])
})

it('that the client resets was aborted by it', async () => {
  const { clock, service, from, outcomes } = await tunnel()
  await from.reset()
  await clock.advance(0)
  expect(outcomes).toMatchObject([{ ...BYTES, result: 'aborted', error: { code: 'client_aborted' } }])
  expect(service.connections).toBe(0)
})

it('that idles has failed', async () => {
  const { clock, service, app, from, outcomes } = await tunnel({ pool: { tunnelIdleMs: '5m' } })
  await clock.advance(299_999)
  expect([app.connections, outcomes.length]).toEqual([1, 0])
  await clock.advance(1)
  expect(outcomes).toMatchObject([{ ...BYTES, result: 'failed', error: { code: 'tunnel_timeout' } }])
  expect([app.connections, service.connections, from.ended]).toEqual([0, 0, true])
})

it('that the proxy ends has failed, and what went through it was counted', async () => {
  const { clock, service, app, from, outcomes } = await tunnel()
  await clock.until(app.close())
  await clock.advance(0)
  expect(outcomes).toMatchObject([{ ...BYTES, result: 'failed', error: { code: 'proxy_closed' } }])
  expect([app.connections, service.connections, from.ended]).toEqual([0, 0, true])
})
