import { isIP } from 'node:net'
import type { Clock, Timer } from '../../core/clock.ts'
import type { ConnectOptions } from '../../core/network.ts'
import { type Duration, durationMs, invalidOption, knownOptions } from '../../core/options.ts'
import type { Random } from '../../core/random.ts'
import type {
  DrainOptions,
  Pool,
  PoolHandle,
  RoutedProxy,
  RunningProxy,
  TargetDescription,
  TcpProxy,
} from '../../index.ts'
import { KitError } from '../kit-error.ts'
import { type MemoryNetwork, memoryNetwork } from '../network/memory-network.ts'
import { RealWork } from '../real-work.ts'
import { seededRandom } from '../seeded-random.ts'
import { type FakeUpstream, fakeUpstream } from '../upstream/fake-upstream.ts'
import type { UpstreamEvent } from '../upstream/upstream-event.ts'
import { SteppedClock, startMs } from '../virtual-clock.ts'
import { ClientConnections } from './client-connections.ts'
import { clientVersion } from './client-http2-options.ts'
import { type ClientRequest, type ClientRequestOptions, writeRequest } from './client-request.ts'
import type { SimulatedRawClient } from './driven-raw-client.ts'
import { ExchangeLog } from './exchange-log.ts'
import type { ExchangeRecord } from './exchange-record.ts'
import { explainExchange } from './explain-exchange.ts'
import type { ClientVersion } from './http2-client-connection.ts'
import { type Journal, WrittenJournal } from './journal.ts'
import { type LoadOptions, type LoadPlan, type LoadResult, loadPlan } from './load.ts'
import { LoadRun } from './load-run.ts'
import { OwnedClock } from './owned-clock.ts'
import type { Pending } from './pending.ts'
import type { PendingResponse } from './pending-response.ts'
import { RealIoGuard } from './real-io-guard.ts'
import type { SimulatedClientOptions, Simulation } from './simulate.ts'
import { HostedClient, type SimulatedHttp2Client } from './simulated-client.ts'
import type { SimulatedResponse } from './simulated-response.ts'
import type { ClientWebSocketOptions, SimulatedWebSocket } from './simulated-websocket.ts'
import { SimulationDriver } from './simulation-driver.ts'
import { warningsOnly } from './warnings-only.ts'

/** Clients of documentation (RFC 5737): no proxy trusts them. */
const CLIENT = '192.0.2.1'
/** How long, in virtual time, what still runs may take when a simulation ends. */
const ENDING_MS = 60_000

interface Settings {
  readonly seed: number
  readonly latencyMs: number
  readonly startAt: Date | number | undefined
  readonly upstreams: readonly string[]
  readonly keep: number
}

/** What can be simulated. */
export type SimulatedApp = RoutedProxy | TcpProxy

/** @internal What `simulate` gives. */
export class RunningSimulation implements Simulation {
  readonly seed: number
  readonly random: Random
  readonly network: MemoryNetwork
  readonly #keep: number
  readonly #clock: SteppedClock
  readonly #appClock: OwnedClock
  readonly #driver: SimulationDriver
  readonly #journal: WrittenJournal
  readonly #log: ExchangeLog
  readonly #upstreams = new Map<string, FakeUpstream>()
  readonly #clients = new Map<string, SimulatedHttp2Client>()
  readonly #connections = new Map<string, ClientConnections>()
  readonly #raw = new Set<SimulatedRawClient>()
  readonly #timers = new Set<Timer>()
  readonly #loads = new Set<LoadRun>()
  readonly #started = new Set<FakeUpstream>()
  readonly #guard = new RealIoGuard((error) => this.#driver.violated(error))
  readonly #ready: Promise<void>
  /** Which app served, from which exchange on. */
  readonly #apps: { readonly from: number; readonly app: SimulatedApp }[]
  #running: RunningProxy | undefined
  #loadCount = 0
  #ending: Promise<string[]> | undefined
  #forgotten: readonly string[] = []

  constructor(app: SimulatedApp, { seed, latencyMs, startAt, upstreams, keep }: Settings) {
    this.#apps = [{ from: 1, app }]
    this.#keep = keep
    this.seed = seed
    this.random = seededRandom(streamSeed(seed, 'test'))
    // What runs on this clock and this network runs inside; the test itself does not.
    const work = new RealWork()
    const inside = <T>(run: () => T): T => work.within(() => this.#guard.within(run))
    this.#clock = inside(() => new SteppedClock(startMs('simulate', startAt)))
    this.network = inside(() =>
      memoryNetwork({ clock: this.#clock, random: seededRandom(streamSeed(seed, 'network')), latencyMs }),
    )
    this.#appClock = new OwnedClock(this.#clock)
    this.#driver = new SimulationDriver(this.#clock, work, seed, () => this.#open().join('\n'))
    this.#journal = new WrittenJournal(this.#clock, keep)
    this.#log = new ExchangeLog(this.#journal, keep, seed)
    for (const url of endpointUrls(app)) this.#addUpstream(url)
    this.#addOutsiders(upstreams)
    this.#ready = inside(() => this.#start())
    // Whoever asks for something is told, also where that is only for time to pass.
    this.#ready.catch((error: Error) => this.#driver.violated(error))
  }

  get clock(): Clock {
    return this.#clock
  }

  get nowMs(): number {
    return this.#clock.now()
  }

  get journal(): Journal {
    return this.#journal
  }

  get exchanges(): readonly ExchangeRecord[] {
    return this.#log.records
  }

  get upstreams(): readonly FakeUpstream[] {
    return [...this.#upstreams.values()]
  }

  get(url: string, options?: ClientRequestOptions): PendingResponse {
    return this.#clientAt(CLIENT, 'sim').get(url, options)
  }

  post(url: string, options?: ClientRequestOptions): PendingResponse {
    return this.#clientAt(CLIENT, 'sim').post(url, options)
  }

  request(request: ClientRequest): PendingResponse {
    return this.#clientAt(CLIENT, 'sim').request(request)
  }

  websocket(url: string, options?: ClientWebSocketOptions): Pending<SimulatedWebSocket> {
    return this.#clientAt(CLIENT, 'sim').websocket(url, options)
  }

  connect(port?: number): Pending<SimulatedRawClient> {
    return this.#clientAt(CLIENT, 'sim').connect(port)
  }

  client(address: string, options: SimulatedClientOptions = {}): SimulatedHttp2Client {
    if (isIP(address) === 0)
      throw invalidOption('sim.client', 'address', 'an address such as "198.51.100.7"', address)
    knownOptions('sim.client', options, ['http2'])
    const version = clientVersion('sim.client', options.http2)
    const given = version === undefined ? '' : `, ${JSON.stringify(options)}`
    return this.#clientAt(address, `sim.client(${JSON.stringify(address)}${given})`, version)
  }

  upstream(url: string): FakeUpstream {
    const found = this.#upstreams.get(originOf(url))
    if (found !== undefined) return found
    const known = [...this.#upstreams.keys()]
    throw new Error(
      `sim.upstream: the app names no endpoint ${url}; it names ${known.length === 0 ? 'none' : known.join(', ')}. Add it to a pool, or say simulate(app, { upstreams: [${JSON.stringify(url)}] })`,
    )
  }

  advance(time: Duration): Pending<void> {
    this.#mustRun('sim.advance')
    return this.#driver.advance(`sim.advance(${JSON.stringify(time)})`, time)
  }

  settle(): Pending<void> {
    this.#mustRun('sim.settle')
    return this.#driver.advance('sim.settle()', 0)
  }

  until<T>(promise: Promise<T>): Pending<T> {
    return this.#driver.pending('sim.until(...)', promise)
  }

  every(interval: Duration, call: () => void | Promise<void>): () => void {
    const ms = durationMs('sim.every', 'interval', interval, { min: 1 })
    const timer = this.#clock.setTimeout(() => {
      timer.refresh()
      const called = call()
      if (called instanceof Promise) called.catch((error: Error) => this.#driver.violated(error))
    }, ms)
    this.#timers.add(timer)
    return () => {
      timer.clear()
      this.#timers.delete(timer)
    }
  }

  load(options: LoadOptions): Pending<LoadResult> {
    this.#mustRun('sim.load')
    const plan = loadPlan(options)
    const result = this.#load(plan, ++this.#loadCount)
    // What was sent last may take as long as anything else.
    return this.#driver.pending(
      `sim.load({ rate: ${options.rate}, ... })`,
      result,
      plan.durationMs + 3_600_000,
    )
  }

  reload(app: SimulatedApp): Pending<void> {
    this.#mustRun('sim.reload')
    checkApp('sim.reload', app)
    const reload = async (): Promise<void> => {
      await this.#ready
      await this.#startUpstreams(endpointUrls(app).map((url) => this.#addUpstream(url)))
      await this.#running!.reload(app)
      this.#apps.push({ from: this.#log.count + 1, app })
      this.note('the app was reloaded')
    }
    return this.#driver.pending('sim.reload(app)', reload())
  }

  pool(which: Pool | string): Pending<PoolHandle> {
    this.#mustRun('sim.pool')
    const what = typeof which === 'string' ? JSON.stringify(which) : which.describe().name
    return this.#driver.pending(
      `sim.pool(${what})`,
      this.#ready.then(() => this.#running!.pool(which)),
    )
  }

  drain(options: Duration | DrainOptions = {}): Pending<void> {
    this.#mustRun('sim.drain')
    const drain = async (): Promise<void> => {
      await this.#ready
      this.note('a drain has begun')
      await this.#running!.drain(options)
      this.note('the drain is over')
    }
    return this.#driver.pending(`sim.drain(${JSON.stringify(options)})`, drain())
  }

  explain(of: ExchangeRecord | SimulatedResponse): string {
    const record = 'attempts' in of ? of : of.exchange
    if (record === undefined) return 'the proxy could not read the request: there was no exchange'
    const { app } = this.#apps.findLast(({ from }) => from <= record.number)!
    return explainExchange(app, record)
  }

  note(text: string): void {
    this.#journal.note('simulation', text)
  }

  async assertNoLeaks(): Promise<void> {
    const leaks = await this.#end()
    if (leaks.length === 0) return
    throw this.#driver.withSeed(
      new KitError(`${leaks.length} leak${leaks.length === 1 ? '' : 's'}:\n- ${leaks.join('\n- ')}`),
    )
  }

  async close(): Promise<void> {
    await this.#end()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end()
    const [wrong] = [...this.#forgotten, ...this.#driver.violations.map(({ message }) => message)]
    if (wrong !== undefined) throw this.#driver.withSeed(new KitError(wrong))
  }

  async #start(): Promise<void> {
    await this.#startUpstreams(this.upstreams)
    this.#running = await this.#apps[0]!.app.start({
      signals: false,
      surroundings: {
        clock: this.#appClock,
        random: seededRandom(streamSeed(this.seed, 'app')),
        network: this.network,
        observer: this.#log,
        log: warningsOnly,
      },
    })
  }

  async #startUpstreams(upstreams: readonly FakeUpstream[]): Promise<void> {
    for (const upstream of upstreams) {
      if (this.#started.has(upstream)) continue
      this.#started.add(upstream)
      await upstream.start()
    }
  }

  /** Services that no pool names: of the public internet, so that a CONNECT to them is let through as it would be there. */
  #addOutsiders(urls: readonly string[]): void {
    const inside = new Set(Array.from(this.#upstreams.keys(), (origin) => new URL(origin).hostname))
    const outside = new Set(urls.map((url) => new URL(originOf(url)).hostname))
    let last = 0
    for (const host of outside) {
      if (inside.has(host) || host === 'localhost' || host.startsWith('[') || isIP(host) !== 0) continue
      last++
      this.network.addHost(host, `93.184.${last >> 8}.${last & 0xff}`)
    }
    for (const url of urls) this.#addUpstream(url)
  }

  #addUpstream(url: string): FakeUpstream {
    const origin = originOf(url)
    const known = this.#upstreams.get(origin)
    if (known !== undefined) return known
    const { hostname, port, protocol } = new URL(origin)
    const secure = isSecure({ protocol })
    const upstream = fakeUpstream({
      network: this.network,
      clock: this.#clock,
      random: seededRandom(streamSeed(this.seed, origin)),
      host: hostname.replace(/^\[|\]$/g, ''),
      port: port === '' ? (secure ? 443 : 80) : Number(port),
      keepRequests: this.#keep,
      ...(secure ? { tls: true } : {}),
      observe: (event) => this.#journal.note('upstream', `${origin}: ${upstreamText(event)}`),
    })
    this.#upstreams.set(origin, upstream)
    return upstream
  }

  #clientAt(address: string, name: string, version?: ClientVersion): SimulatedHttp2Client {
    this.#mustRun(name)
    let client = this.#clients.get(name)
    if (client === undefined) {
      const network = this.network.from(address)
      const own = new Set<ClientConnections>()
      client = new HostedClient(
        {
          driver: this.#driver,
          ready: this.#ready,
          network,
          listenerOf: (url) => this.#listener(url, version),
          connectionsTo: (at) => {
            const found = this.#connectionsOf(address, at, version)
            own.add(found)
            return found
          },
          connections: () => own,
          opened: (raw) => this.#raw.add(raw),
        },
        name,
      )
      this.#clients.set(name, client)
    }
    return client
  }

  /** The listener at the url's port, if there is one; else the first with its scheme; else, but for `https`, the first. */
  #listener(url?: string, version?: ClientVersion): ConnectOptions | undefined {
    const asked = url === undefined || url.startsWith('/') ? null : URL.parse(url)
    const all = this.#running!.urls.map((it) => new URL(it))
    const found =
      all.find(({ port }) => asked !== null && asked.port !== '' && port === asked.port) ??
      all.find((it) => asked !== null && isSecure(it) === isSecure(asked)) ??
      (asked?.protocol === 'https:' ? undefined : all[0])
    if (found === undefined) return undefined
    const address = found.hostname.replace(/^\[|\]$/g, '')
    const host = address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '::1' : address
    const secure = isSecure(found)
    const port = found.port === '' ? (secure ? 443 : 80) : Number(found.port)
    return {
      host,
      port,
      tls: secure
        ? { servername: serverName(asked), alpn: [version === undefined ? 'http/1.1' : 'h2'] }
        : undefined,
    }
  }

  #connectionsOf(from: string, at: ConnectOptions, version: ClientVersion | undefined): ClientConnections {
    const speaks = version === undefined ? '' : `${version.windowBytes} ${version.reads}`
    const key = `${from} ${at.host}:${at.port} ${at.tls?.servername ?? ''} ${speaks}`
    let connections = this.#connections.get(key)
    if (connections === undefined) {
      connections = new ClientConnections(this.network.from(from), at, version, this.#log)
      this.#connections.set(key, connections)
    }
    return connections
  }

  async #load(plan: LoadPlan, number: number): Promise<LoadResult> {
    await this.#ready
    const at = this.#listener(undefined, plan.http2)!
    const run = new LoadRun(plan, {
      clock: this.#clock,
      random: seededRandom(streamSeed(this.seed, `load ${number}`)),
      send: (client, request, onResult) => {
        const from = plan.clients === 1 ? CLIENT : loadClient(client)
        const scheme = at.tls === undefined ? 'http' : 'https'
        const written = writeRequest('sim.load', request, `${at.host}:${at.port}`, scheme)
        return this.#connectionsOf(from, at, plan.http2).send(written, onResult, plan.keepAlive)
      },
    })
    this.#loads.add(run)
    try {
      return await run.result
    } finally {
      this.#loads.delete(run)
    }
  }

  #mustRun(what: string): void {
    if (this.#ending !== undefined)
      throw new Error(`${what}: the simulation has ended; close() or assertNoLeaks() was called before`)
  }

  /** Ends everything, once. Gives what was left. */
  #end(): Promise<string[]> {
    this.#ending ??= this.#endAll()
    return this.#ending
  }

  async #endAll(): Promise<string[]> {
    this.#forgotten = this.#driver.forgotten()
    const leaks = [...this.#forgotten]
    this.#driver.end()
    const driven = <T>(what: string, promise: Promise<T>): Promise<T> =>
      this.#driver.pending(what, promise).then((value) => value)
    try {
      try {
        await driven('sim.close()', this.#ready)
      } catch (error) {
        leaks.push(`the proxy did not start: ${error instanceof Error ? error.message : String(error)}`)
        this.#driver.forgive(error)
      }
      for (const timer of this.#timers) timer.clear()
      for (const load of this.#loads) load.stop()
      // 1. The clients leave: all work for them must end by itself.
      for (const connections of this.#connections.values()) connections.close()
      for (const raw of this.#raw) void raw.close()
      await this.#driver.advance('sim.settle()', 0)
      for (let waited = 0; this.#log.open > 0 && waited < ENDING_MS; waited += 1_000)
        await this.#driver.advance('sim.advance(1000)', 1_000)
      leaks.push(...this.#log.leaks())
      // 2. The proxy, then its services.
      if (this.#running !== undefined) await driven('sim.close()', this.#running.close())
      leaks.push(...this.#appClock.leaks())
      for (const [url, upstream] of this.#upstreams) {
        await upstream.close()
        for (const error of upstream.errors)
          leaks.push(`${url}: what the test answers went wrong: ${String(error)}`)
      }
      await this.#driver.advance('sim.settle()', 0)
      leaks.push(...this.network.leaks())
      if (leaks.length === 0 && this.#clock.pending > 0) leaks.push(`${this.#clock.pending} timers`)
    } finally {
      this.#guard.release()
    }
    leaks.push(...this.#driver.violations.map(({ message }) => message))
    return leaks
  }

  #open(): string[] {
    const open = [...this.#log.leaks(), ...this.network.leaks().map((it) => `open: ${it}`)]
    return [
      open.length === 0 ? 'Nothing is open.' : `Open: ${open.join('\n  ')}`,
      'If a filter waits with the real setTimeout, let it use exchange.clock.setTimeout.',
    ]
  }
}

/** @throws `ERR_OPTION_INVALID` */
export function checkApp(owner: string, app: SimulatedApp): void {
  if (typeof app?.start !== 'function' || !Array.isArray(app.routes))
    throw invalidOption(
      owner,
      'app',
      'a proxy that has routes, as proxy().route(...) or tcp().to(...) gives it',
      app,
    )
}

/** Every endpoint that the pools of an app name, and the pools that these fall back on. */
function endpointUrls(app: SimulatedApp): string[] {
  return [...new Set(app.routes.flatMap(({ target, uses = [] }) => [target, ...uses].flatMap(urlsOf)))]
}

function urlsOf({ endpoints = [], uses = [], fallback }: TargetDescription): string[] {
  const further = fallback === undefined ? uses : [...uses, fallback]
  return [...endpoints.map(({ url }) => url), ...further.flatMap(urlsOf)]
}

function upstreamText(event: UpstreamEvent): string {
  switch (event.kind) {
    case 'connection-opened':
      return `connection ${event.connection} opened`
    case 'connection-closed':
      return `connection ${event.connection} closed`
    case 'request':
      return `${event.method} ${event.target} ${onStream(event)}, ${event.bodyBytes} bytes`
    case 'response':
      return `${event.status} ${onStream(event)}`
    case 'stream-reset':
      return `${event.code} ${onStream(event)}`
    case 'fault':
      return `fault ${event.fault}${event.connection === undefined ? '' : ` on connection ${event.connection}`}`
  }
}

function isSecure({ protocol }: { readonly protocol: string }): boolean {
  return protocol === 'https:' || protocol === 'tls:'
}

function onStream({
  connection,
  stream,
}: {
  readonly connection: number
  readonly stream: number | undefined
}): string {
  return `on connection ${connection}${stream === undefined ? '' : `, stream ${stream}`}`
}

function originOf(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  // Of these, the parser knows no origin.
  if (parsed !== undefined && /^(?:tcp|tls):$/.test(parsed.protocol))
    return `${parsed.protocol}//${parsed.host}`
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol))
    throw invalidOption('simulate', 'url', 'an http or https url such as "http://users:8080"', url)
  return parsed.origin
}

/** RFC 6066 section 3: an address is no name of a server. */
function serverName(url: URL | null): string | undefined {
  const host = url?.hostname ?? ''
  return host === '' || host.startsWith('[') || isIP(host) !== 0 ? undefined : host
}

/** A seed for one of several streams of chance, so that what one draws does not move the others. FNV-1a. */
function streamSeed(seed: number, stream: string): number {
  let hash = 0x811c9dc5 ^ (seed | 0) ^ Math.floor(seed / 0x1_0000_0000)
  for (let i = 0; i < stream.length; i++) hash = Math.imul(hash ^ stream.charCodeAt(i), 0x01000193)
  return hash >>> 0
}

/** Addresses for benchmarks (RFC 2544): 198.18.0.0/15. */
function loadClient(number: number): string {
  return `198.${18 + (number >> 16)}.${(number >> 8) & 0xff}.${number & 0xff}`
}
