import { connect as connectTcp, createServer, type Server, type Socket } from 'node:net'
import { expect, onTestFinished } from 'vitest'
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
import { firstValue, type SimpleMessage, SimpleReader } from '../../src/testing/simple-http1.ts'

/** A response as it stood on the wire, with the interim ones before it. */
export interface WireResponse extends SimpleMessage {
  readonly status: number
  readonly interim: readonly SimpleMessage[]
  header(name: string): string | undefined
}

export interface WireRequest extends SimpleMessage {
  readonly method: string
  readonly target: string
  header(name: string): string | undefined
}

/** How a connection ended, seen from this end. */
export type End = 'ended' | 'reset'

/** One end of a TCP connection, byte by byte. What it reads stays until it is asked for. */
export class Peer {
  readonly socket: Socket
  /** The other side sends no more: an orderly end, or a reset. */
  readonly over: Promise<End>
  #parts: Buffer[] = []
  #size = 0
  #end: End | undefined
  #wake: (() => void)[] = []

  constructor(socket: Socket) {
    this.socket = socket
    this.over = new Promise((resolve) => {
      const end = (how: End) => {
        this.#end ??= how
        resolve(this.#end)
        this.#changed()
      }
      socket.on('end', () => end('ended'))
      socket.on('error', () => end('reset'))
      socket.on('close', () => end(this.#end ?? 'ended'))
    })
    socket.on('data', (chunk: Buffer) => {
      this.#parts.push(chunk)
      this.#size += chunk.length
      this.#changed()
    })
  }

  /** What came and nobody has asked for, as latin1. */
  get unread(): string {
    return this.#joined().toString('latin1')
  }

  get unreadBytes(): number {
    return this.#size
  }

  /** Sends; a string as latin1. Resolves when the system has taken all of it, or the connection is over. */
  send(bytes: string | Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      if (typeof bytes === 'string') this.socket.write(bytes, 'latin1', () => resolve())
      else this.socket.write(bytes, () => resolve())
    })
  }

  /** Everything up to and with this text. */
  async until(text: string): Promise<string> {
    for (;;) {
      const at = this.#joined().indexOf(text, 0, 'latin1')
      if (at >= 0) return this.#take(at + text.length).toString('latin1')
      await this.#more(JSON.stringify(text))
    }
  }

  async bytes(count: number): Promise<Buffer> {
    while (this.#size < count) await this.#more(`${count} bytes`)
    return this.#take(count)
  }

  /** All bytes until the other side is done. */
  async rest(): Promise<string> {
    await this.over
    return this.#take(this.#size).toString('latin1')
  }

  async response({ to = 'GET' }: { to?: string } = {}): Promise<WireResponse> {
    const interim: SimpleMessage[] = []
    for (;;) {
      const message = await this.#message('response', to !== 'HEAD')
      const status = Number(message.startLine.split(' ')[1])
      if (status < 200 && status !== 101) interim.push(message)
      else return { ...message, status, interim, header: headerOf(message) }
    }
  }

  async request(): Promise<WireRequest> {
    const message = await this.#message('request', true)
    const [method = '', target = ''] = message.startLine.split(' ')
    return { ...message, method, target, header: headerOf(message) }
  }

  end(): void {
    this.socket.end()
  }

  reset(): void {
    this.socket.resetAndDestroy()
  }

  /** Closes, with an orderly end unless there are bytes that were not read. */
  close(): void {
    this.socket.destroy()
  }

  pause(): void {
    this.socket.pause()
  }

  resume(): void {
    this.socket.resume()
  }

  async #message(kind: 'request' | 'response', bodyFollows: boolean): Promise<SimpleMessage> {
    let found: SimpleMessage | undefined
    const reader = new SimpleReader({
      kind,
      onHead: () => bodyFollows,
      onMessage: (message) => {
        found = message
        return false
      },
    })
    for (;;) {
      if (this.#size > 0) reader.push(this.#take(this.#size))
      else if (this.#end === undefined) await this.#change()
      else {
        reader.end()
        if (found === undefined)
          throw new Error(`no ${kind}: ${this.#end}, with ${JSON.stringify(reader.rest.toString('latin1'))}`)
      }
      if (found !== undefined) {
        this.#parts.unshift(reader.rest)
        this.#size += reader.rest.length
        return found
      }
    }
  }

  #joined(): Buffer {
    if (this.#parts.length !== 1) this.#parts = [Buffer.concat(this.#parts, this.#size)]
    return this.#parts[0]!
  }

  #take(count: number): Buffer {
    const all = this.#joined()
    this.#parts = [all.subarray(count)]
    this.#size -= count
    return all.subarray(0, count)
  }

  async #more(wanted: string): Promise<void> {
    if (this.#end !== undefined)
      throw new Error(`no ${wanted}: ${this.#end}, with ${JSON.stringify(this.unread)}`)
    await this.#change()
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#wake.push(resolve))
  }

  #changed(): void {
    for (const wake of this.#wake.splice(0)) wake()
  }
}

function headerOf(message: SimpleMessage): (name: string) => string | undefined {
  return (name) => firstValue(message.headers, name.toLowerCase())
}

/** A service whose every byte the test sends itself. */
export class RawUpstream {
  /** Every connection that came. */
  readonly peers: Peer[] = []
  readonly #server: Server
  #accepted = 0
  #wake: (() => void)[] = []
  #answer: ((request: WireRequest, peer: Peer) => string | Buffer | Promise<string | Buffer>) | undefined

  constructor(server: Server) {
    this.#server = server
    server.on('connection', (socket) => {
      const peer = new Peer(socket)
      this.peers.push(peer)
      for (const wake of this.#wake.splice(0)) wake()
      if (this.#answer !== undefined) void this.#serve(peer)
    })
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port
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
    return new Promise((resolve) => {
      this.#server.close()
      setImmediate(resolve)
    })
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

export async function rawUpstream(): Promise<RawUpstream> {
  const server = createServer({ allowHalfOpen: true, noDelay: true })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const upstream = new RawUpstream(server)
  onTestFinished(() => {
    server.close()
    for (const peer of upstream.peers) peer.close()
  })
  return upstream
}

/** An address at which nobody listens. */
export async function deadUrl(): Promise<string> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise<void>((resolve) => server.close(() => resolve()))
  return `http://127.0.0.1:${port}`
}

export interface GatewayOptions extends ListenOptions {
  pool?: PoolOptions
  filters?: Filter[]
  attemptFilters?: Filter[]
  /** What answers in place of a pool. */
  target?: Target
  start?: StartOptions
}

/** The proxy under test, and what it says about itself. */
export interface Gateway {
  readonly running: RunningProxy
  readonly url: string
  readonly outcomes: readonly Outcome[]
  /** The outcome of the n-th exchange to end; the first is 1. */
  outcome(n?: number): Promise<Outcome>
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
  { pool: poolOptions, filters = [], attemptFilters = [], target, start, ...listen }: GatewayOptions = {},
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
  const running = await proxy()
    .listen({ port: 0, ...listen })
    .use(watch, ...filters)
    .route('/', target ?? services)
    .start({ signals: false, ...start })
  onTestFinished(async () => {
    await running.close()
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
    begun: (n = 1) => until(() => begun >= n),
    get endpoints() {
      return [...endpoints]
    },
  }
}

/** Connects to the proxy. */
export async function client(to: { readonly url: string }): Promise<Peer> {
  const { hostname, port } = new URL(to.url)
  const socket = connectTcp({ host: hostname, port: Number(port), noDelay: true, allowHalfOpen: true })
  const peer = new Peer(socket)
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
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
