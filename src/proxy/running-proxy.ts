import type { Clock } from '../core/clock.ts'
import type { ConfigurationControl } from '../core/configuration-control.ts'
import { Lifecycle, type LifecyclePhase } from '../core/lifecycle.ts'
import type { LogWriter } from '../core/log.ts'
import type { Address, Network } from '../core/network.ts'
import type { ConnectionRefusal, Observer } from '../core/observer.ts'
import { Observers } from '../core/observers.ts'
import { type Duration, invalidOption } from '../core/options.ts'
import type { Exposition, FilterStateView, ListenerView, ProxyView } from '../core/proxy-view.ts'
import type { Random } from '../core/random.ts'
import type { Readiness } from '../core/readiness.ts'
import type { StateSharing } from '../core/shared-state.ts'
import type { Pool } from '../pool/pool.ts'
import type { PoolHandle } from '../pool/pool-handle.ts'
import { RunningPool } from '../pool/running-pool.ts'
import { ConnectorRegistry } from '../transport/connector-registry.ts'
import { Listener, type ListenerSettings } from '../transport/listener.ts'
import { Companions } from './companions.ts'
import { CompiledProxy } from './compiled-proxy.ts'
import { CompiledTargets } from './compiled-targets.ts'
import { type ProxyDescription, withListener } from './description.ts'
import { type DrainOptions, drainSettings } from './drain-options.ts'
import { type Explanation, explain } from './explanation.ts'
import { filterStates } from './filter-states.ts'
import { readinessIn } from './readiness.ts'
import { listRoutes, type RouteDescription } from './route-listing.ts'
import { SharedParts } from './shared-parts.ts'
import { startError } from './start-error.ts'

/** Time, chance and network of a running proxy. */
export interface Surroundings {
  readonly clock: Clock
  readonly random: Random
  readonly network: Network
  /** @internal Told of what the proxy does. */
  readonly observer?: Observer | undefined
  /** @internal Takes what the proxy and its pools tell of themselves. Default `log`, which is one for the process. */
  readonly log?: LogWriter | undefined
  /** @internal What it is called in the log and in errors. Default `the proxy`. */
  readonly title?: string | undefined
  /** @internal What it was made of, where that can be read again. */
  readonly configuration?: ConfigurationControl | undefined
  /** @internal Where what goes with it listens, such as `admin()`. Default `network`. */
  readonly companionNetwork?: Network | undefined
  /** @internal Shares limits, circuits and ejections with processes that serve beside this one. */
  readonly sharing?: StateSharing | undefined
}

interface OpenListener {
  readonly settings: ListenerSettings
  readonly listener: Listener
}

/** Something that has a description: a proxy. */
export interface Described {
  /** @internal */
  readonly description: ProxyDescription
}

/** A proxy with open listeners. Ends with `drain` or `close`; also by `await using`. */
export class RunningProxy implements AsyncDisposable, ProxyView {
  /** The date when it was started: milliseconds since 1970 UTC. */
  readonly startedAt: number
  readonly #surroundings: Surroundings
  readonly #lifecycle = new Lifecycle()
  readonly #connectors: ConnectorRegistry
  readonly #targets: CompiledTargets
  readonly #companions: Companions
  readonly #shared: SharedParts | undefined
  #listeners: OpenListener[] = []
  /** For people, and also when it is closed. */
  #inWords = 'the proxy'
  /** Those that a reload has taken away and that still have connections. */
  readonly #removed = new Set<Listener>()
  /** The one that is served. */
  #description: ProxyDescription
  /** Listed when someone asks: a dashboard does each second, and many endpoints behind many routes cost milliseconds. */
  #routes: readonly RouteDescription[] | undefined
  #compiled: CompiledProxy
  #closing: Promise<void> | undefined
  #reloading: Promise<void> = Promise.resolve()
  /** Ends a drain's notice. */
  readonly #noticed = Promise.withResolvers<void>()
  readonly #closed = Promise.withResolvers<void>()

  private constructor(description: ProxyDescription, surroundings: Surroundings) {
    const { clock, random, network, observer, log } = surroundings
    this.#surroundings = surroundings
    const observers = new Observers(observer)
    this.#connectors = new ConnectorRegistry(network, clock, description.protocol)
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
    const { sharing } = surroundings
    this.#shared = sharing === undefined ? undefined : new SharedParts(sharing, observers)
    this.#companions = new Companions(this, observers)
    this.#description = description
    this.#compiled = new CompiledProxy(description, this.#targets)
    this.startedAt = Math.round(clock.wallTime())
  }

  /** @internal Opens the listeners of a description; all of them, or none. */
  static async start(description: ProxyDescription, surroundings: Surroundings): Promise<RunningProxy> {
    const running = new RunningProxy(description, surroundings)
    // Before the first exchange, which is not to meet an endpoint that must be probed first.
    running.#compiled.start()
    // Also before it: what is counted together is not to be counted alone at first.
    running.#shared?.follow(running.#compiled, description)
    try {
      const followed = running.#companions.follow(description)
      if (followed !== undefined) await followed
      running.#listeners = await running.#open(description.listeners, running.#compiled)
    } catch (error) {
      await running.#companions.end()
      running.#compiled.retire()
      throw error
    }
    running.#nameInWords()
    running.#lifecycle.enter('serving')
    return running
  }

  /** The first listener's address, as a url without a slash at the end. */
  get url(): string {
    const [url] = this.urls
    if (url === undefined) throw new Error('the proxy is closed')
    return url
  }

  /** The url of each listener, in the order of `listen`: `https` for those with TLS; of `tcp()`, `tcp` or `tls`. */
  get urls(): readonly string[] {
    return this.#listeners.map(({ settings, listener: { address } }) => {
      const host = address.address.includes(':') ? `[${address.address}]` : address.address
      return `${schemeOf(settings)}://${host}:${address.port}`
    })
  }

  /** What each listener is bound to, in the order of `listen`. */
  get addresses(): readonly Address[] {
    return this.#listeners.map(({ listener }) => listener.address)
  }

  /** What is known of each listener that is open, in the order of `listen`. */
  get listeners(): readonly ListenerView[] {
    const { urls } = this
    return this.#listeners.map(({ listener }, i) => {
      const { connections, accepted, refusals, certificatesEndAt } = listener
      return { url: urls[i]!, connections, accepted, refusals, certificatesEndAt }
    })
  }

  /** The time that it goes by. */
  get clock(): Clock {
    return this.#surroundings.clock
  }

  /** What it is about. */
  get phase(): LifecyclePhase {
    return this.#lifecycle.phase
  }

  /** Every route that is served now, in the order in which they were added. */
  get routes(): readonly RouteDescription[] {
    this.#routes ??= listRoutes(this.#description)
    return this.#routes
  }

  /** What the proxy would do with a request, and why: see `explain` of its description. */
  explain(request: string): Explanation {
    return explain(this.#description, request)
  }

  /** The handles of all pools that are served now. */
  get pools(): readonly PoolHandle[] {
    return this.#compiled.pools.map(({ handle }) => handle)
  }

  /** How things stand with filters that keep numbers of their own. */
  get filterStates(): readonly FilterStateView[] {
    return filterStates(this.#description, this.#compiled.pools)
  }

  /** What those that go with it tell Prometheus. */
  get expositions(): readonly Exposition[] {
    return this.#companions.expositions
  }

  /** @internal Time, chance and network. */
  get surroundings(): Surroundings {
    return this.#surroundings
  }

  /** Open client connections, those in a TLS handshake included. */
  get connections(): number {
    return this.#allListeners.reduce((sum, { connections }) => sum + connections, 0)
  }

  /** Whether traffic should be sent to it: from the start until a drain begins. For a route that says so, see `readiness()`. */
  get ready(): boolean {
    return this.readiness.ready
  }

  /** The same, with the reasons why not. */
  get readiness(): Readiness {
    return readinessIn(this.#lifecycle.phase)
  }

  /**
   * The handle of a pool that is served now: its numbers, its events, and the means to change and to steer it. By its
   * description, or by its name where one pool alone has it. The handle stays the same when a reload makes the pool anew.
   *
   * @example
   * await running.pool('users').drain('http://10.0.0.7:8080')
   *
   * @throws `ERR_OPTION_INVALID` where that is none, or more than one.
   */
  pool(which: Pool | string): PoolHandle {
    if (this.#closing !== undefined) throw new Error('the proxy is closed')
    const served = this.#compiled.targets.filter(({ compiled }) => compiled instanceof RunningPool)
    const found = served.filter(({ target }) =>
      typeof which === 'string' ? target.describe().name === which : target === which,
    )
    const [one] = found
    if (found.length === 1 && one!.compiled instanceof RunningPool) return one!.compiled.handle
    const names = served.map(({ target }) => target.describe().name)
    throw invalidOption(
      'running.pool',
      'pool',
      `a pool that is served, or the name that one of them alone has (${names.join(', ') || 'there is none'})`,
      which,
    )
  }

  /** How many connections never came to a request, by the reason why. Of the listeners that are open. */
  get refusedConnections(): ReadonlyMap<ConnectionRefusal, number> {
    const sums = new Map<ConnectionRefusal, number>()
    for (const { listener } of this.#listeners)
      for (const [reason, count] of listener.refusals) sums.set(reason, (sums.get(reason) ?? 0) + count)
    return sums
  }

  /**
   * Reads the files of all certificates now, instead of when they are looked at next. Handshakes from then on see what is
   * new; no connection is closed. Rejects with the first file that cannot be used: what it held before goes on, all other
   * files count.
   */
  async reloadCertificates(): Promise<void> {
    const reloads = await Promise.allSettled(
      this.#listeners.map(({ listener }) => listener.reloadCertificates()),
    )
    const failed = reloads.find((reload) => reload.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }

  /**
   * Serves another description from now on. Exchanges that are running finish on the old one; listeners, pools and
   * connections that both have are kept, also of a pool that was made anew: by its name, and by the ids of its endpoints where
   * several pools have that. If the new one cannot be compiled or a listener cannot be opened, it rejects,
   * and the old one goes on. It rejects, too, from the first moment of a drain on.
   */
  async reload(app: Described): Promise<void> {
    const before = this.#reloading
    const reloaded = before.then(() => this.#reload(app))
    this.#reloading = reloaded.then(
      () => this.#log.info(`${this.#inWords} has been reloaded`),
      (error: Error) =>
        this.#log.info(
          `a reload of ${this.#inWords} was refused, and the old description goes on: ${error.message}`,
        ),
    )
    return reloaded
  }

  /**
   * Ends it in good order. `drain('30s')` is short for `drain({ limitMs: '30s' })`.
   *
   * 1. At once it is no longer `ready`. For `noticeMs` (default 0) everything is still accepted, so that load balancers take
   *    notice, and every response says `Connection: close`.
   * 2. The listeners are closed; who waits to be accepted still is. What runs finishes, and says the same. A connection that
   *    idles is closed when it has not been used for a second.
   * 3. After `tunnelMs` (default: at the limit), tunnels are closed.
   * 4. After `limitMs` (default 10 s), what is left is broken off, with `proxy_closed`.
   *
   * Resolves when it is closed. A second call may hasten the first, and cannot delay it.
   *
   * @example
   * await running.drain({ noticeMs: '5s', limitMs: '20s', tunnelMs: '5s' })
   *
   * @throws `ERR_OPTION_INVALID` for a time that is none, or a `tunnelMs` past `limitMs`.
   */
  async drain(options: Duration | DrainOptions = {}): Promise<void> {
    const { noticeMs, limitMs, tunnelMs } = drainSettings('drain', options)
    if (this.#lifecycle.phase === 'serving') this.#log.info(`${this.#inWords} is drained`)
    this.#lifecycle.enter('notice')
    if (noticeMs > 0) for (const listener of this.#allListeners) listener.announceDrain()
    await this.#atMost(noticeMs, this.#noticed.promise)
    const drained = this.#stopAccepting()
    void this.#atMost(tunnelMs, drained).then(() => {
      for (const listener of this.#allListeners) listener.endTunnels()
    })
    await this.#atMost(limitMs, drained)
    await this.close()
  }

  /** Gives up what runs, and releases everything. */
  close(): Promise<void> {
    this.#lifecycle.enter('closed')
    this.#noticed.resolve()
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** Resolves when it is closed, by whomever: where the end of what runs beside the proxy belongs. */
  get closed(): Promise<void> {
    return this.#closed.promise
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  get #log(): LogWriter {
    return this.#targets.runtime.log
  }

  get #allListeners(): readonly Listener[] {
    return [...this.#listeners.map(({ listener }) => listener), ...this.#removed]
  }

  /** Resolves when no connection is left. */
  async #stopAccepting(): Promise<void> {
    this.#lifecycle.enter('draining')
    this.#noticed.resolve()
    await Promise.all(this.#allListeners.map((listener) => listener.drain()))
  }

  /** Waits for so long, or until something else has come, if that is sooner. */
  #atMost(ms: number, sooner: Promise<void>): Promise<void> {
    if (ms === 0) return Promise.resolve()
    if (ms === Number.POSITIVE_INFINITY) return sooner
    return new Promise((resolve) => {
      const timer = this.#surroundings.clock.setTimeout(resolve, ms)
      void sooner.then(() => {
        timer.clear()
        resolve()
      })
    })
  }

  async #close(): Promise<void> {
    await this.#reloading
    await Promise.all(this.#allListeners.map((listener) => listener.close()))
    this.#targets.endCalls()
    this.#compiled.retire()
    await this.#connectors.disconnected()
    await this.#companions.end()
    this.#log.info(`${this.#inWords} is closed`)
    this.#closed.resolve()
  }

  async #reload(app: Described | undefined): Promise<void> {
    this.#mustServe()
    const { protocol } = this.#connectors
    // Also where no types were checked.
    if (app?.description?.protocol !== protocol)
      throw invalidOption('reload', 'app', `one of ${protocol === 'tcp' ? 'tcp()' : 'proxy()'}`, app)
    const description = withListener(app.description)
    const compiled = new CompiledProxy(description, this.#targets, this.#compiled)
    compiled.start()
    const settings = description.listeners
    const others = new Set(this.#listeners)
    const kept = settings.map((wanted) => take(others, (it) => sameListener(it.settings, wanted)))
    const before = settings.map((wanted, i) =>
      kept[i] === undefined ? take(others, (it) => sameAddress(it.settings, wanted)) : undefined,
    )
    let opened: OpenListener[]
    try {
      opened = await this.#open(
        settings.filter((_, i) => kept[i] === undefined),
        compiled,
        before.filter((_, i) => kept[i] === undefined),
      )
    } catch (error) {
      compiled.retire()
      throw error
    }
    try {
      // A drain that has begun meanwhile knows nothing of these.
      this.#mustServe()
      const followed = this.#companions.follow(description)
      if (followed !== undefined) await followed
      this.#mustServe()
    } catch (error) {
      await Promise.all(opened.map(({ listener }) => listener.close()))
      compiled.retire()
      throw error
    }
    const removed = this.#listeners.filter((it) => !kept.includes(it))
    this.#listeners = settings.map((wanted, i) => {
      const same = kept[i]
      if (same !== undefined) {
        same.listener.adopt(wanted)
        return same
      }
      const one = opened.shift()!
      const predecessor = before[i]
      if (predecessor !== undefined) one.listener.takeOver(predecessor.listener)
      return one
    })
    this.#nameInWords()
    compiled.takeOver()
    this.#shared?.follow(compiled, description)
    for (const { listener } of removed) {
      this.#removed.add(listener)
      void listener.drain().then(() => this.#removed.delete(listener))
    }
    // Also of those that only have last requests to serve: the old one is released when its running exchanges are over.
    for (const listener of this.#allListeners) listener.snapshot = compiled
    this.#compiled.retire()
    this.#compiled = compiled
    this.#description = description
    this.#routes = undefined
  }

  #nameInWords(): void {
    const { title = 'the proxy' } = this.#surroundings
    this.#inWords = `${title} at ${this.urls.join(', ')}`
  }

  #mustServe(): void {
    const { phase } = this.#lifecycle
    if (phase !== 'serving') throw new Error(`the proxy is ${phase === 'closed' ? 'closed' : 'draining'}`)
  }

  /** Opens listeners, but for those that have a predecessor to take over from: these are made ready to. */
  async #open(
    all: readonly ListenerSettings[],
    compiled: CompiledProxy,
    predecessors: readonly (OpenListener | undefined)[] = [],
  ): Promise<OpenListener[]> {
    const { clock, random, network } = this.#surroundings
    const opened: OpenListener[] = []
    try {
      for (const settings of all) {
        const listener = new Listener(settings, clock, random, compiled)
        if (predecessors[opened.length] === undefined) await listener.open(network, settings)
        else await listener.prepare(network, settings)
        opened.push({ settings, listener })
      }
    } catch (error) {
      await Promise.all(opened.map(({ listener }) => listener.close()))
      throw startError(error as NodeJS.ErrnoException, all[opened.length]!, this.#surroundings.title)
    }
    return opened
  }
}

function schemeOf({ protocol, tls }: ListenerSettings): string {
  if (protocol === 'tcp') return tls === undefined ? 'tcp' : 'tls'
  return tls === undefined ? 'http' : 'https'
}

/** Takes one out that fits. */
function take<T>(from: Set<T>, fits: (one: T) => boolean): T | undefined {
  for (const one of from) {
    if (!fits(one)) continue
    from.delete(one)
    return one
  }
  return undefined
}

function sameAddress(one: ListenerSettings, other: ListenerSettings): boolean {
  return one.host === other.host && one.port === other.port
}

/** A listener is kept when everything about it is as before. */
function sameListener(one: ListenerSettings, other: ListenerSettings): boolean {
  return (
    sameAddress(one, other) &&
    one.readsHello === other.readsHello &&
    one.clients.trusted === other.clients.trusted &&
    one.tls?.identity === other.tls?.identity &&
    one.proxyProtocol?.identity === other.proxyProtocol?.identity &&
    sameValues(one.limits, other.limits) &&
    sameValues(one.http2 ?? {}, other.http2 ?? {})
  )
}

/** Of two records of plain values. */
function sameValues(one: object, other: object): boolean {
  const entries = Object.entries(one)
  const others = new Map<string, unknown>(Object.entries(other))
  return entries.length === others.size && entries.every(([name, value]) => others.get(name) === value)
}
