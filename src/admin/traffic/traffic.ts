import { bounded } from '../../core/bounded-text.ts'
import type { Clock } from '../../core/clock.ts'
import type { ProxyError } from '../../core/errors.ts'
import type { Exchange, Outcome } from '../../core/exchange.ts'
import type { Observer } from '../../core/observer.ts'
import type { ExchangeStatus, ExchangesStatus, FailureStatus, TrafficStatus } from '../api.ts'
import { hasFailed, reasonOf } from '../outcome-reason.ts'
import { PickSamples, type PoolDecisions } from './pick-samples.ts'
import { Recent } from './recent.ts'
import { RouteRings, type RouteTraffic } from './route-rings.ts'
import { SecondRing } from './second-ring.ts'
import type { SharedLatencies } from './shared-latencies.ts'

const RECENT_FAILURES = 100

/**
 * What goes through a proxy, as dashboard and API show it. It has no timer, and does not grow with traffic, but for the
 * exchanges that are under way.
 *
 * Requests that could not be read are no exchanges: they are among the reasons alone, and among the failures where it was not
 * the client's fault. Tunnels count, but how long they last does not.
 */
export class Traffic {
  readonly observer: Observer = {
    exchangeBegan: (exchange) => this.#began(exchange),
    exchangeEnded: (exchange, outcome) => this.#ended(exchange, outcome),
    requestRefused: (error) => this.#refused(error),
  }
  readonly #clock: Clock
  /** In the order in which they began. */
  readonly #live = new Set<Exchange>()
  readonly #seconds = new SecondRing()
  readonly #routes = new RouteRings()
  readonly #failures = new Recent<FailureStatus>(RECENT_FAILURES)
  readonly #picks = new PickSamples()
  #endedCount = 0
  #failureCount = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  status(): TrafficStatus {
    const now = this.#clock.now()
    return {
      inFlight: this.#live.size,
      total: this.#endedCount + this.#live.size,
      failures: this.#failureCount,
      seconds: this.#seconds.seconds(now, this.#clock.wallTime() - now),
      ...this.#seconds.lastMinute(now),
    }
  }

  /** What the percentiles are made of. */
  latencies(): SharedLatencies {
    const now = this.#clock.now()
    return {
      ...this.#seconds.latencies(now, this.#clock.wallTime() - now),
      routes: this.#routes.latencies(now),
    }
  }

  /** By the route's name. */
  routes(): ReadonlyMap<string, RouteTraffic> {
    const live = new Map<string, number>()
    for (const { route } of this.#live)
      if (route !== undefined) live.set(route.name, (live.get(route.name) ?? 0) + 1)
    return this.#routes.traffic(this.#clock.now(), live)
  }

  /** The latest first, at most 100. */
  failures(): readonly FailureStatus[] {
    return this.#failures.all
  }

  /** Those that are under way, the oldest first. */
  exchanges(limit: number): ExchangesStatus {
    const now = this.#clock.now()
    const epoch = this.#clock.wallTime() - now
    const exchanges: ExchangeStatus[] = []
    for (const exchange of this.#live) {
      if (exchanges.length >= limit) break
      const { id, request, client, route, endpoint, startedAt } = exchange
      exchanges.push({
        id,
        method: bounded(request.method),
        host: bounded(request.host),
        path: bounded(request.path),
        client: client.address,
        route: route?.name,
        endpoint: endpoint?.id,
        startedAt: Math.round(epoch + startedAt),
        durationMs: now - startedAt,
      })
    }
    return { total: this.#live.size, exchanges }
  }

  /** The last decisions of a pool: at most 20, of a sample of at most ten exchanges a second. */
  decisions(pool: string): PoolDecisions {
    return this.#picks.of(pool, this.#clock.now())
  }

  #began(exchange: Exchange): void {
    this.#live.add(exchange)
    this.#picks.began(exchange)
  }

  #ended(exchange: Exchange, outcome: Outcome): void {
    this.#live.delete(exchange)
    this.#picks.ended(exchange)
    const { status, durationMs } = outcome
    const atMs = exchange.startedAt + durationMs
    const failed = hasFailed(outcome)
    const reason = reasonOf(outcome)
    // What was connected through lasts as long as its ends like.
    const timed = status !== undefined && status !== 101 && exchange.request.method !== 'CONNECT'
    this.#endedCount++
    this.#seconds.count(atMs, outcome, failed, timed)
    if (exchange.route !== undefined) this.#routes.count(exchange.route.name, atMs, durationMs, failed, timed)
    if (reason !== undefined) this.#seconds.countReason(atMs, reason)
    if (failed) this.#failed(exchange, outcome)
  }

  #failed(exchange: Exchange, outcome: Outcome): void {
    const { id, request, route, endpoint } = exchange
    this.#failureCount++
    this.#failures.add({
      at: Math.round(this.#clock.wallTime()),
      id,
      method: bounded(request.method),
      path: bounded(request.path),
      route: route?.name,
      endpoint: endpoint?.id,
      status: outcome.status,
      reason: reasonOf(outcome) ?? outcome.result,
      durationMs: outcome.durationMs,
    })
  }

  #refused({ code, side, status }: ProxyError): void {
    this.#seconds.countReason(this.#clock.now(), code)
    if (side === 'downstream') return
    this.#failures.add({
      at: Math.round(this.#clock.wallTime()),
      id: undefined,
      method: undefined,
      path: undefined,
      route: undefined,
      endpoint: undefined,
      status,
      reason: code,
      durationMs: 0,
    })
  }
}
