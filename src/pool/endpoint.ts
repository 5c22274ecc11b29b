import type { Candidates, Endpoint } from '../core/balancer.ts'
import type { ProxyErrorCode } from '../core/errors.ts'
import type { Connector } from '../transport/connector.ts'
import type { OutgoingPolicy } from '../transport/outgoing-head.ts'
import type { EndpointSpec } from './endpoint-spec.ts'
import { PeakEwma } from './peak-ewma.ts'

/** One endpoint of a running pool: its connections, and what was counted of it. */
export class PoolEndpoint implements Endpoint {
  readonly id: string
  readonly url: string
  readonly weight: number
  readonly zone: string | undefined
  readonly connector: Connector
  readonly policy: OutgoingPolicy
  /** The snapshot it was last part of: what a balancer may choose from. */
  candidates: Candidates | undefined = undefined
  inFlight = 0
  responseTimeMs = 0
  /** Responses that were received whole. */
  successes = 0
  readonly failures: Map<ProxyErrorCode, number> = new Map()
  readonly #responseTime = new PeakEwma()

  constructor(spec: EndpointSpec, connector: Connector, policy: OutgoingPolicy) {
    this.id = spec.id
    this.url = spec.url
    this.weight = spec.weight
    this.zone = spec.zone
    this.connector = connector
    this.policy = policy
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
