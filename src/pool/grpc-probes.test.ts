import { describe, expect, onTestFinished, test } from 'vitest'
import type { Field } from '../../test/http2/field-lists.ts'
import { framed, GRPC_HEAD, GrpcHealthPeer, type HealthCall } from '../../test/http2/grpc-health-peer.ts'
import type { ConnectOptions, Network } from '../core/network.ts'
import type { Observer, ProbeResult } from '../core/observer.ts'
import { proxy } from '../proxy/proxy.ts'
import {
  type MemoryNetworkOptions,
  memoryNetwork,
  type Simulation,
  seededRandom,
  simulate,
  virtualClock,
} from '../testing/index.ts'
import type { GrpcHealthOptions } from './grpc-health-options.ts'
import { pool } from './pool.ts'
import type { PoolOptions } from './pool-description.ts'

type Answer = (peer: GrpcHealthPeer) => void

const SERVING: Answer = (peer) => peer.serving(1)
const OK: readonly Field[] = [['grpc-status', '0']]
const ONE = framed(Buffer.of(0x08, 1))

interface WorldOptions extends Omit<GrpcHealthOptions, 'type'> {
  answer?: Answer
  scheme?: 'http' | 'https'
  poolOptions?: PoolOptions
  network?: MemoryNetworkOptions
}

/** A service in memory at one:50051, and a pool that probes it. */
async function world({
  answer = SERVING,
  scheme = 'http',
  poolOptions,
  network: options,
  ...health
}: WorldOptions = {}) {
  const clock = virtualClock()
  const network = memoryNetwork({ clock, ...options })
  const peers: GrpcHealthPeer[] = []
  const calls: HealthCall[] = []
  await network.listen({ host: 'one', port: 50_051 }, (wire) => {
    peers.push(
      new GrpcHealthPeer(wire, (peer, call) => {
        calls.push(call)
        answer(peer)
      }),
    )
  })
  const asked: ConnectOptions[] = []
  const watched: Network = {
    connect: (to, handler) => {
      asked.push(to)
      return network.connect(to, handler)
    },
    listen: (at, onWire) => network.listen(at, onWire),
  }
  const results: ProbeResult[] = []
  const observer: Observer = { probed: (_, result) => results.push(result) }
  const target = pool([`${scheme}://one:50051`], poolOptions).health({ type: 'grpc', jitter: 0, ...health })
  const app = await proxy()
    .listen({ host: 'proxy', port: 80 })
    .route('/', target)
    .start({ signals: false, surroundings: { clock, network: watched, random: seededRandom(1), observer } })
  onTestFinished(async () => {
    await clock.until(app.close())
    for (const peer of peers) peer.destroy()
    await clock.advance('1s')
    expect([network.openWires, network.connecting, clock.pending]).toEqual([0, 0, 0])
  })
  return { app, asked, calls, clock, network, peers, results }
}

describe('a gRPC probe', () => {
  test('is a call as any other, on a connection of its own', async () => {
    const it = await world({ service: 'users.v1.Users', timeoutMs: '1500ms', network: { latencyMs: 5 } })
    await it.clock.advance('6s')
    expect(it.calls.map(({ fields }) => fields)).toEqual(
      Array.from({ length: 2 }, () => [
        [':method', 'POST'],
        [':scheme', 'http'],
        [':authority', 'one:50051'],
        [':path', '/grpc.health.v1.Health/Check'],
        ['te', 'trailers'],
        ['grpc-timeout', '1500m'],
        ['content-type', 'application/grpc'],
        ['user-agent', 'gatewright-probe'],
      ]),
    )
    expect(it.calls[0]!.message.toString('latin1')).toBe('\0\0\0\0\x10\n\x0eusers.v1.Users')
    const passed = { passed: true, reason: 'passed', status: undefined, durationMs: 20 }
    expect(it.results).toEqual([passed, passed])
    expect(it.peers.map(({ fault, seen }) => [fault, seen])).toEqual(
      Array.from({ length: 2 }, () => [undefined, ['settings-ack', 'goaway 0 0', 'closed']]),
    )
  })

  test('asks about the whole server by default', async () => {
    const it = await world()
    await it.clock.advance('1s')
    expect(it.calls[0]!.message).toEqual(Buffer.alloc(5))
  })

  test.each<[string, WorldOptions, string]>([
    ['what is told to it', { host: 'health.example' }, 'health.example'],
    ['the fixed host of the pool', { poolOptions: { host: 'users.example' } }, 'users.example'],
    ['the port that is probed', { port: 50_051, scheme: 'http' }, 'one:50051'],
  ])('names %s', async (_, options, authority) => {
    const it = await world(options)
    await it.clock.advance('1s')
    expect(new Map(it.calls[0]!.fields).get(':authority')).toBe(authority)
  })

  test('asks for HTTP/2 where the endpoint has TLS', async () => {
    const it = await world({ scheme: 'https' })
    await it.clock.advance('1s')
    expect(it.asked).toEqual([{ host: 'one', port: 50_051, tls: { servername: 'one', alpn: ['h2'] } }])
    expect(new Map(it.calls[0]!.fields).get(':scheme')).toBe('https')
    expect(it.results).toMatchObject([{ passed: true }])
  })

  const refuses =
    (...fields: Field[]): Answer =>
    (peer) =>
      void peer.section([...GRPC_HEAD, ...fields], true)
  const says =
    (message: Buffer): Answer =>
    (peer) =>
      void peer.section(GRPC_HEAD, false).data(message).section(OK, true)
  const heads =
    (...fields: Field[]): Answer =>
    (peer) =>
      void peer.section(fields, false).data(ONE).section(OK, true)
  const bytes =
    (text: string): Answer =>
    (peer) =>
      void peer.raw(Buffer.from(text, 'latin1'))
  /** The head of a frame, and its payload. */
  const frame =
    (type: number, flags: number, stream: number, payload: string): Answer =>
    (peer) => {
      const head = Buffer.alloc(9)
      head.writeUIntBE(payload.length, 0, 3)
      head[3] = type
      head[4] = flags
      head.writeUInt32BE(stream, 5)
      peer.raw(Buffer.concat([head, Buffer.from(payload, 'latin1')]))
    }
  const both =
    (first: Answer, second: Answer): Answer =>
    (peer) => {
      first(peer)
      second(peer)
    }
  const MALFORMED = 'upstream_response_malformed'

  const verdicts: [string, Answer, string][] = [
    ['SERVING', SERVING, 'passed'],
    ['not UNKNOWN', (peer) => peer.serving(0), 'UNKNOWN'],
    ['not NOT_SERVING', (peer) => peer.serving(2), 'NOT_SERVING'],
    ['not SERVICE_UNKNOWN', (peer) => peer.serving(3), 'SERVICE_UNKNOWN'],
    ['no status of the future', (peer) => peer.serving(9), 'serving status 9'],
    [
      'no server without the service for health',
      refuses(['grpc-status', '12']),
      'grpc-status 12 UNIMPLEMENTED',
    ],
    ['no service that is not known', refuses(['grpc-status', '5']), 'grpc-status 5 NOT_FOUND'],
    ['no status of gRPC that nobody knows', refuses(['grpc-status', '77']), 'grpc-status 77'],
    [
      'no failure behind a message',
      (peer) =>
        void peer
          .section(GRPC_HEAD, false)
          .data(ONE)
          .section([['grpc-status', '14']], true),
      'grpc-status 14 UNAVAILABLE',
    ],
    ['no other status of HTTP', heads([':status', '503']), 'status 503'],
    ['no page', heads([':status', '200'], ['content-type', 'text/html']), 'content-type'],
    ['no content of two types', heads(...GRPC_HEAD, ['content-type', 'application/grpc']), 'content-type'],
    ['no content of no type', heads([':status', '200']), 'content-type'],
    [
      'a type with its coding',
      heads([':status', '200'], ['content-type', 'application/grpc+proto']),
      'passed',
    ],
    [
      'a type with a parameter',
      heads([':status', '200'], ['content-type', 'Application/GRPC; a=b']),
      'passed',
    ],
    [
      'no type that only begins so',
      heads([':status', '200'], ['content-type', 'application/grpc-web']),
      'content-type',
    ],
    ['no call without a status', refuses(), MALFORMED],
    ['no status that is no number', refuses(['grpc-status', 'OK']), MALFORMED],
    ['no two statuses', refuses(['grpc-status', '0'], ['grpc-status', '0']), MALFORMED],
    ['no success without a message', refuses(['grpc-status', '0']), MALFORMED],
    [
      'no message that ends the stream',
      (peer) => void peer.section(GRPC_HEAD, false).data(ONE, true),
      MALFORMED,
    ],
    ['no compressed message', says(framed(Buffer.of(8, 1), 1)), MALFORMED],
    ['no two messages', says(Buffer.concat([ONE, ONE])), MALFORMED],
    ['no message that is none', says(framed(Buffer.of(8))), MALFORMED],
    [
      'no message that is too long',
      says(framed(Buffer.concat([Buffer.of(0x1a, 0xd0, 0x0f), Buffer.alloc(2_000), Buffer.of(0x08, 1)]))),
      MALFORMED,
    ],
    ['interim responses', both((peer) => void peer.section([[':status', '103']], false), SERVING), 'passed'],
    ['no interim response that ends it', (peer) => void peer.section([[':status', '103']], true), MALFORMED],
    ['no 101', (peer) => void peer.section([[':status', '101']], false), MALFORMED],
    ['no head without a status', heads(['content-type', 'application/grpc']), MALFORMED],
    [
      'no trailers with a status of HTTP',
      (peer) => void peer.section(GRPC_HEAD, false).section([[':status', '200']], true),
      MALFORMED,
    ],
    [
      'no trailers that go on',
      (peer) => void peer.section(GRPC_HEAD, false).data(ONE).section(OK, false),
      MALFORMED,
    ],
    ['no head that is too large', heads(...GRPC_HEAD, ['a', 'b'.repeat(9_000)]), 'upstream_head_too_large'],
    ['no message before the head', (peer) => void peer.data(ONE), MALFORMED],
    ['no other stream', (peer) => void peer.section(GRPC_HEAD, false, 3), MALFORMED],
    ['no stream of the server', frame(1, 5, 2, '\x88'), MALFORMED],
    ['no push', frame(5, 4, 1, '\0\0\0\x02\x88'), MALFORMED],
    ['no block that cannot be decoded', frame(1, 4, 1, '\xff\xff\xff\xff\xff'), MALFORMED],
    ['no frame that is too large', frame(0, 0, 1, 'a'.repeat(20_000)), MALFORMED],
    ['no window of nothing', frame(8, 0, 1, '\0\0\0\0'), MALFORMED],
    ['no upper case', frame(1, 4, 1, '\x88\x00\x01A\x01b'), MALFORMED],
    [
      'padding',
      both(
        frame(1, 4, 1, '\x88\x0f\x10\x10application/grpc'),
        both(frame(0, 8, 1, `\x02${ONE.toString('latin1')}\0\0`), (peer) => void peer.section(OK, true)),
      ),
      'passed',
    ],
    [
      'a head in two frames',
      both(
        both(frame(1, 0, 1, '\x88\x0f'), frame(9, 4, 1, '\x10\x10application/grpc')),
        (peer) => void peer.data(ONE).section(OK, true),
      ),
      'passed',
    ],
    ['frames of types that nobody knows', both(frame(0x77, 0, 0, 'abc'), SERVING), 'passed'],
    ['a server that will take no further call', both((peer) => peer.writer.goaway(1, 0), SERVING), 'passed'],
    [
      'no server that has not taken this one',
      both((peer) => peer.writer.goaway(0, 0), SERVING),
      'upstream_reset',
    ],
    ['no server that gives up', both((peer) => peer.writer.goaway(1, 2), SERVING), 'upstream_reset'],
    ['no reset of the call', (peer) => peer.writer.rstStream(1, 7), 'upstream_reset'],
    ['no reset of another one', (peer) => peer.writer.rstStream(3, 7), MALFORMED],
    ['no answer by HTTP/1.1', bytes('HTTP/1.1 400 Bad Request\r\n\r\n'), MALFORMED],
    ['no silence', () => {}, 'upstream_head_timeout'],
    [
      'no half of an answer',
      (peer) => void peer.section(GRPC_HEAD, false).data(ONE),
      'upstream_head_timeout',
    ],
    ['no end before an answer', (peer) => peer.end(), 'upstream_response_incomplete'],
    [
      'no end in the middle of one',
      (peer) => peer.section(GRPC_HEAD, false).data(ONE).end(),
      'upstream_response_incomplete',
    ],
  ]

  test.each(verdicts)('lets pass %s', async (_, answer, reason) => {
    const it = await world({ answer })
    await it.clock.advance('8s')
    expect(it.results.map((result) => [result.passed, result.reason])).toEqual([
      [reason === 'passed', reason],
      [reason === 'passed', reason],
    ])
    for (const { fault, seen } of it.peers) expect([fault, seen.at(-1)]).toEqual([undefined, 'closed'])
  })

  test.each(verdicts.filter(([, , reason]) => !reason.endsWith('timeout')))(
    'finds the same, byte by byte: %s',
    async (_, answer, reason) => {
      const it = await world({ answer, network: { faults: { maxChunkBytes: 1 } } })
      await it.clock.advance('4s')
      expect(it.results.map((result) => result.reason)).toEqual([reason])
    },
  )

  test('answers PING and SETTINGS before it is answered itself', async () => {
    const it = await world({
      answer: (peer) => {
        peer.writer.ping(Buffer.from('abcdefgh'), false)
        peer.writer.ping(Buffer.from('answered'), true)
        peer.writer.settings([[0x4, 0]])
        peer.writer.flush()
      },
    })
    await it.clock.advance('1s')
    expect(it.peers[0]!.seen).toEqual(['settings-ack', 'ping-ack abcdefgh', 'settings-ack'])
    it.peers[0]!.serving(1).writer.flush()
    await it.clock.advance('100ms')
    expect(it.results).toMatchObject([{ passed: true }])
  })

  test('reads and answers no more than a call can need', async () => {
    const it = await world({
      answer: (peer) => {
        for (let i = 0; i < 20_000; i++) peer.writer.ping(Buffer.from('abcdefgh'), false)
        peer.writer.flush()
      },
    })
    await it.clock.advance('1s')
    expect(it.results).toMatchObject([{ passed: false, reason: MALFORMED, durationMs: 0 }])
    expect(it.peers[0]!.seen.length).toBeLessThan(5_000)
  })

  test('tells a server what it has done wrong', async () => {
    const it = await world({ answer: frame(1, 4, 1, '\xff\xff\xff\xff\xff') })
    await it.clock.advance('1s')
    // COMPRESSION_ERROR.
    expect(it.peers[0]!.seen).toContain('goaway 0 9')
  })

  test('fails where nothing is heard at all', async () => {
    const it = await world()
    await it.network.listen({ host: 'mute', port: 1 }, (wire) => {
      wire.handler = { onData: () => true, onEnd() {}, onDrain() {}, onClose() {} }
      wire.end()
    })
    const results: ProbeResult[] = []
    const app = await proxy()
      .listen({ host: 'proxy', port: 81 })
      .route('/', pool(['http://mute:1']).health({ type: 'grpc', jitter: 0 }))
      .start({
        signals: false,
        surroundings: {
          clock: it.clock,
          network: it.network,
          random: seededRandom(1),
          observer: { probed: (_, result) => results.push(result) },
        },
      })
    await it.clock.advance('1s')
    expect(results).toMatchObject([{ passed: false, reason: 'upstream_reset' }])
    await it.clock.until(app.close())
  })
})

test.each([
  ['connects', 3],
  ['waits', 500],
])('a pool that is closed while its gRPC probe %s leaves nothing', async (_, ms) => {
  const it = await world({ answer: () => {}, network: { latencyMs: 5 } })
  await it.clock.advance(ms)
  await it.clock.until(it.app.close())
  await it.clock.advance('1m')
  expect(it.results).toEqual([])
})

test('a service that says NOT_SERVING is taken out, and in again when it serves', {
  timeout: 60_000,
}, async () => {
  const users = pool(['http://u1', 'http://u2', 'http://u3']).health({
    type: 'grpc',
    port: 50_051,
    service: 'users.v1.Users',
    intervalMs: '1s',
    rise: 2,
    fall: 2,
  })
  await using sim = simulate(proxy().route('/', users), { seed: 4, keep: 100_000 })
  let status = 1
  const listeners = []
  for (const host of ['u1', 'u2', 'u3']) {
    listeners.push(
      await sim.network.listen({ host, port: 50_051 }, (wire) => {
        void new GrpcHealthPeer(wire, (peer) => void peer.serving(host === 'u2' ? status : 1))
      }),
    )
  }
  const changesOf = ({ journal }: Simulation) =>
    journal.entries
      .filter(({ subject, text }) => subject === 'endpoint' && text.includes('u2'))
      .map(({ atMs, text }) => [text.replace(/^endpoint http:\/\/u2: /, ''), Math.floor(atMs / 1_000)])
  await sim.load({ rate: 30, duration: '10s' })
  status = 2
  await sim.advance('3s')
  const without = await sim.load({ rate: 30, duration: '10s' })
  expect(Object.keys(without.byEndpoint)).toEqual(['http://u1', 'http://u3'])
  status = 1
  await sim.advance('3s')
  const again = await sim.load({ rate: 30, duration: '5s' })
  expect(Object.keys(again.byEndpoint)).toEqual(['http://u1', 'http://u2', 'http://u3'])
  expect([without.errorRate, again.errorRate]).toEqual([0, 0])
  expect(changesOf(sim)).toEqual([
    ['healthy, was unknown (passed)', 0],
    ['unhealthy, was healthy (NOT_SERVING)', 11],
    ['healthy, was unhealthy (passed)', 24],
  ])
  for (const listener of listeners) await listener.close()
  await sim.assertNoLeaks()
})
