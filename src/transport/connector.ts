import { type Clock, Deadline } from '../core/clock.ts'
import { ProxyError } from '../core/errors.ts'
import type { Client } from '../core/exchange.ts'
import { IDEMPOTENT_METHODS } from '../core/idempotent-methods.ts'
import type { ConnectOptions, Network, Wire } from '../core/network.ts'
import type { Attempt } from './attempt.ts'
import { AttemptQueue } from './attempt-queue.ts'
import type { EndpointProtocol } from './endpoint-protocol.ts'
import { ClientConnection } from './http1/client-connection.ts'
import { parseResponseHead, type ResponseHead } from './http1/response-head.ts'
import { Http2ClientConnection } from './http2/client-connection.ts'
import { allowedUpgrade } from './outgoing-head.ts'
import { PendingConnection, type PendingConnectionOwner } from './pending-connection.ts'
import { type Ends, proxyHeader } from './proxy-protocol/header-writer.ts'
import { UpstreamTcpConnection } from './tcp/upstream-tcp-connection.ts'
import type { ConnectionOwner, SendAgain, UpstreamConnection } from './upstream-connection.ts'
import type { UpstreamLimits } from './upstream-limits.ts'

/**
 * The connections to one endpoint. An attempt is given
 * - over HTTP/1.1: an idle connection (the most recently used first, since it is the least likely to be stale);
 * - over HTTP/2: the session that has the fewest streams, while there is one with room;
 * - a new connection, or one that is being made and will have room for it;
 * - a place in a queue.
 */
export class Connector implements ConnectionOwner<UpstreamConnection>, PendingConnectionOwner {
  readonly clock: Clock
  readonly limits: UpstreamLimits
  readonly parseHead: (bytes: Buffer, start: number, available: number) => ResponseHead | undefined
  readonly #network: Network
  readonly #target: ConnectOptions
  /** By the list of protocols. */
  readonly #offerings = new Map<readonly string[], ConnectOptions>()
  readonly #idleDeadline: Deadline
  readonly #queue: AttemptQueue
  /** All that are open, of either protocol. */
  readonly #all = new Set<UpstreamConnection>()
  readonly #pending = new Set<PendingConnection>()
  /** Those of HTTP/1.1 that do nothing, the least recently used first. */
  readonly #idle: ClientConnection[] = []
  /** When the idle ones are looked at next: the soonest of their times, or earlier. */
  #idleCheckAt = 0
  /** Those of HTTP/2 that take streams. */
  readonly #sessions: Http2ClientConnection[] = []
  /** What the endpoint speaks, as far as that is known before a connection is made; `undefined` where ALPN has to tell. */
  #speaks: 'http/1.1' | 'h2' | 'tcp' | undefined
  readonly #onWires: (change: 1 | -1) => void
  /**
   * - `open`: keeps connections for the next attempts.
   * - `retired`: nobody chooses it any more. It serves what comes all the same, and keeps nothing.
   * - `closed`: serves nothing.
   */
  #phase: 'open' | 'retired' | 'closed' = 'open'

  /** `onWires` is told of each wire that is opened, and that is closed for good. */
  constructor(
    target: ConnectOptions,
    network: Network,
    clock: Clock,
    limits: UpstreamLimits,
    onWires: (change: 1 | -1) => void,
    protocol: EndpointProtocol = 'http',
  ) {
    this.#onWires = onWires
    this.#target = target
    this.#network = network
    this.clock = clock
    this.limits = limits
    this.parseHead = (bytes, start, available) => parseResponseHead(bytes, start, available, limits)
    this.#idleDeadline = new Deadline(clock, () => this.#closeIdle())
    this.#queue = new AttemptQueue(clock, limits)
    const { http2 } = limits
    if (protocol === 'tcp') this.#speaks = 'tcp'
    else if (http2 === 'on') this.#speaks = 'h2'
    // Without TLS there is nothing to agree on a protocol with.
    else if (http2 === 'off' || target.tls === undefined) this.#speaks = 'http/1.1'
  }

  /** Open connections and those being made. */
  get connections(): number {
    return this.#all.size + this.#pending.size
  }

  /** Open connections that nothing runs on. */
  get idle(): number {
    return this.#idle.length + this.#sessions.filter(({ streamCount }) => streamCount === 0).length
  }

  get queued(): number {
    return this.#queue.size
  }

  /** All that it works for: on connections, while these are made, in the queue. */
  get attempts(): Attempt[] {
    const working = [...this.#all, ...this.#pending].flatMap(({ attempts }) => attempts)
    return [...working, ...this.#queue.attempts]
  }

  /** Sends an attempt as soon as there is a connection for it. */
  send(attempt: Attempt): void {
    if (this.#phase === 'closed') {
      attempt.fail(new ProxyError('proxy_closed'))
      return
    }
    const open = attempt.needsFreshConnection ? undefined : this.#openFor(attempt)
    if (open !== undefined) {
      open.start(attempt)
      return
    }
    const pending = this.#pendingFor(attempt)
    if (pending !== undefined) pending.add(attempt)
    else if (this.connections < this.limits.maxConnections) this.#connect(attempt)
    else if (this.#closeSurplus(attempt)) this.#connect(attempt)
    else this.#queue.add(attempt)
  }

  /**
   * Closes what is idle now, and the rest when it is done. Attempts that wait are served, and so are late ones: whoever chose
   * the endpoint did so before it was given up.
   */
  retire(): void {
    if (this.#phase !== 'open') return
    this.#phase = 'retired'
    this.#closeAllIdle()
    this.#queue.retire()
  }

  /** Closes what is idle now and the rest when it is done. Attempts that wait have failed. */
  close(): void {
    this.#phase = 'closed'
    this.#closeAllIdle()
    this.#queue.close()
  }

  /** Closes everything, also what is in use. */
  destroy(): void {
    this.close()
    for (const pending of [...this.#pending]) pending.destroy(new ProxyError('proxy_closed'))
    for (const connection of [...this.#all]) connection.close()
  }

  // The connections' side.

  released(connection: UpstreamConnection): void {
    if (connection instanceof ClientConnection) this.#releasedHttp1(connection)
    else this.#roomOn(connection as Http2ClientConnection)
  }

  closed(connection: UpstreamConnection): void {
    this.#all.delete(connection)
    if (connection instanceof ClientConnection) remove(this.#idle, connection)
    else remove(this.#sessions, connection)
    this.#serveQueue()
  }

  disconnected(): void {
    this.#onWires(-1)
  }

  attemptFailed(attempt: Attempt, error: ProxyError, again: SendAgain): void {
    // Once: what fails on a new connection too has a reason of its own.
    if (again !== 'never' && !attempt.needsFreshConnection && canSendAgain(attempt, again)) {
      attempt.needsFreshConnection = true
      attempt.sent = 'none'
      attempt.recording?.stale()
      this.send(attempt)
    } else attempt.fail(error)
  }

  #releasedHttp1(connection: ClientConnection): void {
    // The next request may be another client's than the one that the connection is told to be of.
    if (this.#phase === 'closed' || this.limits.proxyProtocol !== 'off') {
      connection.close()
      return
    }
    const waiting = this.#queue.first
    if (waiting !== undefined) {
      this.#queue.remove(waiting)
      connection.start(waiting)
      return
    }
    if (this.#phase === 'retired') {
      connection.close()
      return
    }
    // A little less than the upstream hints, so that it does not close just as we send.
    const idleMs = Math.min(this.limits.idleMs, Math.max(0, connection.keepAliveHintMs - HINT_MARGIN_MS))
    if (idleMs === 0) {
      connection.close()
      return
    }
    connection.idleUntil = this.clock.now() + idleMs
    this.#idle.push(connection)
    if (this.#idle.length === 1 || connection.idleUntil < this.#idleCheckAt) {
      this.#idleCheckAt = connection.idleUntil
      this.#idleDeadline.arm(idleMs)
    }
  }

  #roomOn(session: Http2ClientConnection): void {
    while (this.#phase !== 'closed' && session.room > 0) {
      const waiting = this.#queue.first
      if (waiting === undefined) break
      this.#queue.remove(waiting)
      session.start(waiting)
    }
    if (this.#phase !== 'open' && session.streamCount === 0) session.close()
  }

  // Finding one that is there.

  #openFor(attempt: Attempt): UpstreamConnection | undefined {
    if (this.#idle.length > 0) return this.#idle.pop()
    if (this.#sessions.length === 0 || this.#needsHttp1(attempt)) return undefined
    let best: Http2ClientConnection | undefined
    for (const session of this.#sessions) {
      if (session.room > 0 && (best === undefined || session.streamCount < best.streamCount)) best = session
    }
    return best
  }

  #pendingFor(attempt: Attempt): PendingConnection | undefined {
    if (this.#speaks === 'http/1.1' || this.#speaks === 'tcp' || this.#needsHttp1(attempt)) return undefined
    for (const pending of this.#pending) if (pending.room > 0) return pending
    return undefined
  }

  /** Where there is a choice, a tunnel gets a connection of its own: services that speak both seldom take one in a stream. */
  #needsHttp1({ request }: Attempt): boolean {
    return this.limits.http2 !== 'on' && allowedUpgrade(request.upgrade) !== undefined
  }

  /** Makes room for a new connection, where the attempt must have one. */
  #closeSurplus(attempt: Attempt): boolean {
    if (!attempt.needsFreshConnection) return false
    const idle = this.#idle.shift()
    idle?.close()
    return idle !== undefined
  }

  // Making connections.

  #connect(attempt: Attempt): void {
    const onlyHttp1 = this.#needsHttp1(attempt)
    const capacity = onlyHttp1 || this.#speaks === 'http/1.1' ? 1 : this.limits.streams
    const pending = new PendingConnection(this, this.clock, this.limits, capacity)
    this.#pending.add(pending)
    pending.add(attempt)
    const target = this.#offering(onlyHttp1)
    const { proxyProtocol } = this.limits
    if (proxyProtocol === 'off') pending.connect(this.#network, target)
    else {
      const preamble = proxyHeader(proxyProtocol, endsOf(attempt.exchange.client))
      pending.connect(this.#network, { ...target, preamble })
    }
  }

  /** The target, with the protocols that are offered to it. Always the same object: sessions and keys are kept by it. */
  #offering(onlyHttp1: boolean): ConnectOptions {
    const { tls } = this.#target
    const { http2 } = this.limits
    if (tls === undefined || http2 === 'off') return this.#target
    // What the endpoint speaks may change: so both are offered, also where it is thought to be known.
    const alpn = http2 === 'on' ? ONLY_HTTP2 : onlyHttp1 ? ONLY_HTTP1 : EITHER
    let offering = this.#offerings.get(alpn)
    if (offering === undefined) {
      offering = { ...this.#target, tls: { ...tls, alpn } }
      this.#offerings.set(alpn, offering)
    }
    return offering
  }

  connected(pending: PendingConnection, wire: Wire, attempts: readonly Attempt[]): void {
    this.#pending.delete(pending)
    this.#onWires(1)
    if (this.#speaks === 'tcp') {
      this.#connectedTcp(wire, attempts)
      return
    }
    const { http2 } = this.limits
    let speaks = this.#speaks
    if (wire.tls !== undefined && http2 !== 'off') {
      speaks = wire.tls.alpn === 'h2' ? 'h2' : 'http/1.1'
      if (http2 === 'auto' && !attempts.some((it) => this.#needsHttp1(it))) this.#speaks = speaks
    }
    const connection = speaks === 'h2' ? this.#session(wire) : this.#http1(wire)
    const refused =
      this.#phase === 'closed'
        ? new ProxyError('proxy_closed')
        : http2 === 'on' && speaks !== 'h2'
          ? new ProxyError('upstream_tls_failed', { detail: 'it does not agree on HTTP/2' })
          : undefined
    if (refused !== undefined) {
      connection.close()
      for (const attempt of attempts) attempt.fail(refused)
      return
    }
    if (connection instanceof ClientConnection) {
      const [first, ...others] = attempts
      connection.start(first!)
      for (const attempt of others) this.send(attempt)
      this.#serveQueue()
      return
    }
    for (const attempt of attempts) {
      if (connection.room > 0) connection.start(attempt)
      else this.send(attempt)
    }
    this.#roomOn(connection)
  }

  #connectedTcp(wire: Wire, [attempt]: readonly Attempt[]): void {
    const connection = new UpstreamTcpConnection(wire, this)
    this.#all.add(connection)
    if (this.#phase === 'closed') {
      connection.close()
      attempt!.fail(new ProxyError('proxy_closed'))
    } else connection.start(attempt!)
  }

  #http1(wire: Wire): ClientConnection {
    const connection = new ClientConnection(wire, this)
    this.#all.add(connection)
    return connection
  }

  #session(wire: Wire): Http2ClientConnection {
    const session = new Http2ClientConnection(wire, this)
    this.#all.add(session)
    this.#sessions.push(session)
    return session
  }

  connectFailed(pending: PendingConnection, error: ProxyError, attempts: readonly Attempt[]): void {
    this.#pending.delete(pending)
    for (const attempt of attempts) attempt.fail(error)
    this.#serveQueue()
  }

  connectCancelled(pending: PendingConnection): void {
    this.#pending.delete(pending)
    this.#serveQueue()
  }

  /** A connection has gone: there is room for a new one. */
  #serveQueue(): void {
    while (this.#phase !== 'closed' && this.connections < this.limits.maxConnections) {
      const waiting = this.#queue.first
      if (waiting === undefined) return
      this.#queue.remove(waiting)
      this.send(waiting)
    }
  }

  // Letting go of what is idle.

  #closeAllIdle(): void {
    this.#idleDeadline.close()
    for (const connection of this.#idle.splice(0)) connection.close()
    for (const session of [...this.#sessions]) if (session.streamCount === 0) session.close()
  }

  #closeIdle(): void {
    const now = this.clock.now()
    // Those used least recently are first; a later hint may have made a younger one expire sooner.
    for (const connection of this.#idle.filter((it) => it.idleUntil <= now + 1)) connection.close()
    if (this.#idle.length === 0) return
    this.#idleCheckAt = this.#idle.reduce(
      (soonest, it) => Math.min(soonest, it.idleUntil),
      Number.POSITIVE_INFINITY,
    )
    this.#idleDeadline.arm(Math.max(1, this.#idleCheckAt - now))
  }
}

/** Of the client's connection. */
function endsOf({ peer, localAddress = '', localPort, clientHello, tls, proxyProtocol }: Client): Ends {
  const authority = clientHello?.servername ?? tls?.servername ?? proxyProtocol?.authority
  return { source: peer, destination: { address: localAddress, port: localPort }, authority }
}

const ONLY_HTTP1 = ['http/1.1']
const ONLY_HTTP2 = ['h2']
const EITHER = ['h2', 'http/1.1']

const HINT_MARGIN_MS = 1_000

const IDEMPOTENT = new Set(IDEMPOTENT_METHODS)

/** Whether a request that has reached the upstream, or may have, can be sent once more without harm, and its body is at hand. */
function canSendAgain({ request }: Attempt, again: SendAgain): boolean {
  return (again === 'always' || IDEMPOTENT.has(request.method)) && request.body.resendable
}

function remove<T>(list: T[], one: T): void {
  const at = list.indexOf(one)
  if (at >= 0) list.splice(at, 1)
}
