import type { Clock } from '../../core/clock.ts'
import type { Network } from '../../core/network.ts'
import { type Duration, integer, invalidOption, knownOptions } from '../../core/options.ts'
import type { Random } from '../../core/random.ts'
import type { Distribution } from './distribution.ts'
import type { GrpcAnswer, GrpcServingStatus } from './fake-grpc.ts'
import type { FakeAnswer } from './fake-reply.ts'
import type { FakeRequest } from './fake-request.ts'
import type { FakeWebSocket } from './fake-websocket.ts'
import type { Fault, FaultRule, Injection } from './fault.ts'
import type { FakeHttp2Options } from './http-versions.ts'
import { ScriptedUpstream } from './scripted-upstream.ts'
import type { TlsCredentials } from './tls-listener.ts'
import type { UpstreamEvent } from './upstream-event.ts'
import type { Capacity, SlowStart } from './upstream-service.ts'

export type { GrpcAnswer, GrpcCall, GrpcReply, GrpcServingStatus } from './fake-grpc.ts'
export type { FakeAnswer, FakeReply, FakeTunnel, TunnelPeer } from './fake-reply.ts'
export type { FakeRequest } from './fake-request.ts'
export type { FakeWebSocket, WebSocketPeer } from './fake-websocket.ts'
export type { FakeHttp2Options } from './http-versions.ts'

/** A fake upstream is on a network that it is given, or on a real socket. */
export type FakeUpstreamOptions = FakeUpstreamOnNetworkOptions | FakeUpstreamOnSocketOptions

export interface FakeUpstreamOnNetworkOptions extends FakeUpstreamCommonOptions {
  /** Where it listens: `memoryNetwork()`, for example. */
  readonly network: Network
  readonly socket?: undefined
  /** Makes the url `https`. A network in memory pretends TLS. */
  readonly tls?: true | undefined
}

export interface FakeUpstreamOnSocketOptions extends FakeUpstreamCommonOptions {
  /** Listens on a real socket. */
  readonly socket: true
  readonly network?: undefined
  /** Listens for TLS: with a certificate for localhost, 127.0.0.1 and ::1 that is made for it, or with one of yours. */
  readonly tls?: true | TlsCredentials | undefined
}

export interface FakeUpstreamCommonOptions {
  /** For everything that takes time. Default: the real one. */
  readonly clock?: Clock | undefined
  /** For everything that happens by chance. Default: seeded with 1. */
  readonly random?: Random | undefined
  /** Default `127.0.0.1`. In memory any name will do, and is known from then on. */
  readonly host?: string | undefined
  /** Default 0: one that is free. */
  readonly port?: number | undefined
  /** How many of the last requests are kept in `requests`, with their bodies. Default `Infinity`: all. */
  readonly keepRequests?: number | undefined
  /** @internal Told of everything that happens, at once. */
  readonly observe?: ((event: UpstreamEvent) => void) | undefined
}

/** A span of time in which a service is gone. */
export interface Outage {
  /** When it begins, from now. Default 0: at once. */
  readonly after?: Duration | undefined
  readonly lasts: Duration
  /** From one begin to the next. Default: it happens once. */
  readonly every?: Duration | undefined
}

export interface FakeUpstream extends AsyncDisposable {
  /**
   * Answers requests that fit `METHOD /path`. `*` is any method; `:name` is one segment, a `*` at the end all the
   * rest. The first route that fits counts. Of several answers each serves one request, the last all further ones.
   */
  on(route: string, ...answers: readonly [FakeAnswer, ...FakeAnswer[]]): this
  /**
   * Takes WebSockets at a path: by an upgrade, and by extended CONNECT (RFC 8441). Other requests to it are answered with 426. A
   * function is told of each message; without one, messages are sent back.
   *
   * @example upstream.websocket('/chat/:room', (message, peer) => peer.send(`${peer.request.params.room}: ${message}`))
   */
  websocket(path: string, handler?: FakeWebSocket | FakeWebSocket['message']): this
  /**
   * Answers calls of gRPC, when all of their messages have come: with messages, then the status. Messages are bytes. Of several
   * answers each serves one call, the last all further ones.
   *
   * @example upstream.grpc('/shop.Orders/Get', ({ messages }) => ({ messages: messages[0] }), { status: 14, message: 'try later' })
   */
  grpc(method: string, ...answers: readonly [GrpcAnswer, ...GrpcAnswer[]]): this
  /** Answers `Check` of gRPC's health service: with a status; `undefined` of a function says that there is no such service. */
  grpcHealth(status?: GrpcServingStatus | ((service: string) => GrpcServingStatus | undefined)): this
  /** Answers what no route fits. Without this it is 200 `ok`, or 404 when there are routes. */
  reply(...answers: readonly [FakeAnswer, ...FakeAnswer[]]): this

  /**
   * Does something wrong, when the rule says: to connections when they come, to requests when their head is there. Times
   * of the rule count from this call.
   *
   * Several faults may hit one request, such as latency and trailers; latencies add up. Of two that contradict each other
   * the one that was injected first happens, and the other is not counted. Faults of the framing leave `raw` answers and
   * responses without a body (HEAD, 204, 304) as they are, and count as hits all the same.
   *
   * Throws `ERR_OPTION_INVALID` for a fault or a rule that makes no sense. On a real socket `refuse` takes a window (`after`,
   * `lasts`) and nothing else: the system accepts connections before anyone is asked.
   *
   * @example upstream.inject(fault.resetAfterHead(), { match: 'GET /users/*', chance: 0.1, after: '10s', lasts: '1m' })
   */
  inject(fault: Fault, rule?: FaultRule): Injection
  /** Is gone for a while, once or again and again: resets every connection as it begins, and refuses new ones. */
  outage(outage: Outage): Injection
  /** Takes all faults and outages back. What they have begun on a connection stays. */
  clearFaults(): void

  /**
   * Which versions of HTTP it speaks from the next connection on. `true`, as it is without this call: HTTP/1.1 and HTTP/2 on
   * the same port, the second with prior knowledge, or by ALPN with `tls`. `false`: HTTP/1.1 alone. `'only'`: HTTP/2 alone.
   * Options say how HTTP/2 is spoken.
   */
  http2(given: boolean | 'only' | FakeHttp2Options): this
  /** Answers so much later, each time. */
  latency(distribution: Distribution): this
  /** Works on so many requests at once, and on the others afterwards: load causes latency. Called again, it changes. */
  capacity(capacity: Capacity): this
  /** Multiplies service times and latency after each start, and after each outage. */
  slowStart(slowStart: SlowStart): this
  /** Workers that are at work. Stays 0 without `capacity`. */
  readonly busy: number
  /** Requests that wait for a worker. */
  readonly queued: number

  /** Listens, and gives itself back. Rejects when it is started already, or with the system's error. */
  start(): Promise<this>
  /** Stops listening and closes every connection. */
  close(): Promise<void>
  /** Stands still, as a process that was stopped: connections are made, but nothing is read and nothing sent. */
  pause(): void
  /** Goes on where it stood. Time has gone on meanwhile. */
  resume(): void
  /** Resets every connection, and goes on listening. */
  resetConnections(): void
  /** Resolves as soon as the condition holds; looks at every request, connection and close. */
  when(condition: (upstream: this) => boolean): Promise<void>

  /** `http://host:port`, or `https://` with `tls`. Throws before `start`. */
  readonly url: string
  readonly port: number
  /** What to trust to connect to it, as `tls: { ca }` of a pool, in PEM. `undefined` without `tls`. */
  readonly certificate: string | undefined
  /** Requests in the order they were complete; one that broke off is there too, with `complete: false`. */
  readonly requests: readonly FakeRequest[]
  /** How many there were, kept or not. */
  readonly totalRequests: number
  /** Connections that are open. */
  readonly connections: number
  /** Connections that were ever opened. */
  readonly totalConnections: number
  /** What went wrong here: an answer that threw, a request that made no sense. */
  readonly errors: readonly unknown[]
}

/**
 * A service to proxy to: it answers what the test says, byte for byte if need be, fails as the test says, and records
 * what came. The same in memory and on a real socket.
 *
 * @throws `ERR_OPTION_INVALID` for options that are wrong: above all when neither `network` nor `socket` is given.
 * @example
 * await using upstream = await fakeUpstream({ network, clock, host: 'users', port: 80 })
 *   .on('GET /users/:id', ({ params }) => ({ body: params.id }))
 *   .on('GET /flaky', { raw: '', after: 'reset' }, { body: 'second time lucky' })
 *   .capacity({ workers: 4, serviceTime: { kind: 'exponential', meanMs: 20 } })
 *   .start()
 * upstream.inject(fault.truncate(10), { next: 1 })
 */
export function fakeUpstream(options: FakeUpstreamOptions): FakeUpstream {
  checkPlace(options)
  knownOptions('fakeUpstream', options, [
    'network',
    'socket',
    'tls',
    'clock',
    'random',
    'host',
    'port',
    'keepRequests',
    'observe',
  ])
  integer('fakeUpstream', 'port', options.port ?? 0, { max: 65_535 })
  integer('fakeUpstream', 'keepRequests', options.keepRequests ?? 0, { unlimited: true })
  return new ScriptedUpstream(options)
}

function checkPlace(options: Partial<FakeUpstreamOptions> | undefined): void {
  const { network, socket } = options ?? {}
  if (network === undefined && socket !== true)
    throw invalidOption(
      'fakeUpstream',
      'network',
      'given, as in { network: memoryNetwork() }; or say { socket: true } for a real socket',
      network,
    )
  if (network !== undefined && socket !== undefined)
    throw invalidOption('fakeUpstream', 'socket', 'left out where there is a network', socket)
}
