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

/** What the system listens with. It may be handed on. */
interface ListeningSocket {
  bound: BoundListener | undefined
  owner: Listener
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
  accepting = true
  tunnelsEnded = false
  readonly #http2: Http2Settings | undefined
  readonly #connections = new Set<ServedConnection>()
  #socket: ListeningSocket | undefined
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
    const address = this.#socket?.bound?.address
    if (address === undefined) throw new Error('the listener is not open')
    return address
  }

  get connections(): number {
    return this.#connections.size
  }

  async open(network: Network, { host, port }: ListenerSettings): Promise<void> {
    const socket: ListeningSocket = { bound: undefined, owner: this }
    socket.bound = await network.listen({ host, port }, (wire) => socket.owner.#accept(wire))
    this.#socket = socket
  }

  /** Accepts from now on in the place of another, at its address. That one has its connections left, and is to drain. */
  takeOver(other: Listener): void {
    this.#socket = other.#socket
    other.#socket = undefined
    if (this.#socket !== undefined) this.#socket.owner = this
  }

  /** From now on every response is the last of its connection. Everything else goes on. */
  announceDrain(): void {
    this.draining = true
  }

  /**
   * Accepts no more, but for those who wait to be; lets running exchanges finish, and closes what idles. Resolves when no
   * connection is left.
   */
  async drain(): Promise<void> {
    // Without a notice, responses do not say yet that they are the last: their clients would connect anew, and some just
    // now, when that is in vain.
    await this.#socket?.bound?.close()
    this.draining = true
    this.accepting = false
    for (const connection of [...this.#connections]) connection.drain()
    await this.#whenEmpty()
  }

  /** Closes what has become a tunnel, and lets nothing become one any more. */
  endTunnels(): void {
    this.tunnelsEnded = true
    for (const connection of [...this.#connections]) connection.endTunnel(new ProxyError('proxy_closed'))
  }

  /** Gives up everything that runs. */
  async close(): Promise<void> {
    this.draining = true
    this.accepting = false
    await this.#socket?.bound?.close()
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
    if (!this.accepting || this.#connections.size >= this.limits.connections) {
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
