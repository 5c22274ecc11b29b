import type { Endpoint, EndpointHealth } from '../core/balancer.ts'
import type { ProxyErrorCode } from '../core/errors.ts'
import type { Connector } from '../transport/connector.ts'
import type { OutgoingPolicy } from '../transport/outgoing-head.ts'
import type { EndpointSpec } from './endpoint-spec.ts'
import type { EndpointWatch } from './endpoint-watch.ts'
import { afterProbe, type Health, type Thresholds, UNKNOWN } from './health.ts'
import { PeakEwma } from './peak-ewma.ts'

/** One endpoint of a running pool: its connections, and what was counted of it. */
export class PoolEndpoint implements Endpoint {
  readonly id: string
  readonly url: string
  /** What balancers go by: less than the full weight during a slow start. Changed by the pool, with the snapshot. */
  weight: number
  readonly fullWeight: number
  readonly zone: string | undefined
  readonly connector: Connector
  readonly policy: OutgoingPolicy
  /** The pool that it is of. Another pool's endpoint of the same address is another endpoint. */
  readonly pool: object
  /** Whether it is one of the pool's candidates now. Kept by the pool, with the snapshot. */
  candidate = false
  /** Told how its attempts fare, where the pool ejects. */
  watch: EndpointWatch | undefined = undefined
  inFlight = 0
  responseTimeMs = 0
  /** Responses that were received whole. */
  successes = 0
  readonly failures: Map<ProxyErrorCode, number> = new Map()
  readonly #responseTime = new PeakEwma()
  #health: Health = UNKNOWN

  constructor(pool: object, spec: EndpointSpec, connector: Connector, policy: OutgoingPolicy) {
    this.pool = pool
    this.id = spec.id
    this.url = spec.url
    this.weight = spec.weight
    this.fullWeight = spec.weight
    this.zone = spec.zone
    this.connector = connector
    this.policy = policy
  }

  get health(): EndpointHealth {
    return this.#health.state
  }

  get ejected(): boolean {
    return this.watch !== undefined && this.watch.ejection.state === 'ejected'
  }

  /** Takes account of one more probe. Returns what its health was before. */
  judge(passed: boolean, thresholds: Thresholds): EndpointHealth {
    const before = this.#health.state
    this.#health = afterProbe(this.#health, passed, thresholds)
    return before
  }

  /** Whether its response time was ever measured. */
  get timed(): boolean {
    return !Number.isNaN(this.#responseTime.value(0))
  }

  /** Notes the time to a response head. */
  observe(ms: number, now: number): void {
    this.#responseTime.observe(ms, now)
    this.responseTimeMs = this.#responseTime.value(now)
  }

  /** Lets the response time fade to what it is now; one that was never measured is taken to be `average`. */
  settle(now: number, average: number): void {
    const value = this.#responseTime.value(now)
    this.responseTimeMs = Number.isNaN(value) ? average : value
  }

  failed(code: ProxyErrorCode): void {
    this.failures.set(code, (this.failures.get(code) ?? 0) + 1)
  }
}
