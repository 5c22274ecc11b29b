import { type Clock, systemClock } from '../../core/clock.ts'
import type { Wire } from '../../core/network.ts'
import { durationMs, invalidOption, knownOptions } from '../../core/options.ts'
import { nodeNetwork } from '../../transport/network.ts'
import { seededRandom } from '../seeded-random.ts'
import type { ConnectionHost, HttpVersions } from './connection-host.ts'
import type { Distribution } from './distribution.ts'
import { Downtime } from './downtime.ts'
import { type GrpcAnswer, type GrpcServingStatus, grpcAnswer, grpcRoute, healthAnswer } from './fake-grpc.ts'
import type { FakeAnswer, FakeReply } from './fake-reply.ts'
import type { FakeRequest, ReceivedRequest } from './fake-request.ts'
import type { FakeHttp2Options, FakeUpstream, FakeUpstreamOptions, Outage } from './fake-upstream.ts'
import { checkedWebSocket, type FakeWebSocket, webSocketReply } from './fake-websocket.ts'
import type { Fault, FaultRule, Injection } from './fault.ts'
import { alpnOf, versionsOf } from './http-versions.ts'
import { type TlsCredentials, TlsListener } from './tls-listener.ts'
import { localhostCertificate } from './upstream-certificate.ts'
import { UpstreamConnection } from './upstream-connection.ts'
import type { UpstreamEvent } from './upstream-event.ts'
import { checkedRule, FaultRules, type RequestFaults } from './upstream-faults.ts'
import { UpstreamListener } from './upstream-listener.ts'
import { type FoundAnswers, UpstreamRoutes } from './upstream-routes.ts'
import { type Capacity, ServiceModel, type SlowStart } from './upstream-service.ts'

/** @internal The upstream that `fakeUpstream` makes: listener, connections, routes, faults and service model in one. */
export class ScriptedUpstream implements FakeUpstream, ConnectionHost {
  readonly requests: FakeRequest[] = []
  readonly errors: unknown[] = []
  readonly clock: Clock
  readonly observe: ((event: UpstreamEvent) => void) | undefined
  readonly certificate: string | undefined
  readonly service: ServiceModel
  versions: HttpVersions = versionsOf(true)
  readonly #host: string
  readonly #keepRequests: number
  readonly #tls: TlsListener | undefined
  readonly #listener: UpstreamListener
  readonly #routes: UpstreamRoutes = new UpstreamRoutes()
  readonly #faults: FaultRules
  readonly #downtimes = new Set<Downtime>()
  readonly #open = new Set<UpstreamConnection>()
  #totalConnections = 0
  #totalRequests = 0
  #paused = false
  /** What goes on when it is not paused any more. */
  #held: (() => void)[] = []
  #watchers: (() => boolean)[] = []

  constructor(options: FakeUpstreamOptions) {
    const { clock = systemClock, random = seededRandom(1), host = '127.0.0.1', port = 0 } = options
    this.clock = clock
    this.observe = options.observe
    this.#host = host
    this.#keepRequests = options.keepRequests ?? Number.POSITIVE_INFINITY
    const credentials = credentialsOf(options)
    this.certificate =
      credentials === undefined ? undefined : Buffer.from(credentials.cert).toString('latin1')
    this.service = new ServiceModel({ clock, random, whenRunning: (goOn) => this.#whenRunning(goOn) })
    this.#faults = new FaultRules({ clock, random, observe: options.observe })
    this.#tls =
      options.socket === true && credentials !== undefined
        ? new TlsListener(credentials, () => alpnOf(this.versions))
        : undefined
    this.#listener = new UpstreamListener({
      network: options.network ?? this.#tls ?? nodeNetwork,
      host,
      port,
      alpn: () => alpnOf(this.versions),
      accepts: () => !this.#faults.hitsConnection('refuse', 0),
      onWire: (wire) => this.#accept(wire),
      onError: (error) => this.onError(error),
    })
  }

  on(route: string, ...answers: readonly [FakeAnswer, ...FakeAnswer[]]): this {
    this.#routes.on(route, answers)
    return this
  }

  reply(...answers: readonly [FakeAnswer, ...FakeAnswer[]]): this {
    this.#routes.otherwise(answers)
    return this
  }

  websocket(path: string, handler?: FakeWebSocket | FakeWebSocket['message']): this {
    const socket = checkedWebSocket(handler)
    const answer = (request: FakeRequest): FakeReply => webSocketReply(request, socket)
    return this.on(`GET ${path}`, answer).on(`CONNECT ${path}`, answer)
  }

  grpc(method: string, ...answers: readonly [GrpcAnswer, ...GrpcAnswer[]]): this {
    this.#routes.on(grpcRoute(method), answers.map(grpcAnswer))
    return this
  }

  grpcHealth(
    status: GrpcServingStatus | ((service: string) => GrpcServingStatus | undefined) = 'SERVING',
  ): this {
    return this.grpc('/grpc.health.v1.Health/Check', healthAnswer(status))
  }

  inject(fault: Fault, rule: FaultRule = {}): Injection {
    const canRefuseOne = this.#listener.asked
    const checked = checkedRule('fakeUpstream.inject', fault, rule, { now: this.clock.now(), canRefuseOne })
    if (fault.kind !== 'refuse' || canRefuseOne) return this.#faults.inject(fault, checked)
    let unblock = (): void => {}
    return this.#down(checked.afterMs, checked.lastsMs, undefined, {
      onBegin: () => {
        unblock = this.#listener.block()
      },
      onEnd: () => unblock(),
    })
  }

  outage(outage: Outage): Injection {
    const owner = 'fakeUpstream.outage'
    knownOptions(owner, outage, ['after', 'lasts', 'every'])
    const { after = 0, lasts, every } = outage
    const afterMs = durationMs(owner, 'after', after)
    const lastsMs = durationMs(owner, 'lasts', lasts)
    const everyMs = every === undefined ? undefined : durationMs(owner, 'every', every)
    if (everyMs !== undefined && everyMs <= lastsMs)
      throw invalidOption(owner, 'every', 'longer than "lasts"', every)
    let unblock = (): void => {}
    return this.#down(afterMs, lastsMs, everyMs, {
      onBegin: () => {
        unblock = this.#listener.block()
        this.service.stopped()
        this.resetConnections()
      },
      onEnd: () => {
        unblock()
        this.service.started()
      },
    })
  }

  clearFaults(): void {
    this.#faults.clear()
    for (const downtime of this.#downtimes) downtime.remove()
  }

  http2(given: boolean | 'only' | FakeHttp2Options): this {
    this.versions = versionsOf(given)
    return this
  }

  latency(distribution: Distribution): this {
    this.service.latency(distribution)
    return this
  }

  capacity(capacity: Capacity): this {
    this.service.capacity(capacity)
    return this
  }

  slowStart(slowStart: SlowStart): this {
    this.service.slowStart(slowStart)
    return this
  }

  get busy(): number {
    return this.service.busy
  }

  get queued(): number {
    return this.service.queued
  }

  async start(): Promise<this> {
    await this.#listener.start()
    this.service.started()
    return this
  }

  async close(): Promise<void> {
    const stopped = this.#listener.close()
    for (const downtime of this.#downtimes) downtime.remove()
    this.service.stopped()
    this.resume()
    await stopped
    this.#tls?.abandon()
    const closed = Array.from(this.#open, (connection) => connection.closed)
    for (const connection of this.#open) connection.destroy()
    await Promise.all(closed)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  pause(): void {
    this.#paused = true
    for (const connection of this.#open) connection.pause()
  }

  resume(): void {
    this.#paused = false
    for (const connection of this.#open) connection.resume()
    for (const goOn of this.#held.splice(0)) goOn()
  }

  get paused(): boolean {
    return this.#paused
  }

  resumed(): Promise<void> {
    return new Promise((resolve) => this.#whenRunning(resolve))
  }

  resetConnections(): void {
    for (const connection of this.#open) connection.reset()
  }

  when(condition: (upstream: this) => boolean): Promise<void> {
    if (condition(this)) return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.#watchers.push(() => {
        try {
          if (!condition(this)) return false
          resolve()
        } catch (error) {
          reject(error)
        }
        return true
      })
    })
  }

  get url(): string {
    const scheme = this.certificate === undefined ? 'http' : 'https'
    return `${scheme}://${this.#host.includes(':') ? `[${this.#host}]` : this.#host}:${this.port}`
  }

  get port(): number {
    const { port } = this.#listener
    if (port === undefined) throw new Error('fakeUpstream: it has no port; call start() first')
    return port
  }

  get totalRequests(): number {
    return this.#totalRequests
  }

  get connections(): number {
    return this.#open.size
  }

  get totalConnections(): number {
    return this.#totalConnections
  }

  faultsOf({ method, path, connection, stream }: ReceivedRequest): RequestFaults | undefined {
    return this.#faults.forRequest(method, path, connection, stream === undefined ? 1 : 2)
  }

  answersFor({ method, path }: ReceivedRequest): FoundAnswers {
    return this.#routes.find(method, path)
  }

  onRequest(request: ReceivedRequest): void {
    this.#totalRequests++
    if (this.#keepRequests > 0) this.requests.push(request)
    if (this.requests.length > this.#keepRequests) this.requests.shift()
    const { connection, stream, method, target, body, complete } = request
    if (complete)
      this.observe?.({ kind: 'request', connection, stream, method, target, bodyBytes: body.length })
    this.#changed()
  }

  onError(error: unknown): void {
    this.errors.push(error)
  }

  onClosed(connection: UpstreamConnection): void {
    this.#open.delete(connection)
    this.observe?.({ kind: 'connection-closed', connection: connection.number })
    this.#changed()
  }

  #accept(wire: Wire): void {
    const number = ++this.#totalConnections
    const connection = new UpstreamConnection(this, wire, number)
    this.#open.add(connection)
    this.observe?.({ kind: 'connection-opened', connection: number })
    if (this.#faults.hitsConnection('accept-and-stall', number)) connection.stall()
    else connection.begin()
    this.#changed()
  }

  #down(
    afterMs: number,
    lastsMs: number,
    everyMs: number | undefined,
    on: { readonly onBegin: () => void; readonly onEnd: () => void },
  ): Injection {
    const onOver = (over: Downtime): void => {
      this.#downtimes.delete(over)
    }
    const downtime = new Downtime({ clock: this.clock, afterMs, lastsMs, everyMs, ...on, onOver })
    this.#downtimes.add(downtime)
    downtime.start()
    return downtime
  }

  #whenRunning(goOn: () => void): void {
    if (this.#paused) this.#held.push(goOn)
    else goOn()
  }

  #changed(): void {
    if (this.#watchers.length > 0) this.#watchers = this.#watchers.filter((settled) => !settled())
  }
}

function credentialsOf({ tls, socket }: FakeUpstreamOptions): TlsCredentials | undefined {
  if (tls === undefined) return undefined
  if (tls === true) return localhostCertificate()
  const owner = 'fakeUpstream'
  if (socket !== true || typeof tls !== 'object' || tls === null)
    throw invalidOption(owner, 'tls', socket === true ? 'true, or { key, cert }' : 'true, or left out', tls)
  knownOptions(owner, tls, ['key', 'cert'])
  for (const name of ['key', 'cert'] as const) {
    if (typeof tls[name] !== 'string' && !(tls[name] instanceof Uint8Array))
      throw invalidOption(owner, `tls.${name}`, 'PEM, as text or bytes', tls[name])
  }
  return tls
}
