import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import type { Clock } from '../core/clock.ts'
import { ProxyError } from '../core/errors.ts'
import { Lifecycle, type LifecyclePhase } from '../core/lifecycle.ts'
import { Observers } from '../core/observers.ts'
import type { Exposition, FilterStateView, PoolView, ProxyView } from '../core/proxy-view.ts'
import type { Random } from '../core/random.ts'
import type { Readiness } from '../core/readiness.ts'
import { Companions } from '../proxy/companions.ts'
import { CompiledProxy } from '../proxy/compiled-proxy.ts'
import { CompiledTargets } from '../proxy/compiled-targets.ts'
import type { ProxyDescription } from '../proxy/description.ts'
import { filterStates } from '../proxy/filter-states.ts'
import { readinessIn } from '../proxy/readiness.ts'
import type { Surroundings } from '../proxy/running-proxy.ts'
import type { ClientResolver } from '../transport/client-resolver.ts'
import { ConnectorRegistry } from '../transport/connector-registry.ts'
import { HttpDate } from '../transport/http-date.ts'
import { parseRequestHead, type RequestHead } from '../transport/http1/request-head.ts'
import { ServerConnection } from '../transport/http1/server-connection.ts'
import type { Limits } from '../transport/limits.ts'
import type { ListenerContext, ServedConnection, Snapshot } from '../transport/listener-context.ts'
import { NodeWire } from '../transport/node-wire.ts'
import { clientTlsFacts } from '../transport/tls/client-facts.ts'
import { NodeExchange } from './node-exchange.ts'
import { headBytes, type NodeRequest } from './node-request-head.ts'
import type { NodeResponse } from './node-response-writer.ts'

/** A proxy that runs behind a server of Node's: what a listener is to one of its own connections, this is to each request. */
export class NodeGateway implements ListenerContext, ProxyView {
  readonly clock: Clock
  readonly random: Random
  readonly limits: Limits
  readonly clients: ClientResolver
  readonly snapshot: Snapshot
  /** The date when it was made: milliseconds since 1970 UTC. */
  readonly startedAt: number
  /** Settles when all that goes with it has begun, or one of it could not. */
  readonly started: Promise<void>
  /** The server is somebody else's. */
  readonly listeners: readonly [] = []
  draining = false
  tunnelsEnded = false
  readonly #description: ProxyDescription
  readonly #date: HttpDate
  readonly #lifecycle = new Lifecycle()
  readonly #connectors: ConnectorRegistry
  readonly #targets: CompiledTargets
  readonly #compiled: CompiledProxy
  readonly #companions: Companions
  readonly #open = new Set<ServedConnection>()
  #emptied: PromiseWithResolvers<void> | undefined
  #closing: Promise<void> | undefined

  constructor(
    description: ProxyDescription,
    surroundings: Surroundings,
    limits: Limits,
    clients: ClientResolver,
  ) {
    const { clock, random, network, observer, log } = surroundings
    this.clock = clock
    this.random = random
    this.limits = limits
    this.clients = clients
    this.startedAt = Math.round(clock.wallTime())
    this.#description = description
    this.#date = new HttpDate(clock)
    const observers = new Observers(observer)
    this.#companions = new Companions(this, observers)
    this.#connectors = new ConnectorRegistry(network, clock)
    this.#targets = new CompiledTargets(
      {
        clock,
        random,
        network,
        connectors: this.#connectors,
        lifecycle: this.#lifecycle,
        log,
      },
      observers,
    )
    this.#compiled = new CompiledProxy(description, this.#targets)
    this.snapshot = this.#compiled
    this.#compiled.start()
    const followed = this.#companions.follow(description)
    if (followed === undefined) this.#lifecycle.enter('serving')
    this.started = followed === undefined ? Promise.resolve() : this.#begin(followed)
    // Whoever waits for it is told as well.
    this.started.catch((error: unknown) =>
      this.#targets.runtime.log.error('what goes with the proxy could not begin', error),
    )
  }

  get accepting(): boolean {
    return this.#closing === undefined
  }

  /** Whether requests are served: not before all that goes with it has begun, and not when it was closed. */
  get serves(): boolean {
    return this.accepting && this.phase !== 'starting'
  }

  get phase(): LifecyclePhase {
    return this.#lifecycle.phase
  }

  get readiness(): Readiness {
    return readinessIn(this.phase)
  }

  get pools(): readonly PoolView[] {
    return this.#compiled.pools.map(({ handle }) => handle)
  }

  get filterStates(): readonly FilterStateView[] {
    return filterStates(this.#description, this.#compiled.pools)
  }

  get expositions(): readonly Exposition[] {
    return this.#companions.expositions
  }

  serve(request: NodeRequest, response: NodeResponse, expectsContinue: boolean): void {
    const exchange = new NodeExchange(request, response, this, expectsContinue)
    this.#open.add(exchange)
    exchange.begin()
  }

  /** Serves a connection on which Node has read the head of one request, and will read nothing more. */
  serveConnection(request: IncomingMessage, stream: Duplex, early: Buffer): void {
    if (!this.serves) {
      stream.destroy()
      return
    }
    const socket = stream as Socket
    const secure = (socket as Partial<TLSSocket>).encrypted === true ? (socket as TLSSocket) : undefined
    const wire = new NodeWire(socket, secure && clientTlsFacts(secure, secure.getPeerX509Certificate()))
    const connection = new ServerConnection(wire, new LastOfConnection(this))
    this.#open.add(connection)
    wire.handler = connection
    let head: Buffer
    try {
      head = headBytes(request)
    } catch {
      // Other middleware has written what is no head.
      socket.destroy()
      return
    }
    connection.onData(head)
    if (early.length > 0) wire.handler.onData(early)
    wire.readEvents()
  }

  closed(connection: ServedConnection): void {
    this.#open.delete(connection)
    if (this.#open.size === 0) this.#emptied?.resolve()
  }

  date(): string {
    return this.#date.value
  }

  dateLine(): string {
    return this.#date.line
  }

  readonly parseHead = (bytes: Buffer, start: number, available: number): RequestHead | undefined =>
    parseRequestHead(bytes, start, available, this.limits)

  /** Waits for what runs, so long at most, then closes. */
  async drain(limitMs: number): Promise<void> {
    this.#lifecycle.enter('draining')
    this.draining = true
    const empty = this.#whenEmpty()
    if (limitMs === Number.POSITIVE_INFINITY) await empty
    else {
      const late = Promise.withResolvers<void>()
      const timer = this.clock.setTimeout(late.resolve, limitMs)
      await Promise.race([empty, late.promise])
      timer.clear()
    }
    await this.close()
  }

  /** Gives up what runs, and releases everything. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #begin(followed: Promise<void>): Promise<void> {
    try {
      await followed
    } catch (error) {
      void this.close()
      throw error
    }
    this.#lifecycle.enter('serving')
  }

  async #close(): Promise<void> {
    const starting = this.phase === 'starting'
    this.#lifecycle.enter('closed')
    // What is about to begin has to end, too.
    if (starting) await this.started.catch(() => {})
    this.draining = true
    this.tunnelsEnded = true
    for (const one of [...this.#open]) one.close(new ProxyError('proxy_closed'))
    await this.#whenEmpty()
    this.#targets.endCalls()
    this.#compiled.retire()
    await this.#connectors.disconnected()
    await this.#companions.end()
  }

  async #whenEmpty(): Promise<void> {
    if (this.#open.size === 0) return
    this.#emptied ??= Promise.withResolvers()
    await this.#emptied.promise
  }
}

/** Of a connection that is ours since its request asked to switch protocols: whatever comes of that, no other request follows. */
class LastOfConnection implements ListenerContext {
  readonly #gateway: NodeGateway
  readonly draining = true
  readonly accepting = false

  constructor(gateway: NodeGateway) {
    this.#gateway = gateway
  }

  get clock(): Clock {
    return this.#gateway.clock
  }

  get random(): Random {
    return this.#gateway.random
  }

  get limits(): Limits {
    return this.#gateway.limits
  }

  get clients(): ClientResolver {
    return this.#gateway.clients
  }

  get snapshot(): Snapshot {
    return this.#gateway.snapshot
  }

  get tunnelsEnded(): boolean {
    return this.#gateway.tunnelsEnded
  }

  get parseHead(): ListenerContext['parseHead'] {
    return this.#gateway.parseHead
  }

  date(): string {
    return this.#gateway.date()
  }

  dateLine(): string {
    return this.#gateway.dateLine()
  }

  closed(connection: ServedConnection): void {
    this.#gateway.closed(connection)
  }
}
