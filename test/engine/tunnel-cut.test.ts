import { describe, expect, it, onTestFinished } from 'vitest'
import type { Wire } from '../../src/core/network.ts'
import { websocket } from '../../src/filters/index.ts'
import type { Exchange, Filter } from '../../src/index.ts'
import { CutWire } from './cut-wire.ts'
import type { FarEnd, Version } from './far-end.ts'
import { Http1Client } from './far-end-http1.ts'
import { Http2Client } from './far-end-http2.ts'
import { serve } from './far-service.ts'
import { client, gateway, type Peer, rawUpstream, testClock, testNetwork } from './support.ts'
import { tcpGateway, tcpUrl } from './tcp-gateway.ts'
import { frame, Opcode } from './websocket-frames.ts'

const VERSIONS: readonly Version[] = ['HTTP/1.1', 'HTTP/2']
const LIMIT_MS = 1_000

/** Who ends tunnels from outside, and what the outcome says of it. */
const CUTS = {
  'a drain of the endpoint, at its limit': {
    code: 'endpoint_drained',
    cut: async ({ drain }: Cuttable) => {
      const drained = drain()
      await testClock().advance(LIMIT_MS)
      expect(await drained).toBe(true)
    },
  },
  'whoever aborts the exchange': {
    code: 'exchange_aborted',
    cut: async ({ exchange }: Cuttable) => {
      exchange.abort()
      await testNetwork().settled()
    },
  },
}

interface Cuttable {
  readonly exchange: Exchange
  readonly drain: () => Promise<boolean>
}

/** A tunnel through which a frame has gone each way. */
async function tunnel(from: Version, to: Version, filters: Filter[]) {
  const { network } = testNetwork().surroundings
  const exchanges: Exchange[] = []
  const services: FarEnd[] = []
  const wires: CutWire[] = []
  const own = (wire: Wire): CutWire => {
    const made = new CutWire(wire)
    wires.push(made)
    return made
  }
  const said = [frame(Opcode.text, 'up'), frame(Opcode.text, 'down', { masked: false })] as const
  const listener = await network!.listen({ host: '127.0.0.1', port: 0 }, (wire) => {
    serve(to, own(wire), [said[1]], (end) => services.push(end))
  })
  const url = `http://127.0.0.1:${listener.address.port}`
  const seen: Filter = (exchange, next) => {
    exchanges.push(exchange)
    return next(exchange)
  }
  const app = await gateway(url, {
    filters: [seen, ...filters],
    pool: { name: 'services', http2: to === 'HTTP/2' },
  })
  const { hostname, port } = new URL(app.url)
  const end = await new Promise<FarEnd>((resolve, reject) =>
    network!.connect(
      { host: hostname, port: Number(port) },
      {
        onConnect: (wire) =>
          resolve(
            from === 'HTTP/2'
              ? new Http2Client(own(wire), 'client').begin([said[0]], '/')
              : new Http1Client(own(wire), [said[0]], '/'),
          ),
        onConnectError: reject,
      },
    ),
  )
  // What is left open keeps the proxy from closing.
  onTestFinished(async () => {
    for (const wire of wires) wire.destroy()
    await listener.close()
  })
  await testNetwork().settled()
  for (let n = 0; n < 2; n++) {
    end.step()
    await testNetwork().settled()
    services[0]!.step()
    await testNetwork().settled()
  }
  const [service] = services
  expect([end.heard.length, service!.heard.length]).toEqual([said[1].length, said[0].length])
  expect([end.over, service!.over]).toEqual([undefined, undefined])
  const drain = () => app.running.pool('services').drain(url, { limitMs: LIMIT_MS })
  return { app, end, service: service!, cuttable: { exchange: exchanges[0]!, drain } }
}

describe.each(Object.entries(CUTS))('a tunnel that is cut by %s', (_who, { code, cut }) => {
  for (const from of VERSIONS)
    for (const to of VERSIONS)
      for (const filtered of [false, true])
        it(`ends with a reset on both sides: ${from}, ${to}, ${filtered ? 'messages' : 'bytes'}`, async () => {
          const { app, end, service, cuttable } = await tunnel(from, to, filtered ? [websocket()] : [])
          await cut(cuttable)
          expect([end.over, service.over]).toEqual(['reset', 'reset'])
          expect(await app.outcome()).toMatchObject({ status: 101, result: 'failed', error: { code } })
        })

  it('ends with a reset on both sides: tcp()', async () => {
    const upstream = await rawUpstream()
    const app = await tcpGateway([upstream], { pool: { name: 'services' } })
    const from = await client(app)
    const to = await upstream.accept()
    await both(from, to)
    const drain = () => app.running.pool('services').drain(tcpUrl(upstream), { limitMs: LIMIT_MS })
    await cut({ exchange: app.exchanges[0]!, drain })
    expect([await from.over, await to.over]).toEqual(['reset', 'reset'])
    expect(await app.outcome()).toMatchObject({ result: 'failed', error: { code } })
  })

  it('ends with a reset for the client that has ended and still waits: tcp()', async () => {
    const upstream = await rawUpstream()
    const app = await tcpGateway([upstream], { pool: { name: 'services' } })
    const from = await client(app)
    const to = await upstream.accept()
    await both(from, to)
    await from.send('last')
    from.end()
    expect(await to.rest()).toBe('last')
    const drain = () => app.running.pool('services').drain(tcpUrl(upstream), { limitMs: LIMIT_MS })
    await cut({ exchange: app.exchanges[0]!, drain })
    expect([await from.over, await to.over]).toEqual(['reset', 'ended'])
  })
})

describe('a tunnel that the proxy closes with itself', () => {
  for (const from of VERSIONS)
    for (const to of VERSIONS)
      it(`ends with a reset on both sides: ${from}, ${to}`, async () => {
        const { app, end, service } = await tunnel(from, to, [])
        await testNetwork().until(app.running.close())
        expect([end.over, service.over]).toEqual(['reset', 'reset'])
        expect(await app.outcome()).toMatchObject({ result: 'failed', error: { code: 'proxy_closed' } })
      })

  it('ends with a reset on both sides: tcp()', async () => {
    const upstream = await rawUpstream()
    const app = await tcpGateway([upstream])
    const from = await client(app)
    const to = await upstream.accept()
    await both(from, to)
    await testNetwork().until(app.running.close())
    expect([await from.over, await to.over]).toEqual(['reset', 'reset'])
    expect(await app.outcome()).toMatchObject({ result: 'failed', error: { code: 'proxy_closed' } })
  })
})

async function both(from: Peer, to: Peer): Promise<void> {
  await from.send('up')
  expect(await to.until('up')).toBe('up')
  await to.send('down')
  expect(await from.until('down')).toBe('down')
}

describe('a tunnel that is cut before it is joined', () => {
  it('by whoever aborts the exchange, ends with a reset as well', async () => {
    const upstream = await rawUpstream()
    const cutting: Filter = async (exchange, next) => {
      const response = await next(exchange)
      exchange.abort()
      return response
    }
    const app = await tcpGateway([upstream], { build: (made, services) => made.use(cutting).to(services) })
    const from = await client(app)
    const to = await upstream.accept()
    expect([await from.over, await to.over]).toEqual(['reset', 'reset'])
    expect(await app.outcome()).toMatchObject({ result: 'failed', error: { code: 'exchange_aborted' } })
  })

  it('by a drain at its limit, ends with a reset as well', async () => {
    const upstream = await rawUpstream()
    const held = Promise.withResolvers<void>()
    const holding: Filter = async (exchange, next) => {
      const response = await next(exchange)
      await held.promise
      return response
    }
    const app = await tcpGateway([upstream], {
      pool: { name: 'services' },
      build: (made, services) => made.use(holding).to(services),
    })
    const from = await client(app)
    const to = await upstream.accept()
    await to.send('bytes of which more may be missing')
    const drained = app.running.pool('services').drain(tcpUrl(upstream), { limitMs: LIMIT_MS })
    await testClock().advance(LIMIT_MS)
    expect([await drained, await to.over]).toEqual([true, 'reset'])
    expect(from.unread).toBe('')
    held.resolve()
    expect(await from.over).toBe('reset')
    expect(await app.outcome()).toMatchObject({ result: 'failed', error: { code: 'endpoint_drained' } })
  })
})
