import type { Candidates } from '../core/balancer.ts'
import type { Exchange } from '../core/exchange.ts'
import { invalidOption } from '../core/options.ts'
import { targetKey } from '../transport/connector-registry.ts'
import type { Runtime } from '../transport/runtime.ts'
import {
  type CandidateParts,
  candidateParts,
  type LeftOut,
  type PartRules,
  partRules,
} from './candidate-parts.ts'
import { Discovery } from './discovery.ts'
import { PoolEndpoint } from './endpoint.ts'
import { EndpointDrain } from './endpoint-drain.ts'
import { type EndpointOptions, type EndpointSpec, endpointSpecs } from './endpoint-spec.ts'
import { isFit, servingOf, UNKNOWN, UNPROVEN } from './health.ts'
import { type PoolDescription, usedSpecs } from './pool-description.ts'
import { PoolNews } from './pool-news.ts'
import { Supervision } from './supervision.ts'
import { Untried } from './untried.ts'

/** Response times fade at most this often: time is short, endpoints are many. */
const SETTLE_EVERY_MS = 100

/**
 * - `made`: all endpoints are candidates, and nothing goes on beside exchanges.
 * - `running`: the candidates are those that may be chosen, as far as is known; supervision and the source are at work.
 * - `closed`: everything is released.
 */
type Phase =
  | { readonly kind: 'made' }
  | { readonly kind: 'running'; readonly supervision: Supervision }
  | { readonly kind: 'closed' }

/**
 * The endpoints of a running pool, what is known of them, and who of them may be chosen. They outlive the description that
 * they began with: a reload that makes the pool anew goes on with them, and exchanges that began before it choose from them
 * too.
 */
export class Members {
  readonly news: PoolNews
  readonly #runtime: Runtime
  /** The one in force. */
  #description: PoolDescription
  /** In the order of the list that they were given in. A new array whenever it changes. */
  #all: readonly PoolEndpoint[]
  /** Those that are none any more, as long as attempts run on them. */
  readonly #leaving = new Set<PoolEndpoint>()
  /** The snapshot. A new array wherever its members change, since balancers keep what they made for one. */
  #candidates: Candidates
  /** What balancers choose from, an attempt at a time; `undefined` where that is always the whole snapshot. */
  #parts: CandidateParts | undefined
  #partRules: PartRules
  readonly #untried = new Untried()
  #phase: Phase = { kind: 'made' }
  /** Some have been candidates since it runs. Who comes to serve from then on begins slowly, where that is asked for. */
  #served = false
  #panic = false
  #discovery: Discovery | undefined
  #users = 0
  #settledAt = Number.NEGATIVE_INFINITY

  constructor(description: PoolDescription, runtime: Runtime) {
    this.#description = description
    this.#runtime = runtime
    this.news = new PoolNews(description.name, runtime)
    this.#all = usedSpecs(description.specs, description).map((spec) => this.#made(spec))
    for (const endpoint of this.#all) endpoint.candidate = true
    this.#candidates = this.#all
    this.#partRules = partRules(description, runtime.random)
    this.#parts = this.#partsNow()
  }

  get name(): string {
    return this.#description.name
  }

  /** Whether balancers are given parts of the candidates. */
  get inParts(): boolean {
    return this.#parts !== undefined
  }

  /** What to choose from for an attempt: those that were not tried, where one is left. */
  from(exchange: Exchange, tried: readonly PoolEndpoint[]): Candidates {
    if (this.#parts !== undefined) return this.#parts.from(exchange, tried)
    return tried.length === 0 ? this.#candidates : this.#untried.without(tried, this.#candidates)
  }

  /** All that may be chosen for an exchange, by whichever attempt. */
  servingFor(exchange: Exchange): Candidates {
    return this.#parts === undefined ? this.#candidates : this.#parts.servingFor(exchange)
  }

  /** Whether an endpoint is fit to serve, as far as is known. */
  get fit(): boolean {
    return this.#phase.kind !== 'running' || this.#all.some(isFit)
  }

  /** All that the pool names. */
  get named(): readonly PoolEndpoint[] {
    return this.#all
  }

  /** Why an endpoint is not in `from`, if that is for its tier, its zone or its labels. */
  whyLeftOut(endpoint: PoolEndpoint, exchange: Exchange, from: Candidates): LeftOut | undefined {
    return this.#parts?.whyLeftOut(endpoint, exchange, from)
  }

  /** All that the pool names, and behind them those that it names no more but that have something in flight. */
  get endpoints(): readonly PoolEndpoint[] {
    return [...this.#all, ...this.#leaving]
  }

  get closed(): boolean {
    return this.#phase.kind === 'closed'
  }

  /** One more description has them. */
  acquire(): void {
    this.#users++
  }

  /** The last one that lets go of them closes them. */
  release(): void {
    if (--this.#users === 0) this.#close()
  }

  /** Begins what goes on beside exchanges. */
  start(): void {
    if (this.#phase.kind !== 'made') return
    const supervision = new Supervision(this.#description, this.#runtime, this.news, {
      judged: () => this.#publish(),
      grown: () => this.#replaceSnapshot([...this.#candidates]),
    })
    this.#phase = { kind: 'running', supervision }
    if (this.#mustPassFirst) for (const endpoint of this.#all) endpoint.distrust()
    for (const endpoint of this.#all) supervision.add(endpoint)
    this.#publish()
    this.#discover()
  }

  /** Another description is in force from now on. What both have goes on. */
  follow(description: PoolDescription): void {
    if (this.#phase.kind !== 'running') return
    const { limits } = this.#description
    this.#description = description
    this.#partRules = partRules(description, this.#runtime.random, this.#partRules)
    for (const endpoint of this.#all) {
      const { connect } = endpoint.spec
      endpoint.reconnect(this.#runtime.connectors.acquire(connect, description.limits))
      this.#runtime.connectors.retire(connect, limits)
    }
    const reweighted = this.#phase.supervision.follow(description)
    // A source says in its first list which of them stay.
    const replaced = description.source === undefined && this.#replace(description.specs)
    this.#publish(reweighted || replaced)
    this.#discovery?.close()
    this.#discover()
  }

  /**
   * Replaces the list.
   * @throws `ERR_OPTION_INVALID`
   */
  update(given: readonly (string | EndpointOptions)[]): void {
    const { source, tls } = this.#description
    if (source !== undefined)
      throw invalidOption('pool', 'endpoints', 'left to the source of this pool', given)
    this.#publish(this.#replace(endpointSpecs(given, tls, this.#runtime.connectors.protocol)))
  }

  /** Has an endpoint chosen no more. Resolves when nothing is in flight on it; `false` where it was readmitted before. */
  drain(endpoint: PoolEndpoint, limitMs: number): Promise<boolean> {
    const begins = endpoint.admission === 'admitted'
    if (begins) {
      endpoint.admission = 'draining'
      this.news.drainBegan(endpoint)
      this.#publish()
    }
    if (endpoint.inFlight > 0) {
      // Also where it was drained: a filter of the pool may have held an attempt back until now.
      endpoint.admission = 'draining'
      return this.#awaitIdle(endpoint).wait(limitMs)
    }
    if (begins) this.#drained(endpoint, 0)
    return Promise.resolve(true)
  }

  readmit(endpoint: PoolEndpoint): void {
    if (endpoint.admission !== 'draining' && endpoint.admission !== 'drained') return
    endpoint.admission = 'admitted'
    endpoint.drain?.end(false)
    endpoint.drain = undefined
    this.news.readmitted(endpoint)
    this.#publish()
  }

  /** Lets response times fade, and gives newcomers the pool's average. */
  settle(): void {
    const now = this.#runtime.clock.now()
    if (now - this.#settledAt < SETTLE_EVERY_MS) return
    this.#settledAt = now
    let sum = 0
    let timed = 0
    for (const endpoint of this.#all) {
      if (!endpoint.timed) continue
      endpoint.settle(now, 0)
      sum += endpoint.responseTimeMs
      timed++
    }
    if (timed === 0 || timed === this.#all.length) return
    for (const endpoint of this.#all) if (!endpoint.timed) endpoint.settle(now, sum / timed)
  }

  #close(): void {
    this.#discovery?.close()
    if (this.#phase.kind === 'running') this.#phase.supervision.close()
    const { connectors } = this.#runtime
    for (const { spec } of this.#all) connectors.release(spec.connect, this.#description.limits)
    this.#phase = { kind: 'closed' }
    this.#all = []
    this.#candidates = []
    this.#leaving.clear()
    this.news.feed.close()
  }

  #discover(): void {
    const { source } = this.#description
    this.#discovery =
      source &&
      new Discovery(source, this.#runtime, {
        listed: (given) => this.#listed(given),
        failed: (error, retryMs) => this.news.sourceFailed(error, retryMs),
      })
  }

  #listed(given: readonly (string | EndpointOptions)[]): void {
    let specs: readonly EndpointSpec[]
    try {
      specs = endpointSpecs(given, this.#description.tls, this.#runtime.connectors.protocol)
    } catch (error) {
      this.news.listRefused(error as Error)
      return
    }
    this.#publish(this.#replace(specs))
  }

  /** Returns whether balancers see others than before: who they are, or a weight or zone of theirs. */
  #replace(given: readonly EndpointSpec[]): boolean {
    const specs = usedSpecs(given, this.#description)
    const before = new Map(this.#all.map((endpoint) => [endpoint.id, endpoint]))
    const added: PoolEndpoint[] = []
    let changed = false
    const next = specs.map((spec) => {
      const known = before.get(spec.id)
      if (known !== undefined && targetKey(known.spec.connect) === targetKey(spec.connect)) {
        before.delete(spec.id)
        const isProbedElsewhere = !samePlace(known.spec.probe, spec.probe)
        if (known.follow(spec)) changed = true
        if (isProbedElsewhere && this.#phase.kind === 'running') this.#phase.supervision.respecify(known)
        return known
      }
      const endpoint = this.#made(spec)
      added.push(endpoint)
      return endpoint
    })
    // The same ones in another order are no change: a source may well give them in whatever order it has.
    if (added.length === 0 && before.size === 0 && !changed) return false
    this.#all = next
    for (const endpoint of before.values()) this.#remove(endpoint)
    for (const endpoint of added) this.#add(endpoint)
    return true
  }

  /** Whether an endpoint must pass a probe before it serves. */
  get #mustPassFirst(): boolean {
    return this.#description.health?.initial === 'unhealthy'
  }

  #made(spec: EndpointSpec): PoolEndpoint {
    const connector = this.#runtime.connectors.acquire(spec.connect, this.#description.limits)
    // Nothing is probed before the start, so nothing has to pass a probe.
    const mustPass = this.#phase.kind === 'running' && this.#mustPassFirst
    return new PoolEndpoint(this, spec, connector, mustPass ? UNPROVEN : UNKNOWN)
  }

  #add(endpoint: PoolEndpoint): void {
    this.news.added(endpoint)
    if (this.#phase.kind === 'running') this.#phase.supervision.add(endpoint)
  }

  #remove(endpoint: PoolEndpoint): void {
    endpoint.admission = 'removed'
    endpoint.candidate = false
    if (this.#phase.kind === 'running') this.#phase.supervision.remove(endpoint)
    this.#runtime.connectors.retire(endpoint.spec.connect, this.#description.limits)
    this.news.removed(endpoint)
    if (endpoint.inFlight === 0) return
    this.#leaving.add(endpoint)
    this.#awaitIdle(endpoint)
  }

  #awaitIdle(endpoint: PoolEndpoint): EndpointDrain {
    endpoint.drain ??= new EndpointDrain(endpoint, this.#runtime.clock, () => this.#idle(endpoint))
    return endpoint.drain
  }

  /** The last attempt has ended on an endpoint that is chosen no more. */
  #idle(endpoint: PoolEndpoint): void {
    const drain = endpoint.drain!
    endpoint.drain = undefined
    this.#leaving.delete(endpoint)
    if (endpoint.admission === 'draining') this.#drained(endpoint, drain.cut)
    drain.end(true)
  }

  #drained(endpoint: PoolEndpoint, cut: number): void {
    endpoint.admission = 'drained'
    this.news.drainEnded(endpoint, cut)
  }

  /** Replaces the snapshot, if other endpoints may be chosen than before, or `changed` ones. */
  #publish(changed = false): void {
    if (this.#phase.kind !== 'running') return
    const parts = this.#partsNow()
    const { endpoints: serving, panic } = parts ?? servingOf(this.#all, this.#description.panicThreshold)
    // All that serve from the begin on begin alike, so none of them has to begin slowly.
    const reweighted = this.#served && this.#phase.supervision.weigh(serving)
    if (this.#all.length > 0) this.#served = true
    const before = this.#candidates
    const same = serving.length === before.length && serving.every((endpoint, i) => endpoint === before[i])
    // Loads of tiers, zones and subsets may differ although the same endpoints serve.
    if (!same || changed || reweighted || parts !== undefined || this.#parts !== undefined) {
      for (const endpoint of this.#all) endpoint.candidate = false
      for (const endpoint of serving) endpoint.candidate = true
      this.#replaceSnapshot(serving)
    }
    if (panic === this.#panic) return
    this.#panic = panic
    if (panic) this.news.panicBegan(serving.length)
    else this.news.panicEnded()
  }

  /** All of them are the snapshot of the beginning once more, so that what was made for it is still of use. */
  #replaceSnapshot(members: Candidates): void {
    const underWay = this.#phase.kind === 'running' && this.#phase.supervision.underWay
    this.#candidates = members.length === this.#all.length && !underWay ? this.#all : members
    this.#parts = this.#partsNow()
  }

  #partsNow(): CandidateParts | undefined {
    return candidateParts(this.#all, this.#partRules, this.#untried)
  }
}

function samePlace(one: EndpointSpec['probe'], other: EndpointSpec['probe']): boolean {
  return one?.host === other?.host && one?.port === other?.port
}
