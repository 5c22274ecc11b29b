import type { Clock } from '../core/clock.ts'
import type { Address, Network } from '../core/network.ts'
import type { ConnectionRefusal, Observer } from '../core/observer.ts'
import { type Duration, durationMs } from '../core/options.ts'
import type { Random } from '../core/random.ts'
import { ConnectorRegistry } from '../transport/connector-registry.ts'
import { Listener, type ListenerSettings } from '../transport/listener.ts'
import { CertificateError } from '../transport/tls/certificate-error.ts'
import { CompiledProxy, CompiledTargets } from './compiled-proxy.ts'
import { type ProxyDescription, withListener } from './description.ts'

/** A proxy could not start. The message is one line that says what to change. */
export class StartError extends Error {
  /** The system's, such as `EADDRINUSE`. */
  readonly code: string

  constructor(message: string, code: string) {
    super(message)
    this.name = 'StartError'
    this.code = code
    // Where in the engine it was found is of no help to whoever must choose another port.
    this.stack = `${this.name}: ${message}`
    Object.defineProperty(this, 'code', { enumerable: false })
  }
}

/** Time, chance and network of a running proxy. */
export interface Surroundings {
  readonly clock: Clock
  readonly random: Random
  readonly network: Network
  /** @internal Told of what the proxy does. */
  readonly observer?: Observer | undefined
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

const DEFAULT_DRAIN_MS = 10_000

/** A proxy with open listeners. Ends with `drain` or `close`; also by `await using`. */
export class RunningProxy implements AsyncDisposable {
  readonly #surroundings: Surroundings
  readonly #connectors: ConnectorRegistry
  readonly #targets: CompiledTargets
  #listeners: OpenListener[] = []
  /** Those that a reload has taken away and that still have connections. */
  readonly #removed = new Set<Listener>()
  #compiled: CompiledProxy
  #closing: Promise<void> | undefined
  #reloading: Promise<void> = Promise.resolve()
  readonly #closed = Promise.withResolvers<void>()

  private constructor(description: ProxyDescription, surroundings: Surroundings) {
    const { clock, random, network, observer } = surroundings
    this.#surroundings = surroundings
    this.#connectors = new ConnectorRegistry(network, clock)
    this.#targets = new CompiledTargets({ clock, random, network, observer, connectors: this.#connectors })
    this.#compiled = new CompiledProxy(description, this.#targets, observer)
  }

  /** @internal Opens the listeners of a description; all of them, or none. */
  static async start(description: ProxyDescription, surroundings: Surroundings): Promise<RunningProxy> {
    const running = new RunningProxy(description, surroundings)
    // Before the first exchange, which is not to meet an endpoint that must be probed first.
    running.#compiled.start()
    try {
      running.#listeners = await running.#open(description.listeners, running.#compiled)
    } catch (error) {
      running.#compiled.retire()
      throw error
    }
    return running
  }

  /** The first listener's address, as a url without a slash at the end. */
  get url(): string {
    const [url] = this.urls
    if (url === undefined) throw new Error('the proxy is closed')
    return url
  }

  /** The url of each listener, in the order of `listen`: `https` for those with TLS. */
  get urls(): readonly string[] {
    return this.#listeners.map(({ settings, listener: { address } }) => {
      const host = address.address.includes(':') ? `[${address.address}]` : address.address
      return `${settings.tls === undefined ? 'http' : 'https'}://${host}:${address.port}`
    })
  }

  /** What each listener is bound to, in the order of `listen`. */
  get addresses(): readonly Address[] {
    return this.#listeners.map(({ listener }) => listener.address)
  }

  /** Open client connections, those in a TLS handshake included. */
  get connections(): number {
    return this.#listeners.reduce((sum, { listener }) => sum + listener.connections, 0)
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
   * connections that both have are kept. If the new one cannot be compiled or a listener cannot be opened, it rejects,
   * and the old one goes on.
   */
  async reload(app: Described): Promise<void> {
    const before = this.#reloading
    const reloaded = before.then(() => this.#reload(withListener(app.description)))
    this.#reloading = reloaded.catch(() => {})
    return reloaded
  }

  /** Accepts nothing new, lets what runs finish for `limitMs` (default 10 s), then closes. */
  async drain(limitMs: Duration = DEFAULT_DRAIN_MS): Promise<void> {
    const limit = durationMs('drain', 'limitMs', limitMs, { unlimited: true })
    const drained = Promise.all(this.#listeners.map(({ listener }) => listener.drain()))
    if (limit === Number.POSITIVE_INFINITY) await drained
    else {
      await new Promise<void>((resolve) => {
        const timer = this.#surroundings.clock.setTimeout(resolve, limit)
        void drained.then(() => {
          timer.clear()
          resolve()
        })
      })
    }
    await this.close()
  }

  /** Gives up what runs, and releases everything. */
  close(): Promise<void> {
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

  async #close(): Promise<void> {
    await this.#reloading
    const listeners = [...this.#listeners.map(({ listener }) => listener), ...this.#removed]
    await Promise.all(listeners.map((listener) => listener.close()))
    this.#compiled.retire()
    await this.#connectors.disconnected()
    this.#closed.resolve()
  }

  async #reload(description: ProxyDescription): Promise<void> {
    if (this.#closing !== undefined) throw new Error('the proxy is closed')
    const compiled = new CompiledProxy(description, this.#targets, this.#surroundings.observer)
    compiled.start()
    const kept = description.listeners.map((settings) =>
      this.#listeners.find((it) => sameListener(it.settings, settings)),
    )
    let opened: OpenListener[]
    try {
      opened = await this.#open(
        description.listeners.filter((_, i) => kept[i] === undefined),
        compiled,
      )
    } catch (error) {
      compiled.retire()
      throw error
    }
    const removed = this.#listeners.filter((it) => !kept.includes(it))
    this.#listeners = description.listeners.map((_, i) => kept[i] ?? opened.shift()!)
    for (const { listener } of this.#listeners) listener.snapshot = compiled
    this.#compiled.retire()
    this.#compiled = compiled
    // Their running exchanges finish on the old snapshot; nobody waits for that here.
    for (const { listener } of removed) {
      this.#removed.add(listener)
      void listener.drain().then(() => this.#removed.delete(listener))
    }
  }

  async #open(all: readonly ListenerSettings[], compiled: CompiledProxy): Promise<OpenListener[]> {
    const { clock, random, network } = this.#surroundings
    const opened: OpenListener[] = []
    try {
      for (const settings of all) {
        const listener = new Listener(settings, clock, random, compiled)
        await listener.open(network, settings)
        opened.push({ settings, listener })
      }
    } catch (error) {
      await Promise.all(opened.map(({ listener }) => listener.close()))
      throw startError(error as NodeJS.ErrnoException, all[opened.length]!)
    }
    return opened
  }
}

/** A listener is kept when everything about it is as before. */
function sameListener(one: ListenerSettings, other: ListenerSettings): boolean {
  return (
    one.host === other.host &&
    one.port === other.port &&
    one.clients.trusted === other.clients.trusted &&
    one.tls?.identity === other.tls?.identity &&
    Object.entries(one.limits).every(
      ([name, value]) => other.limits[name as keyof typeof other.limits] === value,
    )
  )
}

function startError(error: NodeJS.ErrnoException, { host, port }: ListenerSettings): Error {
  if (error instanceof CertificateError) return new StartError(error.message, error.code)
  const at = `${host}:${port}`
  switch (error.code) {
    case 'EADDRINUSE':
      return new StartError(
        `${at} is in use: stop what listens there, or choose another port with .listen(${port + 1})`,
        error.code,
      )
    case 'EACCES':
      return new StartError(
        `${at} may not be opened by this user: choose a port above 1023, for example .listen(8080)`,
        error.code,
      )
    case 'EADDRNOTAVAIL':
      return new StartError(
        `${host} is no address of this machine: use .listen({ host: '127.0.0.1' }) or '0.0.0.0'`,
        error.code,
      )
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new StartError(
        `the host "${host}" is unknown: use an address of this machine, for example '127.0.0.1'`,
        error.code,
      )
    default:
      return error
  }
}
