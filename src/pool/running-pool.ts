import type { Candidates } from '../core/balancer.ts'
import { ProxyError } from '../core/errors.ts'
import { AttemptExchange, type Exchange } from '../core/exchange.ts'
import { compose, dispose, type Handler } from '../core/handler.ts'
import type { ResponseMessage } from '../core/message.ts'
import type { ProbeResult } from '../core/observer.ts'
import { withoutStack } from '../core/without-stack.ts'
import { refuseLoop } from '../transport/outgoing-head.ts'
import type { Compiled, Runtime } from '../transport/runtime.ts'
import type { EjectSettings } from './eject-options.ts'
import { Ejector } from './ejector.ts'
import { PoolEndpoint } from './endpoint.ts'
import { Fallback } from './fallback.ts'
import { isFit, servingOf } from './health.ts'
import type { HealthSettings } from './health-options.ts'
import { lastRecipientAnswer } from './max-forwards.ts'
import type { PoolDescription } from './pool-description.ts'
import { PooledAttempt } from './pooled-attempt.ts'
import { Prober } from './prober.ts'
import { type AttemptMaker, Retrier } from './retrier.ts'
import type { RetrySettings } from './retry-options.ts'
import { SlowStart } from './slow-start.ts'
import { TimedAttempt } from './timed-attempt.ts'
import { TriedExchange } from './tried-exchange.ts'
import { Untried } from './untried.ts'

/** Response times fade at most this often: time is short, endpoints are many. */
const SETTLE_EVERY_MS = 100

/** A pool that was compiled: its endpoints with their connections, health and numbers. */
export class RunningPool implements Compiled {
  readonly handler: Handler
  readonly #runtime: Runtime
  readonly #description: PoolDescription
  readonly #endpoints: readonly PoolEndpoint[]
  /** The snapshot. A new array wherever its members change, since balancers keep what they made for one. */
  #candidates: Candidates
  #started = false
  #probers: Prober[] | undefined
  #ejector: Ejector | undefined
  #slowStart: SlowStart | undefined
  readonly #viaFilters: Handler | undefined
  readonly #retrier: Retrier | undefined
  readonly #fallback: Fallback | undefined
  readonly #untried = new Untried()
  #settledAt = Number.NEGATIVE_INFINITY

  constructor(description: PoolDescription, runtime: Runtime) {
    const { specs, limits, host, xForwarded, forwarded, via, filters, retry, hedge, deadline } = description
    const { name, guards, endpointFilters, fallback } = description
    this.#description = description
    this.#runtime = runtime
    this.#endpoints = specs.map((spec) => {
      const { authority } = spec
      const shown = host === 'preserve' ? undefined : host === 'endpoint' ? authority : host
      const policy = { host: shown, authority, xForwarded, forwarded, via }
      return new PoolEndpoint(this, spec, runtime.connectors.acquire(spec.connect, limits), policy)
    })
    this.#candidates = this.#endpoints
    for (const endpoint of this.#endpoints) endpoint.candidate = true
    this.#makeEndpointFilters()
    const guarded = compose(guards, (exchange) => this.#handle(exchange))
    if (fallback !== undefined) this.#fallback = new Fallback(fallback, name, guarded, runtime)
    this.handler = this.#fallback?.handler ?? guarded
    if (filters.length > 0) {
      this.#viaFilters = compose(filters, (attempt) => this.#send(attempt, attempt.endpoint as PoolEndpoint))
    }
    if (retry !== undefined) {
      const maker: AttemptMaker = {
        candidates: () => this.#candidates,
        pick: (exchange, tried) => this.#pick(exchange, this.#without(tried)),
        send: (exchange, endpoint) => this.#send(exchange, endpoint),
        viaFilters: this.#viaFilters,
        perEndpoint: endpointFilters.length > 0,
      }
      this.#retrier = new Retrier(retry, runtime, maker, hedge, deadline)
    }
  }

  /** What is wrong with them comes to light now, and not with the first request. */
  #makeEndpointFilters(): void {
    const { endpointFilters } = this.#description
    try {
      for (const each of endpointFilters) for (const endpoint of this.#endpoints) each.of(endpoint)
    } catch (error) {
      this.#releaseEndpoints()
      throw error
    }
  }

  #releaseEndpoints(): void {
    const { specs, limits, endpointFilters } = this.#description
    for (const each of endpointFilters) for (const endpoint of this.#endpoints) each.release(endpoint)
    for (const spec of specs) this.#runtime.connectors.release(spec.connect, limits)
  }

  start(): void {
    if (this.#started) return
    this.#started = true
    this.#fallback?.start()
    const { health, eject, slowStart } = this.#description
    if (health !== undefined) this.#probers = this.#startProbers(health)
    if (eject !== undefined) this.#ejector = this.#startEjector(eject)
    // All that serve from the begin on begin alike, so none of them has to begin slowly.
    this.#publish()
    if (slowStart !== undefined)
      this.#slowStart = new SlowStart(slowStart, this.#runtime.clock, () => this.#replaceSnapshot())
  }

  close(): void {
    const { guards, filters } = this.#description
    if (this.#probers !== undefined) for (const prober of this.#probers) prober.close()
    this.#ejector?.close()
    this.#slowStart?.close()
    this.#fallback?.close()
    dispose(guards)
    dispose(filters)
    this.#releaseEndpoints()
  }

  #startProbers(health: HealthSettings): Prober[] {
    const { specs, limits, host } = this.#description
    const fixedHost = host === 'preserve' || host === 'endpoint' ? undefined : host
    return specs.map((spec, i) => {
      const endpoint = this.#endpoints[i]!
      return new Prober(spec, health, limits, fixedHost, this.#runtime, (result) =>
        this.#probed(endpoint, health, result),
      )
    })
  }

  #startEjector(eject: EjectSettings): Ejector {
    const { observer } = this.#runtime
    return new Ejector(eject, this.#endpoints, this.#runtime, {
      ejected: (endpoint, reason, lastsMs) => {
        this.#publish()
        observer?.ejected?.(endpoint, reason, lastsMs)
      },
      restored: (endpoint) => {
        this.#publish()
        observer?.restored?.(endpoint)
      },
    })
  }

  #handle(exchange: Exchange): Promise<ResponseMessage> | ResponseMessage {
    const { via } = this.#description
    if (via !== undefined) refuseLoop(exchange.request.headers, via)
    const answer = lastRecipientAnswer(exchange.request)
    if (answer !== undefined) return answer
    if (this.#retrier !== undefined) return this.#retrier.serve(exchange)
    const endpoint = this.#pick(exchange, this.#candidates)
    if (this.#viaFilters === undefined) {
      exchange.endpoint = endpoint
      return this.#send(exchange, endpoint)
    }
    return this.#viaFilters(new AttemptExchange(exchange, endpoint))
  }

  #send(exchange: Exchange, endpoint: PoolEndpoint): Promise<ResponseMessage> {
    return new Promise((resolve, reject) => {
      if (exchange.abortReason !== undefined || exchange.over) {
        reject(exchange.abortReason ?? new ProxyError('exchange_aborted', { detail: 'it is over' }))
        return
      }
      const { retry } = this.#description
      endpoint.connector.send(
        retry === undefined
          ? new PooledAttempt(exchange, exchange.request, endpoint, this.#runtime, resolve, reject)
          : this.#retryableAttempt(retry, exchange, endpoint, resolve, reject),
      )
    })
  }

  #retryableAttempt(
    { perAttemptMs }: RetrySettings,
    exchange: Exchange,
    endpoint: PoolEndpoint,
    resolve: (response: ResponseMessage) => void,
    reject: (error: ProxyError) => void,
  ): PooledAttempt {
    const attempt =
      perAttemptMs === Number.POSITIVE_INFINITY
        ? new PooledAttempt(exchange, exchange.request, endpoint, this.#runtime, resolve, reject)
        : new TimedAttempt(exchange, endpoint, this.#runtime, perAttemptMs, resolve, reject)
    if (exchange instanceof TriedExchange) exchange.began(attempt)
    return attempt
  }

  #without(tried: readonly PoolEndpoint[]): Candidates {
    return tried.length === 0 ? this.#candidates : this.#untried.without(tried, this.#candidates)
  }

  #pick(exchange: Exchange, candidates: Candidates): PoolEndpoint {
    if (candidates.length === 0) throw withoutStack(() => new ProxyError('no_endpoint'))
    this.#settle()
    const picked = this.#description.balancer(candidates, exchange, this.#runtime.random)
    // By marks on the endpoint, not by a look-up in this array: so any part of the candidates can be chosen from as well.
    if (picked instanceof PoolEndpoint && picked.pool === this && picked.candidate) return picked
    throw new TypeError(`the balancer of ${this.#description.name} must return one of its candidates`)
  }

  #probed(endpoint: PoolEndpoint, health: HealthSettings, result: ProbeResult): void {
    const { observer } = this.#runtime
    const before = endpoint.judge(result.passed, health)
    observer?.probed?.(endpoint, result)
    if (endpoint.health === before) return
    this.#publish()
    observer?.healthChanged?.(endpoint, before, endpoint.health, result.reason)
  }

  /** Replaces the snapshot, if other endpoints serve now than before, or with other weights. */
  #publish(): void {
    const { health, panicThreshold } = this.#description
    const initial = health?.initial ?? 'healthy'
    const serving = servingOf(this.#endpoints, initial, panicThreshold)
    const reweighted = this.#slowStart !== undefined && this.#slowDown(this.#slowStart, serving, initial)
    const before = this.#candidates
    const same = serving.length === before.length && serving.every((endpoint, i) => endpoint === before[i])
    if (same && !reweighted) return
    for (const endpoint of this.#endpoints) endpoint.candidate = false
    for (const endpoint of serving) endpoint.candidate = true
    this.#replaceSnapshot(serving)
  }

  /** Begins slow starts, and ends them where an endpoint is unfit. Returns whether candidates have another weight for that. */
  #slowDown(
    slowStart: SlowStart,
    serving: readonly PoolEndpoint[],
    initial: HealthSettings['initial'],
  ): boolean {
    let reweighted = false
    for (const endpoint of this.#endpoints)
      if (!isFit(endpoint, initial) && slowStart.end(endpoint)) reweighted = true
    // One that was a candidate already, in a panic, has had its share of the load.
    for (const endpoint of serving)
      if (!endpoint.candidate && isFit(endpoint, initial)) slowStart.begin(endpoint)
    return reweighted
  }

  /** All of them are the snapshot of the beginning once more, so that what was made for it is still of use. */
  #replaceSnapshot(members: Candidates = [...this.#candidates]): void {
    const isFirst = members.length === this.#endpoints.length && this.#slowStart?.underWay !== true
    this.#candidates = isFirst ? this.#endpoints : members
  }

  /** Lets response times fade, and gives newcomers the pool's average. */
  #settle(): void {
    const now = this.#runtime.clock.now()
    if (now - this.#settledAt < SETTLE_EVERY_MS) return
    this.#settledAt = now
    let sum = 0
    let timed = 0
    for (const endpoint of this.#endpoints) {
      if (!endpoint.timed) continue
      endpoint.settle(now, 0)
      sum += endpoint.responseTimeMs
      timed++
    }
    if (timed === 0 || timed === this.#endpoints.length) return
    for (const endpoint of this.#endpoints) if (!endpoint.timed) endpoint.settle(now, sum / timed)
  }
}
