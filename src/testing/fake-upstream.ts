import { type Clock, systemClock } from '../core/clock.ts'
import type { BoundListener, Network, Wire, WireHandler } from '../core/network.ts'
import { invalidOption, knownOptions } from '../core/options.ts'
import { nodeNetwork } from '../transport/network.ts'
import { firstValue, type SimpleMessage, SimpleReader } from './simple-http1.ts'

export interface FakeUpstreamOptions {
  /** Default: real sockets. */
  readonly network?: Network | undefined
  /** For `delayMs`. Default: the real one. */
  readonly clock?: Clock | undefined
  /** Default `127.0.0.1`. In memory any name will do, and is known from then on. */
  readonly host?: string | undefined
  /** Default 0: one that is free. */
  readonly port?: number | undefined
}

/** A request as it came over the wire. */
export interface FakeRequest extends SimpleMessage {
  readonly method: string
  readonly target: string
  readonly version: string
  /** Values of the `:params` of the route, not decoded. */
  readonly params: Readonly<Record<string, string>>
  /** Which connection it came on; the first is 1. */
  readonly connection: number
  /** The first value of a field, whatever the case of its name. */
  header(name: string): string | undefined
}

type FieldInit = Readonly<Record<string, string | readonly string[]>> | readonly (readonly [string, string])[]

/** What is sent back. Nothing of it is checked, so that wrong answers can be given. */
export interface FakeReply {
  /** Default 200. */
  readonly status?: number | undefined
  readonly reason?: string | undefined
  /** Framing fields are added unless some are given. */
  readonly headers?: FieldInit | undefined
  /** A string goes as UTF-8. Chunks are sent one by one, as fast as they are taken. */
  readonly body?: string | Uint8Array | AsyncIterable<string | Uint8Array> | undefined
  /** Makes the framing `chunked`. */
  readonly trailers?: FieldInit | undefined
  /** Default `length` for a body that is there, else `chunked`. */
  readonly framing?: 'length' | 'chunked' | 'close' | undefined
  /** Interim (1xx) responses that go first. */
  readonly informational?: readonly { readonly status: number; readonly headers?: FieldInit }[] | undefined
  /** Waits before anything is sent. */
  readonly delayMs?: number | undefined
  /** Sent in place of head and body, byte for byte; a string as latin1. */
  readonly raw?: string | Uint8Array | undefined
  /** What becomes of the connection. Default `keep`, or `end` where the messages ask for it. */
  readonly after?: 'keep' | 'end' | 'close' | 'reset' | undefined
  /** After this reply (a 101) all bytes of the connection come here. */
  readonly tunnel?: ((bytes: Buffer, peer: TunnelPeer) => void) | undefined
}

/** The other end of a tunnel. */
export interface TunnelPeer {
  /** A string goes as latin1. */
  write(bytes: string | Uint8Array): void
  /** Ends its own side; what comes from the other still arrives. */
  end(): void
  /** Closes with a reset. */
  reset(): void
}

export type FakeAnswer = FakeReply | ((request: FakeRequest) => FakeReply | Promise<FakeReply>)

export interface FakeUpstream extends AsyncDisposable {
  /**
   * Answers requests that fit `METHOD /path`. `*` is any method; `:name` is one segment, a `*` at the end all the
   * rest. The first route that fits counts. Of several answers each serves one request, the last all further ones.
   */
  on(route: string, ...answers: readonly [FakeAnswer, ...FakeAnswer[]]): this
  /** Answers what no route fits. Without this it is 200 `ok`, or 404 when there are routes. */
  reply(...answers: readonly [FakeAnswer, ...FakeAnswer[]]): this
  /** Listens, and gives itself back. Rejects when it is started already, or with the system's error. */
  start(): Promise<this>
  /** Stops listening and closes every connection. */
  close(): Promise<void>
  /** Resets every connection, and goes on listening. */
  resetConnections(): void
  /** Resolves as soon as the condition holds; looks at every request, connection and close. */
  when(condition: (upstream: this) => boolean): Promise<void>
  /** `http://host:port`. Throws before `start`. */
  readonly url: string
  readonly port: number
  /** Requests in the order they were complete; one that broke off is there too, with `complete: false`. */
  readonly requests: readonly FakeRequest[]
  /** Connections that are open. */
  readonly connections: number
  /** Connections that were ever opened. */
  readonly totalConnections: number
  /** What went wrong here: an answer that threw, a request that made no sense. */
  readonly errors: readonly unknown[]
}

/**
 * A service to proxy to: it answers what the test says, byte for byte if need be, and records what came.
 *
 * @example
 * await using upstream = await fakeUpstream()
 *   .on('GET /users/:id', ({ params }) => ({ body: params.id }))
 *   .on('GET /flaky', { raw: '', after: 'reset' }, { body: 'second time lucky' })
 *   .start()
 */
export function fakeUpstream(options: FakeUpstreamOptions = {}): FakeUpstream {
  knownOptions('fakeUpstream', options, ['network', 'clock', 'host', 'port'])
  return new Upstream(options)
}

interface Route {
  readonly method: string
  readonly path: RegExp
  readonly answers: FakeAnswer[]
}

const OK: FakeReply = { body: 'ok' }

class Upstream implements FakeUpstream {
  readonly requests: FakeRequest[] = []
  readonly errors: unknown[] = []
  readonly clock: Clock
  readonly #network: Network
  readonly #host: string
  readonly #port: number
  readonly #routes: Route[] = []
  readonly #open = new Set<Connection>()
  #default: FakeAnswer[] | undefined
  #listener: BoundListener | undefined
  #totalConnections = 0
  #watchers: (() => boolean)[] = []

  constructor({
    network = nodeNetwork,
    clock = systemClock,
    host = '127.0.0.1',
    port = 0,
  }: FakeUpstreamOptions) {
    this.#network = network
    this.clock = clock
    this.#host = host
    this.#port = port
  }

  on(route: string, ...answers: readonly [FakeAnswer, ...FakeAnswer[]]): this {
    const found = /^([A-Z*]+) (\/\S*)$/.exec(route)
    if (found === null) throw invalidOption('fakeUpstream', 'route', '"METHOD /path"', route)
    const pattern = found[2]!
      .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
      .replace(/:(\w+)/g, '(?<$1>[^/]+)')
      .replace(/\*$/, '.*')
    this.#routes.push({ method: found[1]!, path: new RegExp(`^${pattern}$`), answers: [...answers] })
    return this
  }

  reply(...answers: readonly [FakeAnswer, ...FakeAnswer[]]): this {
    this.#default = [...answers]
    return this
  }

  async start(): Promise<this> {
    if (this.#listener !== undefined) throw new Error('fakeUpstream: it is started already')
    this.#listener = await this.#network.listen({ host: this.#host, port: this.#port }, (wire) => {
      this.#open.add(new Connection(this, wire, ++this.#totalConnections))
      this.changed()
    })
    return this
  }

  async close(): Promise<void> {
    const listener = this.#listener
    this.#listener = undefined
    await listener?.close()
    const closed = Array.from(this.#open, (connection) => connection.closed)
    for (const connection of this.#open) connection.destroy()
    await Promise.all(closed)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  resetConnections(): void {
    for (const connection of this.#open) connection.reset()
  }

  when(condition: (upstream: this) => boolean): Promise<void> {
    if (condition(this)) return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.#watchers.push(() => {
        try {
          if (!condition(this)) return false
          resolve()
        } catch (error) {
          reject(error)
        }
        return true
      })
    })
  }

  get url(): string {
    return `http://${this.#host.includes(':') ? `[${this.#host}]` : this.#host}:${this.port}`
  }

  get port(): number {
    if (this.#listener === undefined) throw new Error('fakeUpstream: it has no port; call start() first')
    return this.#listener.address.port
  }

  get connections(): number {
    return this.#open.size
  }

  get totalConnections(): number {
    return this.#totalConnections
  }

  /** Finds the answer, and takes it where it is one of several. */
  answer(method: string, path: string): { answer: FakeAnswer; params: Record<string, string> } {
    for (const route of this.#routes) {
      const found = route.method === '*' || route.method === method ? route.path.exec(path) : null
      if (found !== null) return { answer: next(route.answers), params: { ...found.groups } }
    }
    if (this.#default !== undefined) return { answer: next(this.#default), params: {} }
    const none = this.#routes.length === 0
    return { answer: none ? OK : { status: 404, body: `no route for ${method} ${path}` }, params: {} }
  }

  onClosed(connection: Connection): void {
    this.#open.delete(connection)
    this.changed()
  }

  changed(): void {
    this.#watchers = this.#watchers.filter((settled) => !settled())
  }
}

function next(answers: FakeAnswer[]): FakeAnswer {
  return answers.length > 1 ? answers.shift()! : answers[0]!
}

class Connection implements WireHandler {
  readonly closed: Promise<void>
  readonly #upstream: Upstream
  readonly #wire: Wire
  readonly #number: number
  readonly #onClosed: () => void
  readonly #reader: SimpleReader
  /** Requests are answered one after the other, also when they come in a pipeline. */
  #answering: Promise<void> = Promise.resolve()
  #waiting: (() => void)[] = []
  #tunnel: FakeReply['tunnel']
  #state: 'open' | 'ended' | 'closed' = 'open'

  constructor(upstream: Upstream, wire: Wire, number: number) {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.closed = promise
    this.#onClosed = resolve
    this.#upstream = upstream
    this.#wire = wire
    this.#number = number
    this.#reader = new SimpleReader({
      kind: 'request',
      onHead: ({ headers }) => {
        // A client that waits for it would never send the body.
        if (/100-continue/i.test(firstValue(headers, 'expect') ?? ''))
          wire.write('HTTP/1.1 100 Continue\r\n\r\n')
        return true
      },
      onMessage: (message) => this.#request(message),
    })
    wire.handler = this
  }

  destroy(): void {
    this.#wire.destroy()
  }

  reset(): void {
    this.#wire.reset()
  }

  onData(chunk: Buffer): boolean {
    try {
      if (this.#tunnel !== undefined) {
        this.#tunnel(Buffer.from(chunk), this.#wire)
        return true
      }
      this.#reader.push(chunk)
    } catch (error) {
      this.#upstream.errors.push(error)
      this.#wire.destroy()
    }
    return true
  }

  onEnd(): void {
    this.#state = 'ended'
    this.#reader.end()
    void this.#answering.then(() => this.#wire.end())
  }

  onDrain(): void {
    this.#wake()
  }

  onClose(): void {
    if (this.#state === 'open') this.#reader.end()
    this.#state = 'closed'
    this.#wake()
    this.#onClosed()
    this.#upstream.onClosed(this)
  }

  /** Returns whether to read on: not when the connection may turn into a tunnel. */
  #request(message: SimpleMessage): boolean {
    const [method = '', target = '', version = ''] = message.startLine.split(' ')
    const { answer, params } = this.#upstream.answer(method, target.replace(/\?.*/s, ''))
    const request: FakeRequest = {
      ...message,
      method,
      target,
      version,
      params,
      connection: this.#number,
      header: (name) => firstValue(message.headers, name.toLowerCase()),
    }
    this.#upstream.requests.push(request)
    this.#upstream.changed()
    if (message.complete) {
      this.#answering = this.#answering
        .then(() => this.#answer(request, answer))
        .catch((error: unknown) => {
          this.#upstream.errors.push(error)
          this.#wire.reset()
        })
    }
    return request.header('upgrade') === undefined
  }

  async #answer(request: FakeRequest, answer: FakeAnswer): Promise<void> {
    const reply = await this.#made(request, answer)
    if (reply.delayMs !== undefined) await this.#pause(reply.delayMs)
    for (const { status, headers } of reply.informational ?? []) {
      await this.#write(`HTTP/1.1 ${status} \r\n${fieldLines(fieldsOf(headers))}\r\n`)
    }
    if (reply.raw !== undefined) await this.#write(reply.raw)
    else await this.#message(request, reply)
    if (this.#isClosed()) return
    if (reply.tunnel !== undefined) {
      this.#tunnel = reply.tunnel
      if (this.#reader.rest.length > 0) reply.tunnel(this.#reader.rest, this.#wire)
      return
    }
    this.#after(reply.after ?? (endsAfter(request, reply) ? 'end' : 'keep'))
    this.#reader.resume()
  }

  async #made(request: FakeRequest, answer: FakeAnswer): Promise<FakeReply> {
    if (typeof answer !== 'function') return answer
    try {
      return await answer(request)
    } catch (error) {
      this.#upstream.errors.push(error)
      return { status: 500, body: `the test's answer threw: ${String(error)}` }
    }
  }

  async #message(request: FakeRequest, reply: FakeReply): Promise<void> {
    const { status = 200, reason = status === 200 ? 'OK' : '', body = '' } = reply
    const headers = fieldsOf(reply.headers)
    const framing = framingOf(reply, headers, body)
    const framed = headers.some(([name]) => /^(content-length|transfer-encoding)$/i.test(name))
    if (!framed && status >= 200 && status !== 204 && status !== 304) {
      if (framing === 'chunked') headers.push(['Transfer-Encoding', 'chunked'])
      else if (framing === 'length' && isWhole(body))
        headers.push(['Content-Length', `${bytesOf(body).byteLength}`])
    }
    const head = Buffer.from(`HTTP/1.1 ${status} ${reason}\r\n${fieldLines(headers)}\r\n`, 'latin1')
    if (request.method === 'HEAD') {
      await this.#write(head)
      return
    }
    if (!isWhole(body)) {
      await this.#write(head)
      await this.#stream(body, framing)
    } else {
      // Together, as most services do.
      const bytes = bytesOf(body)
      await this.#write(Buffer.concat([head, framing === 'chunked' ? chunked(bytes) : bytes]))
    }
    if (framing === 'chunked') await this.#write(`0\r\n${fieldLines(fieldsOf(reply.trailers))}\r\n`)
  }

  async #stream(body: AsyncIterable<string | Uint8Array>, framing: string): Promise<void> {
    for await (const part of body) {
      const bytes = bytesOf(part)
      await this.#write(framing === 'chunked' ? chunked(bytes) : bytes)
      // Leaving the loop tells the generator.
      if (this.#isClosed()) return
    }
  }

  async #write(bytes: string | Uint8Array): Promise<void> {
    if (this.#isClosed() || this.#wire.write(bytes)) return
    while (!this.#isClosed() && this.#wire.pendingBytes > 0) await this.#wakened()
  }

  async #pause(ms: number): Promise<void> {
    let over = false
    const timer = this.#upstream.clock.setTimeout(() => {
      over = true
      this.#wake()
    }, ms)
    while (!over && !this.#isClosed()) await this.#wakened()
    timer.clear()
  }

  #after(what: 'keep' | 'end' | 'close' | 'reset'): void {
    if (what === 'end') this.#wire.end()
    else if (what === 'close') this.#wire.destroy()
    else if (what === 'reset') this.#wire.reset()
  }

  #isClosed(): boolean {
    return this.#state === 'closed'
  }

  #wakened(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const wake of waiting) wake()
  }
}

function framingOf(
  { framing, trailers }: FakeReply,
  headers: readonly (readonly [string, string])[],
  body: string | Uint8Array | AsyncIterable<string | Uint8Array>,
): 'length' | 'chunked' | 'close' {
  if (framing !== undefined) return framing
  if (firstValue(headers, 'transfer-encoding') !== undefined) return 'chunked'
  if (firstValue(headers, 'content-length') !== undefined) return 'length'
  return isWhole(body) && trailers === undefined ? 'length' : 'chunked'
}

function isWhole(
  body: string | Uint8Array | AsyncIterable<string | Uint8Array>,
): body is string | Uint8Array {
  return typeof body === 'string' || body instanceof Uint8Array
}

function endsAfter(request: FakeRequest, reply: FakeReply): boolean {
  const asked = request.header('connection') ?? ''
  if (reply.framing === 'close' || /close/i.test(asked)) return true
  if (request.version === 'HTTP/1.0' && !/keep-alive/i.test(asked)) return true
  return /close/i.test(firstValue(fieldsOf(reply.headers), 'connection') ?? '')
}

function fieldsOf(init: FieldInit | undefined): [string, string][] {
  if (init === undefined) return []
  if (Array.isArray(init)) return [...(init as readonly [string, string][])]
  return Object.entries(init as Readonly<Record<string, string | readonly string[]>>).flatMap(
    ([name, value]) =>
      (typeof value === 'string' ? [value] : value).map((one): [string, string] => [name, one]),
  )
}

function fieldLines(fields: readonly (readonly [string, string])[]): string {
  return fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')
}

function bytesOf(part: string | Uint8Array): Uint8Array {
  return typeof part === 'string' ? Buffer.from(part, 'utf8') : part
}

function chunked(bytes: Uint8Array): Buffer {
  if (bytes.byteLength === 0) return Buffer.alloc(0)
  return Buffer.concat([Buffer.from(`${bytes.byteLength.toString(16)}\r\n`), bytes, Buffer.from('\r\n')])
}
