import type { Clock } from '../core/clock.ts'
import { ProxyError } from '../core/errors.ts'
import type { ClientHello } from '../core/exchange.ts'
import { log } from '../core/log.ts'
import {
  type Address,
  type BoundListener,
  type MemoryUse,
  type Network,
  peerOf,
  type Wire,
} from '../core/network.ts'
import type { ConnectionRefusal, RefusedConnection } from '../core/observer.ts'
import { plainAddress } from '../core/plain-address.ts'
import type { Random } from '../core/random.ts'
import type { ClientResolver } from './client-resolver.ts'
import type { EndpointProtocol } from './endpoint-protocol.ts'
import { HttpDate } from './http-date.ts'
import { parseRequestHead, type RequestHead } from './http1/request-head.ts'
import { ServerConnection } from './http1/server-connection.ts'
import type { Http2Settings } from './http2/http2-options.ts'
import { Http2ServerConnection } from './http2/server-connection.ts'
import type { Limits } from './limits.ts'
import type { ListenerContext, ServedConnection, Snapshot } from './listener-context.ts'
import { Openings } from './openings.ts'
import { ProtocolSniffer } from './protocol-sniffer.ts'
import type { ProxyProtocolSettings } from './proxy-protocol/listen-options.ts'
import { type ProxyHeader, parseProxyHeader } from './proxy-protocol/proxy-header.ts'
import { TcpConnection } from './tcp/tcp-connection.ts'
import { parseClientHello } from './tls/client-hello.ts'
import { Handshakes, type HandshakesOwner } from './tls/handshakes.ts'
import type { TlsSettings } from './tls/listen-options.ts'
import { ListenerTls } from './tls/listener-tls.ts'

export interface ListenerSettings {
  readonly host: string
  readonly port: number
  readonly limits: Limits
  readonly clients: ClientResolver
  /** `undefined`: connections are the clients' own, whoever connects. */
  readonly proxyProtocol: ProxyProtocolSettings | undefined
  /** `undefined`: connections are not encrypted. */
  readonly tls: TlsSettings | undefined
  /** `tcp` carries bytes alone. */
  readonly protocol: EndpointProtocol
  /** Whether the server name that clients ask for decides where they are sent: without `tls`, their begin is read for it. */
  readonly readsHello: boolean
  /** `undefined` speaks HTTP/1.1 alone. */
  readonly http2: Http2Settings | undefined
  readonly onConnectionRefused: ((refused: RefusedConnection) => void) | undefined
}

/** What the system listens with. It may be handed on. */
interface ListeningSocket {
  bound: BoundListener | undefined
  owner: Listener
}

/** Accepts connections at one address, and owns them. */
export class Listener implements ListenerContext, HandshakesOwner {
  readonly clock: Clock
  readonly random: Random
  readonly limits: Limits
  readonly clients: ClientResolver
  readonly parseHead: (bytes: Buffer, start: number, available: number) => RequestHead | undefined
  snapshot: Snapshot
  draining = false
  accepting = true
  tunnelsEnded = false
  readonly #proxyProtocol: ProxyProtocolSettings | undefined
  /** PROXY headers that are being read. */
  readonly #headers: Openings<ProxyHeader>
  /** Begins of TLS that is passed on, where they are read. */
  readonly #hellos: Openings<ClientHello> | undefined
  readonly #handshakes: Handshakes
  #refusals = new Map<ConnectionRefusal, number>()
  #accepted = 0
  #onConnectionRefused: ListenerSettings['onConnectionRefused']
  #tls: ListenerTls | undefined
  readonly #protocol: EndpointProtocol
  readonly #http2: Http2Settings | undefined
  readonly #connections = new Set<ServedConnection>()
  #socket: ListeningSocket | undefined
  #emptied: PromiseWithResolvers<void> | undefined
  readonly #date: HttpDate

  constructor(settings: ListenerSettings, clock: Clock, random: Random, snapshot: Snapshot) {
    const { limits } = settings
    this.clock = clock
    this.#date = new HttpDate(clock)
    this.random = random
    this.limits = limits
    this.clients = settings.clients
    this.#protocol = settings.protocol
    this.#http2 = settings.http2
    this.#onConnectionRefused = settings.onConnectionRefused
    this.snapshot = snapshot
    this.parseHead = (bytes, start, available) => parseRequestHead(bytes, start, available, limits)
    this.#proxyProtocol = settings.proxyProtocol
    this.#headers = new Openings(
      {
        clock,
        timeoutMs: limits.headMs,
        parse: parseProxyHeader,
        refusal: 'proxy_header',
        timeoutRefusal: 'proxy_header_timeout',
      },
      {
        opened: (wire, header, bytes) => this.#headerRead(wire, header, bytes),
        unopened: (refused) => this.unsecured(refused),
      },
    )
    if (settings.readsHello && settings.tls === undefined)
      this.#hellos = new Openings(
        {
          clock,
          timeoutMs: limits.handshakeMs,
          parse: parseClientHello,
          refusal: 'client_hello',
          timeoutRefusal: 'client_hello_timeout',
        },
        {
          opened: (wire, hello, bytes) => this.#serveTcp(wire, hello, bytes),
          unopened: (refused) => this.unsecured(refused),
        },
      )
    const { handshakeMs, handshakes } = limits
    this.#handshakes = new Handshakes({ clock, handshakeMs, handshakes }, this)
  }

  get address(): Address {
    const address = this.#socket?.bound?.address
    if (address === undefined) throw new Error('the listener is not open')
    return address
  }

  /** Open connections, those in a TLS handshake and those of which the begin is being read included. */
  get connections(): number {
    return this.#connections.size + this.#handshakes.size + this.#headers.size + (this.#hellos?.size ?? 0)
  }

  /** Connections that never came to a request, by the reason why. One that takes over goes on counting. */
  get refusals(): ReadonlyMap<ConnectionRefusal, number> {
    return this.#refusals
  }

  /** Connections that were accepted. One that takes over goes on counting. */
  get accepted(): number {
    return this.#accepted
  }

  /** When the first of its certificates is over: milliseconds since 1970 UTC. `undefined` without TLS. */
  get certificatesEndAt(): number | undefined {
    return this.#tls?.certificatesEndAt
  }

  /** Makes ready to answer handshakes, where there is TLS. To be called before it accepts. */
  async prepare(network: Network, { tls }: ListenerSettings): Promise<void> {
    if (tls !== undefined) this.#tls = await ListenerTls.open(tls, network, this.clock)
  }

  async open(network: Network, settings: ListenerSettings): Promise<void> {
    const { host, port, tls } = settings
    if (tls !== undefined) await this.prepare(network, settings)
    try {
      const socket: ListeningSocket = { bound: undefined, owner: this }
      socket.bound = await network.listen({ host, port }, (wire) => socket.owner.#accept(wire))
      this.#socket = socket
    } catch (error) {
      this.#tls?.close()
      throw error
    }
  }

  /** Reads the files of certificates anew. Rejects with the first that cannot be used. */
  async reloadCertificates(): Promise<void> {
    await this.#tls?.reload()
  }

  /** Accepts from now on in the place of another, at its address. It is prepared. That one has its connections left, and is to drain. */
  takeOver(other: Listener): void {
    this.#refusals = other.#refusals
    this.#accepted = other.#accepted
    this.#socket = other.#socket
    other.#socket = undefined
    if (this.#socket !== undefined) this.#socket.owner = this
  }

  /** Goes on with settings that say the same: only the functions are others. */
  adopt({ tls, onConnectionRefused }: ListenerSettings): void {
    this.#onConnectionRefused = onConnectionRefused
    if (this.#tls !== undefined) this.#tls.onReload = tls?.onReload
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
    this.#tls?.close()
    for (const connection of [...this.#connections]) connection.drain()
    // Whoever is in a handshake still gets a response.
    await this.#whenEmpty()
    this.#closeOpenings()
  }

  #closeOpenings(): void {
    this.#headers.close()
    this.#hellos?.close()
    this.#handshakes.close()
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
    this.#tls?.close()
    this.#closeOpenings()
    for (const connection of [...this.#connections]) connection.close(new ProxyError('proxy_closed'))
    // What lingers or tunnels has no exchange to give up, but a wire to close.
    await this.#whenEmpty()
  }

  closed(connection: ServedConnection): void {
    this.#connections.delete(connection)
    this.#noteEmpty()
  }

  secured(wire: Wire): void {
    this.#serve(wire)
  }

  unsecured(refused: RefusedConnection | undefined): void {
    if (refused !== undefined) this.#refused(refused)
    this.#noteEmpty()
  }

  #noteEmpty(): void {
    if (this.connections === 0) this.#emptied?.resolve()
  }

  /** Several may wait: a drain, and the close that cuts it short. */
  async #whenEmpty(): Promise<void> {
    if (this.connections === 0) return
    this.#emptied ??= Promise.withResolvers()
    await this.#emptied.promise
  }

  date(): string {
    return this.#date.value
  }

  dateLine(): string {
    return this.#date.line
  }

  #accept(wire: Wire): void {
    if (!this.accepting) {
      wire.destroy()
      return
    }
    if (this.connections >= this.limits.connections) {
      this.#refused({ reason: 'connections', peer: peerOf(wire), error: undefined })
      wire.destroy()
      return
    }
    this.#accepted++
    const { address } = wire.remote
    if (this.#proxyProtocol?.from.includes(plainAddress(address)) === true) this.#headers.begin(wire)
    else if (this.#tls !== undefined) this.#handshakes.begin(wire, this.#tls.server)
    else if (this.#hellos !== undefined) this.#hellos.begin(wire)
    else this.#serve(wire)
  }

  /** Behind the header begins what the client has sent. */
  #headerRead(wire: Wire, { forwarded, end }: ProxyHeader, bytes: Buffer): MemoryUse {
    wire.forwarded = forwarded
    const rest = bytes.subarray(end)
    if (this.#tls !== undefined) {
      this.#handshakes.begin(wire, this.#tls.server, Buffer.from(rest))
      return true
    }
    if (this.#hellos === undefined) this.#serve(wire)
    else this.#hellos.begin(wire)
    return rest.length === 0 ? true : wire.handler.onData(rest)
  }

  /** Which protocol is spoken on a wire is known here: by ALPN where there is TLS, else by how the client begins. */
  #serve(wire: Wire): void {
    if (this.#protocol === 'tcp') {
      this.#serveTcp(wire, undefined, undefined)
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

  #serveTcp(wire: Wire, hello: ClientHello | undefined, early: Buffer | undefined): MemoryUse {
    const connection = this.#add(new TcpConnection(wire, this, hello))
    wire.handler = connection
    const use = early === undefined ? true : connection.onData(early)
    connection.begin()
    return use
  }

  #add<C extends ServedConnection>(connection: C): C {
    this.#connections.add(connection)
    return connection
  }

  #refused(refused: RefusedConnection): void {
    this.#refusals.set(refused.reason, (this.#refusals.get(refused.reason) ?? 0) + 1)
    this.snapshot.connectionRefused(refused)
    try {
      this.#onConnectionRefused?.(refused)
    } catch (thrown) {
      log.error('onConnectionRefused threw', thrown)
    }
  }
}
