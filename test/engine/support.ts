import { expect, onTestFinished } from 'vitest'
import type { Observer } from '../../src/core/observer.ts'
import {
  type Endpoint,
  type Filter,
  type ListenOptions,
  type Outcome,
  type PoolOptions,
  pool,
  proxy,
  type RunningProxy,
  type StartOptions,
  type Target,
} from '../../src/index.ts'
import { Peer, type WireRequest } from './peer.ts'
import { type Line, testNetwork } from './test-network.ts'

export { Peer } from './peer.ts'
export { onRealSockets, testClock, testNetwork } from './test-network.ts'

/** A service whose every byte the test sends itself. */
export class RawUpstream {
  /** Every connection that came. */
  readonly peers: Peer[] = []
  readonly port: number
  readonly #stop: () => Promise<void>
  #accepted = 0
  #wake: (() => void)[] = []
  #answer: ((request: WireRequest, peer: Peer) => string | Buffer | Promise<string | Buffer>) | undefined

  constructor(port: number, stop: () => Promise<void>) {
    this.port = port
    this.#stop = stop
  }

  /** A connection has come. */
  took(line: Line): void {
    const peer = new Peer(line)
    this.peers.push(peer)
    for (const wake of this.#wake.splice(0)) wake()
    if (this.#answer !== undefined) void this.#serve(peer)
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** The next connection that comes, or has come. */
  async accept(): Promise<Peer> {
    while (this.peers.length <= this.#accepted) await new Promise<void>((resolve) => this.#wake.push(resolve))
    return this.peers[this.#accepted++]!
  }

  /** Answers every request with these bytes. */
  answer(answer: (request: WireRequest, peer: Peer) => string | Buffer | Promise<string | Buffer>): this {
    this.#answer = answer
    return this
  }

  stopListening(): Promise<void> {
    return this.#stop()
  }

  async #serve(peer: Peer): Promise<void> {
    try {
      for (;;) await peer.send(await this.#answer!(await peer.request(), peer))
    } catch {
      // The connection is over.
      peer.close()
    }
  }
}

/** A service at any port, or at this one. */
export async function rawUpstream(at?: { readonly port: number }): Promise<RawUpstream> {
  let upstream: RawUpstream | undefined
  const listener = await testNetwork().listen((line) => upstream!.took(line), at?.port)
  const made = new RawUpstream(listener.port, () => listener.close())
  upstream = made
  onTestFinished(async () => {
    await listener.close()
    for (const peer of made.peers) peer.close()
  })
  return made
}

/** An address at which nobody listens. */
export async function deadUrl(): Promise<string> {
  const listener = await testNetwork().listen(() => {})
  await listener.close()
  return `http://127.0.0.1:${listener.port}`
}

export interface GatewayOptions extends ListenOptions {
  pool?: PoolOptions
  filters?: Filter[]
  attemptFilters?: Filter[]
  /** What answers in place of a pool. */
  target?: Target
  start?: StartOptions
  /** Is told of what happens. Not together with `start`. */
  observer?: Observer
}

/** The proxy under test, and what it says about itself. */
export interface Gateway {
  readonly running: RunningProxy
  readonly url: string
  readonly outcomes: readonly Outcome[]
  /** The outcome of the n-th exchange to end; the first is 1. */
  outcome(n?: number): Promise<Outcome>
  /** How many have begun. */
  readonly exchanges: number
  /** Calls as soon as an exchange has begun that is the n-th. */
  begun(n?: number): Promise<void>
  /** Endpoints, once one was picked. */
  readonly endpoints: readonly Endpoint[]
}

/**
 * Starts a proxy before some services. When the test is over it is closed, and then every exchange must have had one
 * outcome, every lease must be back, and no connection may be left on either side.
 */
export async function gateway(
  upstreams: RawUpstream | string | readonly (RawUpstream | string)[],
  {
    pool: poolOptions,
    filters = [],
    attemptFilters = [],
    target,
    start,
    observer,
    ...listen
  }: GatewayOptions = {},
): Promise<Gateway> {
  const all = Array.isArray(upstreams)
    ? (upstreams as (RawUpstream | string)[])
    : [upstreams as RawUpstream | string]
  const endpoints = new Set<Endpoint>()
  let turn = 0
  const services = pool(
    all.map((one) => (typeof one === 'string' ? one : one.url)),
    poolOptions,
  )
    .balance((candidates) => {
      for (const one of candidates) endpoints.add(one)
      return candidates[turn++ % candidates.length]!
    })
    .use(...attemptFilters)
  const outcomes: Outcome[] = []
  let begun = 0
  let waiting: (() => void)[] = []
  const changed = () => {
    const woken = waiting
    waiting = []
    for (const wake of woken) wake()
  }
  const until = async (condition: () => boolean) => {
    while (!condition()) await new Promise<void>((resolve) => waiting.push(resolve))
  }
  const watch: Filter = (exchange, next) => {
    begun++
    exchange.onComplete((outcome) => {
      outcomes.push(outcome)
      changed()
    })
    changed()
    return next(exchange)
  }
  const network = testNetwork()
  const running = await proxy()
    .listen({ port: 0, ...listen })
    .use(watch, ...filters)
    .route('/', target ?? services)
    .start({
      signals: false,
      ...(start ?? { surroundings: { ...network.surroundings, ...(observer && { observer }) } }),
    })
  onTestFinished(async () => {
    await (start === undefined ? network.until(running.close()) : running.close())
    expect(running.connections, 'client connections left').toBe(0)
    expect(outcomes.length, 'outcomes').toBe(begun)
    for (const endpoint of endpoints) expect(endpoint.inFlight, 'leases left').toBe(0)
    for (const one of all) {
      if (typeof one === 'string') continue
      await one.stopListening()
      for (const peer of one.peers) {
        peer.resume()
        await peer.over
      }
    }
  })
  return {
    running,
    url: running.url,
    outcomes,
    async outcome(n = 1) {
      await until(() => outcomes.length >= n)
      return outcomes[n - 1]!
    },
    get exchanges() {
      return begun
    },
    begun: (n = 1) => until(() => begun >= n),
    get endpoints() {
      return [...endpoints]
    },
  }
}

/** Connects to the proxy. */
export async function client(to: { readonly url: string }): Promise<Peer> {
  const { hostname, port } = new URL(to.url)
  const peer = new Peer(await testNetwork().connect(hostname, Number(port)))
  onTestFinished(() => peer.close())
  return peer
}

export const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
export const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
export const WEBSOCKET =
  'GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'
export const SWITCHED =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n'

/** A response head and body with its length. */
export function answer(status: number, body: string, headers = ''): string {
  return `HTTP/1.1 ${status} X\r\n${headers}Content-Length: ${body.length}\r\n\r\n${body}`
}

/** Any other request gets through the proxy: it is alive. */
export async function expectAlive(to: { readonly url: string }, upstream: RawUpstream): Promise<void> {
  const other = await client(to)
  const [response] = await Promise.all([
    (async () => {
      await other.send('GET /alive HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
      return other.response()
    })(),
    (async () => {
      const peer = await upstream.accept()
      expect((await peer.request()).target).toBe('/alive')
      await peer.send('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok')
    })(),
  ])
  expect(response.status).toBe(200)
}
