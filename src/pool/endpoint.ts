import type { EndpointHealth } from '../core/balancer.ts'
import type { ProxyErrorCode } from '../core/errors.ts'
import { type Labels, sameLabels } from '../core/labels.ts'
import type { ObservedEndpoint } from '../core/observer.ts'
import type { Connector } from '../transport/connector.ts'
import { targetKey } from '../transport/connector-registry.ts'
import type { OutgoingPolicy } from '../transport/outgoing-head.ts'
import type { EndpointDrain } from './endpoint-drain.ts'
import type { EndpointSpec } from './endpoint-spec.ts'
import type { Admission, Kept } from './endpoint-state.ts'
import type { EndpointWatch } from './endpoint-watch.ts'
import { afterProbe, type Health, type Thresholds, UNKNOWN, UNPROVEN } from './health.ts'
import { PeakEwma } from './peak-ewma.ts'
import type { PoolDescription } from './pool-description.ts'

/**
 * One endpoint of a running pool: its connections, and what was counted of it. It is the same object as long as the pool
 * names it, whatever else of the pool's description changes.
 */
export class PoolEndpoint implements ObservedEndpoint, Kept {
  readonly id: string
  readonly url: string
  /** The members that it is one of. Another pool's endpoint of the same address is another endpoint. */
  readonly members: { readonly name: string }
  /** What balancers go by: less than the full weight during a slow start. Changed by its members, with the snapshot. */
  weight: number
  fullWeight: number
  zone: string | undefined
  priority: number
  labels: Labels
  standsFor: number
  spec: EndpointSpec
  /** What new attempts are sent by. */
  connector: Connector
  /** Those from before a reload that changed the pool's limits, while attempts run on them. */
  #former: Connector[] = []
  /** Whether whoever steers the pool lets it be chosen. */
  admission: Admission = 'admitted'
  /** Whether it is one of the pool's candidates now. Kept by its members, with the snapshot. */
  candidate = false
  /** Told how its attempts fare, where the pool ejects. */
  watch: EndpointWatch | undefined = undefined
  /** Whoever waits for the last attempt to end. */
  drain: EndpointDrain | undefined = undefined
  inFlight = 0
  responseTimeMs = 0
  /** Responses that were received whole. */
  successes = 0
  readonly failures: Map<ProxyErrorCode, number> = new Map()
  readonly #responseTime = new PeakEwma()
  #health: Health
  #description: PoolDescription | undefined
  #policy: OutgoingPolicy | undefined

  constructor(members: { readonly name: string }, spec: EndpointSpec, connector: Connector, health: Health) {
    this.members = members
    this.id = spec.id
    this.url = spec.url
    this.spec = spec
    this.weight = spec.weight
    this.fullWeight = spec.weight
    this.zone = spec.zone
    this.priority = spec.priority
    this.labels = spec.labels
    this.standsFor = spec.standsFor
    this.connector = connector
    this.#health = health
  }

  get pool(): string {
    return this.members.name
  }

  /** Whether a spec of its id is about it, rather than about another one that is to take its place. */
  isAt({ connect }: EndpointSpec): boolean {
    return targetKey(connect) === targetKey(this.spec.connect)
  }

  /** Takes over what may change of it. Returns whether balancers see another endpoint than before. */
  follow(spec: EndpointSpec): boolean {
    const { zone, priority, labels, standsFor } = spec
    // A list that says the same of it as the one before says nothing against what `reweight` has set since.
    const weight = spec.weight === this.spec.weight ? this.fullWeight : spec.weight
    this.spec = spec
    if (
      weight === this.fullWeight &&
      zone === this.zone &&
      priority === this.priority &&
      standsFor === this.standsFor &&
      sameLabels(labels, this.labels)
    )
      return false
    this.reweight(weight)
    this.zone = zone
    this.priority = priority
    this.labels = labels
    this.standsFor = standsFor
    return true
  }

  /** Gives it another full weight. A slow start goes on where it is. */
  reweight(weight: number): void {
    this.weight = weight * (this.weight / this.fullWeight)
    this.fullWeight = weight
  }

  /** Sends new attempts by another connector. */
  reconnect(connector: Connector): void {
    if (connector === this.connector) return
    this.#former = [...this.#former, this.connector].filter(({ attempts }) => attempts.length > 0)
    this.connector = connector
  }

  /** All that attempts run on. */
  get connectors(): readonly Connector[] {
    return [this.connector, ...this.#former]
  }

  /**
   * How a pool of this description writes requests to it. The last one is kept: there is a second description only while
   * exchanges run that began before a reload.
   */
  policyOf(description: PoolDescription): OutgoingPolicy {
    if (this.#description === description) return this.#policy!
    const { host, xForwarded, forwarded, via } = description
    const { authority } = this.spec
    const shown = host === 'preserve' ? undefined : host === 'endpoint' ? authority : host
    this.#description = description
    this.#policy = { host: shown, authority, xForwarded, forwarded, via }
    return this.#policy
  }

  get health(): EndpointHealth {
    return this.#health.state
  }

  get ejected(): boolean {
    return this.watch !== undefined && this.watch.ejection.state === 'ejected'
  }

  get unproven(): boolean {
    return this.#health.state === 'unknown' && !this.#health.trusted
  }

  get warming(): boolean {
    return this.weight < this.fullWeight
  }

  /** It must pass a probe before it serves. */
  distrust(): void {
    if (this.#health.state === 'unknown') this.#health = UNPROVEN
  }

  /** Nobody probes it any more: what the last probe has found would stand for ever. */
  forgetHealth(): void {
    this.#health = UNKNOWN
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
