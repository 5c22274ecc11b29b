import type {
  Address,
  ConnectOptions,
  Network,
  TlsConnectOptions,
  Wire,
  WireHandler,
} from '../../core/network.ts'
import { type SimpleMessage, SimpleReader } from './simple-http1.ts'

/** A response as a raw client reads it. */
export interface RawResponse extends SimpleMessage {
  readonly status: number
  readonly reason: string
  /** Interim (1xx) responses that came before it. */
  readonly informational: readonly RawResponse[]
}

/** One connection, byte by byte. What it reads stays until it is asked for. */
export interface RawClient {
  /** A string goes as latin1. Resolves when there is room for more; after a close, at once. */
  send(bytes: string | Uint8Array): Promise<void>
  /** The next `count` bytes. Rejects when the connection ends before. */
  read(count: number): Promise<Buffer>
  /** All bytes until the other side ends. Rejects when it resets. */
  readToEnd(): Promise<Buffer>
  /**
   * The next response; interim ones are with it. Say `{ to: 'HEAD' }` after a HEAD, and `{ to: 'CONNECT' }` after a
   * CONNECT, since these have no body. A 101 is given as it is, and so is the 2xx that opens a tunnel; what follows
   * is there for `read`. Rejects when the connection ends before a response has begun; one that breaks
   * off is `complete: false`.
   */
  response(options?: { readonly to?: string }): Promise<RawResponse>
  /** Bytes that came and nobody has read. */
  readonly unread: Buffer
  /** Ends its own side, and goes on reading. */
  end(): void
  /** Closes. Resolves when it is closed. */
  close(): Promise<void>
  /** Closes with a reset. */
  reset(): Promise<void>
  /** Stops reading from the network, so that the other side has to wait. */
  pause(): void
  resume(): void
  /** Whether the other side has ended, or everything is over. */
  readonly ended: boolean
  /** Resolves when it is over, with the reason unless it was an orderly end. */
  readonly closed: Promise<Error | undefined>
  readonly local: Address
  readonly remote: Address
}

/**
 * Connects to an address and gives the connection.
 *
 * @example
 * const client = await rawClient(network, running.url)
 * await client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
 * expect((await client.response()).status).toBe(200)
 */
export function rawClient(network: Network, address: string | URL | RawAddress): Promise<RawClient> {
  const options = connectOptions(address)
  return new Promise((resolve, reject) => {
    network.connect(options, {
      onConnect: (wire) => resolve(new WireClient(wire)),
      onConnectError: reject,
    })
  })
}

/** Where a raw client connects to. `tls`: by TLS, and how; an `https:` url does so too. */
export interface RawAddress {
  readonly address?: string
  readonly host?: string
  readonly port: number
  readonly tls?: TlsConnectOptions | undefined
}

function connectOptions(address: string | URL | RawAddress): ConnectOptions {
  if (typeof address !== 'string' && !(address instanceof URL)) {
    const { port, tls } = address
    return { host: address.host ?? address.address ?? '127.0.0.1', port, tls }
  }
  const { hostname, port, protocol } = new URL(address)
  const host = hostname.replace(/^\[|\]$/g, '')
  const secure = protocol === 'https:'
  return {
    host,
    port: port === '' ? (secure ? 443 : 80) : Number(port),
    tls: secure ? { servername: host } : undefined,
  }
}

class WireClient implements RawClient, WireHandler {
  readonly closed: Promise<Error | undefined>
  readonly local: Address
  readonly remote: Address
  readonly #wire: Wire
  readonly #onClosed: (error: Error | undefined) => void
  readonly #parts: Buffer[] = []
  #size = 0
  #state: 'open' | 'ended' | 'closed' = 'open'
  #error: Error | undefined
  #wake: (() => void)[] = []

  constructor(wire: Wire) {
    const { promise, resolve } = Promise.withResolvers<Error | undefined>()
    this.closed = promise
    this.#onClosed = resolve
    this.#wire = wire
    this.local = wire.local
    this.remote = wire.remote
    wire.handler = this
  }

  get unread(): Buffer {
    const all = Buffer.concat(this.#parts)
    this.#parts.length = 0
    this.#parts.push(all)
    return all
  }

  get ended(): boolean {
    return this.#state !== 'open'
  }

  async send(bytes: string | Uint8Array): Promise<void> {
    if (this.#isClosed() || this.#wire.write(bytes)) return
    while (!this.#isClosed() && this.#wire.pendingBytes > 0) await this.#change()
  }

  async read(count: number): Promise<Buffer> {
    while (this.#size < count) await this.#more(`${count} bytes`)
    return this.#take(count)
  }

  async readToEnd(): Promise<Buffer> {
    while (this.#state === 'open') await this.#change()
    if (this.#error !== undefined) throw this.#broken('end')
    return this.#take(this.#size)
  }

  async response({ to = 'GET' }: { readonly to?: string } = {}): Promise<RawResponse> {
    const informational: RawResponse[] = []
    let found: RawResponse | undefined
    const reader = new SimpleReader({
      kind: 'response',
      onHead: ({ startLine }) => to !== 'HEAD' && !(to === 'CONNECT' && /^\S+ 2/.test(startLine)),
      onMessage: (message) => {
        const response = rawResponse(message, informational)
        if (response.status >= 200 || response.status === 101) found = response
        else informational.push(response)
        return found === undefined
      },
    })
    while (found === undefined) {
      const bytes = this.#take(this.#size)
      if (bytes.length > 0) reader.push(bytes)
      else if (this.#state === 'open') await this.#change()
      else {
        if (!reader.midMessage) throw this.#broken('response')
        reader.end()
        if (found === undefined)
          throw this.#broken(`end of ${JSON.stringify(reader.rest.toString('latin1'))}`)
      }
    }
    this.#parts.unshift(reader.rest)
    this.#size += reader.rest.length
    return found
  }

  end(): void {
    this.#wire.end()
  }

  async close(): Promise<void> {
    this.#wire.destroy()
    await this.closed
  }

  async reset(): Promise<void> {
    this.#wire.reset()
    await this.closed
  }

  pause(): void {
    this.#wire.pause()
  }

  resume(): void {
    this.#wire.resume()
  }

  onData(chunk: Buffer): boolean {
    this.#parts.push(Buffer.from(chunk))
    this.#size += chunk.length
    this.#changed()
    return true
  }

  onEnd(): void {
    this.#state = 'ended'
    this.#changed()
  }

  onDrain(): void {
    this.#changed()
  }

  onClose(error: Error | undefined): void {
    this.#state = 'closed'
    this.#error = error
    this.#onClosed(error)
    this.#changed()
  }

  #take(count: number): Buffer {
    const all = this.unread
    this.#parts.length = 0
    this.#parts.push(all.subarray(count))
    this.#size = all.length - count
    return all.subarray(0, count)
  }

  #isClosed(): boolean {
    return this.#state === 'closed'
  }

  async #more(wanted: string): Promise<void> {
    if (this.#state !== 'open') throw this.#broken(wanted)
    await this.#change()
  }

  #broken(wanted: string): Error {
    const why = this.#error?.message ?? 'its other side ended'
    const got =
      this.unread.length === 0 ? '' : `; unread: ${JSON.stringify(this.unread.toString('latin1', 0, 200))}`
    return new Error(`rawClient: no ${wanted}: ${why}${got}`, { cause: this.#error })
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#wake.push(resolve))
  }

  #changed(): void {
    const waiting = this.#wake
    this.#wake = []
    for (const wake of waiting) wake()
  }
}

function rawResponse(message: SimpleMessage, informational: readonly RawResponse[]): RawResponse {
  const found = /^HTTP\/\d\.\d (\d{3})(?: (.*))?$/.exec(message.startLine)
  if (found === null) throw new Error(`rawClient: no status line: ${JSON.stringify(message.startLine)}`)
  return { ...message, status: Number(found[1]), reason: found[2] ?? '', informational: [...informational] }
}
