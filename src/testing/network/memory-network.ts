import { AsyncLocalStorage } from 'node:async_hooks'
import { type Clock, systemClock } from '../../core/clock.ts'
import type {
  Address,
  BoundListener,
  ConnectHandler,
  Connecting,
  ConnectOptions,
  ListenOptions,
  Network,
  TlsServer,
  TlsServerSettings,
  Wire,
} from '../../core/network.ts'
import { integer, invalidOption, knownOptions, type Size, sizeBytes } from '../../core/options.ts'
import type { Random } from '../../core/random.ts'
import { askedFrom } from '../asked-from.ts'
import { seededRandom } from '../seeded-random.ts'
import { SteppedClock } from '../virtual-clock.ts'
import { EventQueue } from './event-queue.ts'
import { noApplicationProtocol, PretendedTlsServer } from './memory-tls.ts'
import { type Faults, type LinkHost, MemoryLink, systemError } from './memory-wire.ts'

export interface MemoryNetworkOptions {
  /** Needed for latency and the other faults that take time. Default: the real one. */
  readonly clock?: Clock | undefined
  /** Decides on faults. Default: seeded with 1. */
  readonly random?: Random | undefined
  /** From one end to the other, in milliseconds. Default 0: no time passes. */
  readonly latencyMs?: number | undefined
  /** Bytes on their way, or unread, in one direction, before `write` says `false`. Default 64 KiB. */
  readonly windowBytes?: Size | undefined
  /** Lets events of different wires happen in random order, as they may. Default `false`: in the order they arose. */
  readonly shuffle?: boolean | undefined
  /** Faults of every connection. `setFaults` sets those of one address. */
  readonly faults?: Faults | undefined
}

/** A connection that is not over, seen from outside. */
export interface MemoryConnection {
  readonly client: Address
  readonly server: Address
  /** The line of code that asked for it. */
  readonly openedBy: string
  /** Breaks it between the ends: both see a reset. */
  reset(): void
  /** Lets nothing through any more, in either direction, until `resume`. Neither end is told. */
  stall(): void
  resume(): void
}

export interface MemoryNetwork extends Network {
  /** Ends of connections whose owner has not seen `onClose` yet. */
  readonly openWires: number
  /** Listeners that are not closed. */
  readonly listeners: number
  /** Attempts to connect that have no result yet. */
  readonly connecting: number
  readonly connections: readonly MemoryConnection[]
  /** One line for everything that is open, and who opened it. Empty when nothing is. */
  leaks(): string[]
  /**
   * Sets what goes wrong on connections that are made from now on to `where`: `host:port`, `host`, or `*` for all.
   * The nearest setting counts, alone. `undefined` takes it back.
   */
  setFaults(where: string, faults: Faults | undefined): void
  /** Makes a name known without a listener; returns its address. A listener's own host is known by itself. */
  addHost(name: string, address?: string): string
  /** Forgets a name: connecting to it fails with `ENOTFOUND`. */
  removeHost(name: string): void
  /** The same network, for a client with this address. */
  from(address: string): Network
}

/** @internal What one who listens in memory can say beside the rest. */
export interface AskedListenOptions extends ListenOptions {
  /** Asked at each connection, when it arrives: `false` refuses it. */
  readonly accepts?: (() => boolean) | undefined
  /** Protocols that it agrees to by TLS, the one preferred first. Default: whatever is asked for. */
  readonly alpn?: (() => readonly string[]) | undefined
}

/** Networks in memory, as seen from any address. */
const asking = new WeakSet<object>()

/** @internal Whether a network heeds `AskedListenOptions`. */
export function asksListeners(network: Pick<Network, 'listen'>): boolean {
  return asking.has(network)
}

const FIRST_CLIENT_PORT = 32_768
const FIRST_LISTENER_PORT = 49_152
const LAST_PORT = 65_535
/** After so many events without a turn of the event loop, one is let through, so that a test can time out. */
const EVENTS_PER_TURN = 100_000

// Taken when the module is loaded, so that nobody's fake timers stop this network.
const { queueMicrotask, setImmediate } = globalThis
const nextTick = process.nextTick.bind(process)

/**
 * A network in memory that behaves as TCP does, as far as an engine can see it.
 *
 * - Nothing happens within a call: every `onX` is an event of its own, and all promises go on before the next one.
 * - Writes made before the peer's event came arrive together, at most 64 KiB at once.
 * - Bytes are copied when the window takes them, not before. A chunk whose reader returned `true` is written over with
 *   0xDB right away; one that was lent (`false`), as soon as the wire that holds it has none of its bytes pending.
 *   Who uses memory that is not theirs any more finds out.
 * - `end` is a half-close. `destroy` drops what is pending, and sends a reset in place of an end if bytes were left
 *   unread. Bytes that reach a closed wire are answered with a reset.
 * - As with sockets, a wire that was connected and is paused notices neither end nor reset until it reads or writes
 *   (one that was accepted notices the reset, since Node reads ahead there), and one whose peer has closed notices
 *   at its second write, as `EPIPE`.
 * - TLS is pretended: both ends see `tls`, nothing is encrypted, no certificate is looked at. What a client says in `tls`
 *   of `connect` (`servername`, `alpn`) is what the listener learns; one that says nothing, and sends something to a
 *   listener with TLS, has failed the handshake.
 *
 * @example
 * const clock = virtualClock()
 * const network = memoryNetwork({ clock, latencyMs: 5 })
 * await using upstream = await fakeUpstream({ network, clock, host: 'users', port: 8080 }).start()
 */
export function memoryNetwork(options: MemoryNetworkOptions = {}): MemoryNetwork {
  knownOptions('memoryNetwork', options, ['clock', 'random', 'latencyMs', 'windowBytes', 'shuffle', 'faults'])
  return new InMemory(options)
}

interface Listening {
  readonly address: Address
  readonly opened: Error
  readonly onWire: (wire: Wire) => void
  readonly accepts: (() => boolean) | undefined
  readonly alpn: (() => readonly string[]) | undefined
}

class InMemory implements MemoryNetwork, LinkHost {
  readonly clock: Clock
  readonly random: Random
  readonly windowBytes: number
  readonly lent = new WeakMap<ArrayBufferLike, Buffer>()
  readonly #latencyMs: number
  readonly #shuffle: boolean
  readonly #faults = new Map<string, Faults>()
  readonly #hosts = new Map<string, string>([['localhost', '127.0.0.1']])
  readonly #listening = new Map<string, Listening>()
  readonly #links = new Set<MemoryLink>()
  readonly #connecting = new Set<{ readonly to: string; readonly opened: Error }>()
  /** Events happen in the asynchronous context that made the network: by it a simulation knows what is its own. */
  readonly #inContext = AsyncLocalStorage.snapshot()
  readonly #events = new EventQueue()
  #eventComes = false
  #eventsThisTurn = 0
  #nextHost = 1
  #nextClientPort = FIRST_CLIENT_PORT
  #nextListenerPort = FIRST_LISTENER_PORT

  constructor(options: MemoryNetworkOptions) {
    const { clock = systemClock, random = seededRandom(1), latencyMs = 0, windowBytes = '64kb' } = options
    this.clock = clock
    this.random = random
    this.windowBytes = sizeBytes('memoryNetwork', 'windowBytes', windowBytes, { min: 1 })
    this.#latencyMs = milliseconds('latencyMs', latencyMs)
    this.#shuffle = options.shuffle ?? false
    this.setFaults('*', options.faults)
    if (clock instanceof SteppedClock) clock.waitsFor(() => this.#events.length > 0)
    asking.add(this)
  }

  connect(options: ConnectOptions, handler: ConnectHandler): Connecting {
    return this.#connect('127.0.0.1', options, handler)
  }

  from(address: string): Network {
    const seen: Network = {
      connect: (options, handler) => this.#connect(address, options, handler),
      listen: (options, onWire) => this.listen(options, onWire),
      tlsServer: (settings) => this.tlsServer(settings),
    }
    asking.add(seen)
    return seen
  }

  async listen(
    { host, port, accepts, alpn }: AskedListenOptions,
    onWire: (wire: Wire) => void,
  ): Promise<BoundListener> {
    const address = isWildcard(host) ? host : (this.#resolve(host) ?? this.addHost(host))
    integer('memoryNetwork', 'port', port, { max: LAST_PORT })
    if (port !== 0 && this.#taken(address, port)) throw systemError('listen', 'EADDRINUSE', { address, port })
    const bound = { address, port: port === 0 ? this.#freePort(address) : port }
    const key = addressKey(bound)
    const listening: Listening = { address: bound, opened: new Error('opened here'), onWire, accepts, alpn }
    this.#listening.set(key, listening)
    const close = (): void => {
      if (this.#listening.get(key) === listening) this.#listening.delete(key)
    }
    return { address: bound, close: async () => close(), destroy: close }
  }

  tlsServer(settings: TlsServerSettings): TlsServer {
    return new PretendedTlsServer(settings, this)
  }

  get openWires(): number {
    let open = 0
    for (const link of this.#links) open += link.openWires
    return open
  }

  get listeners(): number {
    return this.#listening.size
  }

  get connecting(): number {
    return this.#connecting.size
  }

  get connections(): readonly MemoryConnection[] {
    return Array.from(this.#links, (link) => ({
      client: link.client.local,
      server: link.server.local,
      openedBy: askedFrom(link.opened),
      reset: () => link.break(),
      stall: () => link.flow(false),
      resume: () => link.flow(true),
    }))
  }

  leaks(): string[] {
    const listening = Array.from(this.#listening.values(), ({ address, opened }) => {
      return `listener ${addressKey(address)}, opened ${askedFrom(opened)}`
    })
    const connecting = Array.from(
      this.#connecting,
      ({ to, opened }) => `connecting to ${to}, opened ${askedFrom(opened)}`,
    )
    return [
      ...listening,
      ...connecting,
      ...Array.from(this.#links, (link) => `connection ${link.describe()}`),
    ]
  }

  setFaults(where: string, faults: Faults | undefined): void {
    if (faults === undefined) this.#faults.delete(where)
    else this.#faults.set(where, checkedFaults(faults))
  }

  addHost(name: string, address?: string): string {
    const given = address ?? this.#hosts.get(name) ?? `10.0.${this.#nextHost >> 8}.${this.#nextHost++ & 0xff}`
    this.#hosts.set(name, given)
    return given
  }

  removeHost(name: string): void {
    this.#hosts.delete(name)
  }

  /** One event at a time, each after all microtasks and ticks that the one before gave rise to: as the event loop. */
  run(event: () => void): void {
    this.#events.push(event)
    this.#scheduleNext()
  }

  onLinkClosed(link: MemoryLink): void {
    this.#links.delete(link)
  }

  #scheduleNext(): void {
    if (this.#eventComes || this.#events.length === 0) return
    this.#eventComes = true
    if (++this.#eventsThisTurn > EVENTS_PER_TURN) {
      this.#eventsThisTurn = 0
      setImmediate(() => this.#runNext())
    } else {
      // A tick alone would run before the promises that wait; a microtask alone between them.
      queueMicrotask(() => nextTick(() => this.#runNext()))
    }
  }

  #runNext(): void {
    this.#eventComes = false
    const at = this.#shuffle ? Math.floor(this.random() * this.#events.length) : 0
    const event = this.#events.take(at)
    try {
      if (event !== undefined) this.#inContext(event)
    } finally {
      this.#scheduleNext()
    }
  }

  #connect(
    from: string,
    { host, port, tls, preamble, allows }: ConnectOptions,
    handler: ConnectHandler,
  ): Connecting {
    const to = `${host}:${port}`
    const attempt = { to, opened: new Error('opened here') }
    const address = this.#resolve(host)
    const faults = this.#faultsOf(host, port, address)
    let open = true
    this.#connecting.add(attempt)
    const settle = (): boolean => {
      const was = open
      open = false
      this.#connecting.delete(attempt)
      return was
    }
    const fail = (error: Error): void => {
      if (settle()) handler.onConnectError(error)
    }
    const arrived = (): void => {
      if (!open || address === undefined) return
      const listening = faults.connect === undefined ? this.#listenerAt(address, port) : undefined
      if (listening === undefined || listening.accepts?.() === false) {
        fail(
          systemError('connect', faults.connect === 'unreachable' ? 'EHOSTUNREACH' : 'ECONNREFUSED', {
            address,
            port,
          }),
        )
        return
      }
      if (tls !== undefined) {
        handler.onSecuring?.()
        if (!open || faults.tls === 'unanswered') return
        const speaks = listening.alpn?.()
        if (speaks !== undefined && tls.alpn?.some((it) => speaks.includes(it)) === false) {
          fail(noApplicationProtocol())
          return
        }
      }
      const link = new MemoryLink(this, faults, {
        client: { address: from, port: this.#clientPort() },
        server: { address, port },
        asked: tls,
        preamble: preamble !== undefined,
        speaks: listening.alpn?.(),
        opened: attempt.opened,
      })
      this.#links.add(link)
      if (preamble !== undefined) link.client.write(preamble)
      listening.onWire(link.server)
      if (link.refused !== undefined) {
        link.client.destroy()
        fail(link.refused)
      }
      // Whoever accepted may have made the other side give up.
      else if (settle()) handler.onConnect(link.client)
      else link.client.destroy()
      if (!link.server.owned || !link.client.owned)
        throw new Error('memoryNetwork: set `wire.handler` before onWire or onConnect returns')
    }
    let timer: { clear(): void } | undefined
    const roundTripMs = 2 * (faults.latencyMs ?? 0)
    if (address !== undefined && allows?.(address) === false)
      this.run(() => fail(systemError('connect', 'EADDRDENIED', { address, port })))
    else if (address === undefined)
      this.run(() => fail(systemError('getaddrinfo', 'ENOTFOUND', { hostname: host })))
    else if (faults.connect === 'unanswered') timer = undefined
    else if (roundTripMs === 0) this.run(arrived)
    else timer = this.clock.setTimeout(() => this.run(arrived), roundTripMs)
    return {
      cancel: () => {
        settle()
        timer?.clear()
      },
    }
  }

  #faultsOf(host: string, port: number, address: string | undefined): Faults {
    const named = [`${host}:${port}`, `${address}:${port}`, host, `${address}`, '*']
    const found = named.map((where) => this.#faults.get(where)).find((it) => it !== undefined)
    return { ...found, latencyMs: found?.latencyMs ?? this.#latencyMs }
  }

  #resolve(host: string): string | undefined {
    return isAddress(host) ? host : this.#hosts.get(host)
  }

  #listenerAt(address: string, port: number): Listening | undefined {
    const exact = this.#listening.get(addressKey({ address, port }))
    if (exact !== undefined || !isLoopback(address)) return exact
    return (
      this.#listening.get(addressKey({ address: '0.0.0.0', port })) ??
      this.#listening.get(addressKey({ address: '::', port }))
    )
  }

  #taken(address: string, port: number): boolean {
    if (this.#listenerAt(address, port) !== undefined) return true
    return (
      isWildcard(address) &&
      [...this.#listening.values()].some(({ address: it }) => it.port === port && local(it))
    )
  }

  #freePort(address: string): number {
    for (let tries = FIRST_LISTENER_PORT; tries <= LAST_PORT; tries++) {
      const port = this.#nextListenerPort
      this.#nextListenerPort = port === LAST_PORT ? FIRST_LISTENER_PORT : port + 1
      if (!this.#taken(address, port)) return port
    }
    throw systemError('listen', 'EADDRINUSE', { address, port: 0 })
  }

  #clientPort(): number {
    const port = this.#nextClientPort
    this.#nextClientPort = port === FIRST_LISTENER_PORT - 1 ? FIRST_CLIENT_PORT : port + 1
    return port
  }
}

function addressKey({ address, port }: Address): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

function isAddress(host: string): boolean {
  return /^\d+\.\d+\.\d+\.\d+$/.test(host) || host.includes(':')
}

function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1'
}

function local({ address }: Address): boolean {
  return isWildcard(address) || isLoopback(address)
}

function milliseconds(option: string, value: number): number {
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value
  throw invalidOption('memoryNetwork', option, 'a number of milliseconds, 0 or more', value)
}

function chance(option: string, value: number): void {
  if (!(value >= 0 && value <= 1)) throw invalidOption('memoryNetwork', option, 'a number from 0 to 1', value)
}

function checkedFaults(faults: Faults): Faults {
  knownOptions('memoryNetwork: faults', faults, [
    'maxChunkBytes',
    'latencyMs',
    'jitterMs',
    'resetChance',
    'stallChance',
    'stallMs',
    'drip',
    'connect',
    'tls',
  ])
  const {
    maxChunkBytes = 1,
    latencyMs = 0,
    jitterMs = 0,
    stallMs = 0,
    drip = { bytes: 1, everyMs: 1 },
  } = faults
  integer('memoryNetwork', 'maxChunkBytes', maxChunkBytes, { min: 1 })
  milliseconds('latencyMs', latencyMs)
  milliseconds('jitterMs', jitterMs)
  milliseconds('stallMs', stallMs)
  chance('resetChance', faults.resetChance ?? 0)
  chance('stallChance', faults.stallChance ?? 0)
  integer('memoryNetwork', 'drip.bytes', drip.bytes, { min: 1 })
  milliseconds('drip.everyMs', drip.everyMs)
  if (faults.connect !== undefined && !['refused', 'unreachable', 'unanswered'].includes(faults.connect))
    throw invalidOption(
      'memoryNetwork',
      'connect',
      '"refused", "unreachable" or "unanswered"',
      faults.connect,
    )
  if (faults.tls !== undefined && faults.tls !== 'unanswered')
    throw invalidOption('memoryNetwork', 'tls', '"unanswered"', faults.tls)
  return { ...faults }
}
