import type { Clock } from '../core/clock.ts'
import { ProxyError } from '../core/errors.ts'
import type { Address, BoundListener, Network, Wire } from '../core/network.ts'
import type { Random } from '../core/random.ts'
import type { ClientResolver } from './client-resolver.ts'
import { parseRequestHead, type RequestHead } from './http1/request-head.ts'
import { ServerConnection } from './http1/server-connection.ts'
import type { Http2Settings } from './http2/http2-options.ts'
import { Http2ServerConnection } from './http2/server-connection.ts'
import type { Limits } from './limits.ts'
import type { ListenerContext, ServedConnection, Snapshot } from './listener-context.ts'
import { ProtocolSniffer } from './protocol-sniffer.ts'

export interface ListenerSettings {
  readonly host: string
  readonly port: number
  readonly limits: Limits
  readonly clients: ClientResolver
  /** `undefined` speaks HTTP/1.1 alone. */
  readonly http2: Http2Settings | undefined
}

/** Accepts connections at one address, and owns them. */
export class Listener implements ListenerContext {
  readonly clock: Clock
  readonly random: Random
  readonly limits: Limits
  readonly clients: ClientResolver
  readonly parseHead: (bytes: Buffer, start: number, available: number) => RequestHead | undefined
  snapshot: Snapshot
  draining = false
  readonly #http2: Http2Settings | undefined
  readonly #connections = new Set<ServedConnection>()
  #bound: BoundListener | undefined
  #emptied: PromiseWithResolvers<void> | undefined
  #second = -1
  #date = ''
  #dateLine = ''

  constructor(settings: ListenerSettings, clock: Clock, random: Random, snapshot: Snapshot) {
    const { limits } = settings
    this.clock = clock
    this.random = random
    this.limits = limits
    this.clients = settings.clients
    this.#http2 = settings.http2
    this.snapshot = snapshot
    this.parseHead = (bytes, start, available) => parseRequestHead(bytes, start, available, limits)
  }

  get address(): Address {
    if (this.#bound === undefined) throw new Error('the listener is not open')
    return this.#bound.address
  }

  get connections(): number {
    return this.#connections.size
  }

  async open(network: Network, { host, port }: ListenerSettings): Promise<void> {
    this.#bound = await network.listen({ host, port }, (wire) => this.#accept(wire))
  }

  /** Accepts no more, lets running exchanges finish, and closes what idles. Resolves when no connection is left. */
  async drain(): Promise<void> {
    this.draining = true
    await this.#bound?.close()
    for (const connection of [...this.#connections]) connection.drain()
    await this.#whenEmpty()
  }

  /** Gives up everything that runs. */
  async close(): Promise<void> {
    this.draining = true
    await this.#bound?.close()
    for (const connection of [...this.#connections]) connection.close(new ProxyError('proxy_closed'))
    // What lingers or tunnels has no exchange to give up, but a wire to close.
    await this.#whenEmpty()
  }

  closed(connection: ServedConnection): void {
    this.#connections.delete(connection)
    if (this.#connections.size === 0) this.#emptied?.resolve()
  }

  /** Several may wait: a drain, and the close that cuts it short. */
  async #whenEmpty(): Promise<void> {
    if (this.#connections.size === 0) return
    this.#emptied ??= Promise.withResolvers()
    await this.#emptied.promise
  }

  date(): string {
    this.#tellTime()
    return this.#date
  }

  dateLine(): string {
    this.#tellTime()
    return this.#dateLine
  }

  #tellTime(): void {
    const now = this.clock.wallTime()
    const second = Math.floor(now / 1000)
    if (second === this.#second) return
    this.#second = second
    this.#date = new Date(now).toUTCString()
    this.#dateLine = `Date: ${this.#date}\r\n`
  }

  #accept(wire: Wire): void {
    if (this.draining || this.#connections.size >= this.limits.connections) {
      wire.destroy()
      return
    }
    const http2 = this.#http2
    if (http2 !== undefined && wire.tls?.alpn === 'h2') {
      wire.handler = this.#add(new Http2ServerConnection(wire, this, http2))
      return
    }
    const connection = this.#add(new ServerConnection(wire, this))
    if (http2 === undefined || wire.tls !== undefined) {
      wire.handler = connection
      return
    }
    wire.handler = new ProtocolSniffer(wire, connection, () => {
      connection.retire()
      this.#connections.delete(connection)
      return this.#add(new Http2ServerConnection(wire, this, http2))
    })
  }

  #add<C extends ServedConnection>(connection: C): C {
    this.#connections.add(connection)
    return connection
  }
}
