import { invalidOption } from '../core/options.ts'
import type { Runtime } from '../transport/runtime.ts'
import { Discovery } from './discovery.ts'
import type { Ejected } from './ejection.ts'
import type { Ejector } from './ejector.ts'
import type { PoolEndpoint } from './endpoint.ts'
import { EndpointDrain } from './endpoint-drain.ts'
import { EndpointMaker } from './endpoint-maker.ts'
import { type EndpointOptions, type EndpointSpec, endpointSpecs } from './endpoint-spec.ts'
import { isFit } from './health.ts'
import { type PoolDescription, usedSpecs } from './pool-description.ts'
import { PoolNews } from './pool-news.ts'
import { ServingSnapshot } from './serving-snapshot.ts'
import { Supervision } from './supervision.ts'

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
  /** Who of them may be chosen. */
  readonly snapshot: ServingSnapshot
  /** Told of ejections that were decided here. */
  onEjected: ((endpoint: PoolEndpoint, ejection: Ejected) => void) | undefined
  readonly #runtime: Runtime
  /** The one in force. */
  #description: PoolDescription
  /** In the order of the list that they were given in. A new array whenever it changes. */
  #all: readonly PoolEndpoint[]
  /** Those that are none any more, as long as attempts run on them. */
  readonly #leaving = new Set<PoolEndpoint>()
  readonly #maker: EndpointMaker
  /** What descriptions that are not in force yet bring: made, and known to nobody. */
  readonly #prepared = new Map<PoolDescription, readonly PoolEndpoint[]>()
  #phase: Phase = { kind: 'made' }
  #discovery: Discovery | undefined
  #users = 0
  #settledAt = Number.NEGATIVE_INFINITY

  constructor(description: PoolDescription, runtime: Runtime) {
    this.#description = description
    this.#runtime = runtime
    this.news = new PoolNews(description.name, runtime)
    this.#maker = new EndpointMaker(this, runtime)
    // Nothing is probed before the start, so nothing has to pass a probe.
    this.#all = this.#maker.make(usedSpecs(description.specs, description), description, false)
    this.snapshot = new ServingSnapshot(this.#all, description, this.news, runtime.random)
  }

  get name(): string {
    return this.#description.name
  }

  /** Whether an endpoint is fit to serve, as far as is known. */
  get fit(): boolean {
    return this.#phase.kind !== 'running' || this.#all.some(isFit)
  }

  /** All that the pool names. */
  get named(): readonly PoolEndpoint[] {
    return this.#all
  }

  /** All that the pool names, and behind them those that it names no more but that have something in flight. */
  get endpoints(): readonly PoolEndpoint[] {
    return [...this.#all, ...this.#leaving]
  }

  get closed(): boolean {
    return this.#phase.kind === 'closed'
  }

  /**
   * One more description has them. What it brings that they lack is made now, and counts when it is in force.
   * @throws what makers of filters throw; then nothing is left of it.
   */
  acquire(description: PoolDescription): void {
    this.#users++
    try {
      this.#maker.filters.acquire(description.endpointFilters, this.#all)
    } catch (error) {
      this.#letGo()
      throw error
    }
    try {
      this.#prepare(description)
    } catch (error) {
      this.release(description)
      throw error
    }
  }

  /** The last one that lets go of them closes them. */
  release(description: PoolDescription): void {
    this.#maker.discard(this.#takePrepared(description), description.limits)
    this.#maker.filters.release(description.endpointFilters)
    this.#letGo()
  }

  /** Begins what goes on beside exchanges. */
  start(): void {
    if (this.#phase.kind !== 'made') return
    const supervision = new Supervision(this.#description, this.#runtime, this.news, {
      judged: () => this.#publish(),
      ejected: (endpoint, ejection) => this.onEjected?.(endpoint, ejection),
      grown: () => this.snapshot.renew(supervision),
    })
    this.#phase = { kind: 'running', supervision }
    if (this.#description.health?.initial === 'unhealthy')
      for (const endpoint of this.#all) endpoint.distrust()
    for (const endpoint of this.#all) supervision.add(endpoint)
    this.#publish()
    this.#discover()
  }

  /** Another description is in force from now on. What both have goes on. */
  follow(description: PoolDescription): void {
    if (this.#phase.kind !== 'running') return
    const { limits } = this.#description
    this.#description = description
    this.snapshot.follow(description, this.#runtime.random)
    for (const endpoint of this.#all) {
      const { connect } = endpoint.spec
      endpoint.reconnect(this.#runtime.connectors.acquire(connect, description.limits))
      this.#runtime.connectors.retire(connect, limits)
    }
    const reweighted = this.#phase.supervision.follow(description)
    // A source says in its first list which of them stay.
    const replaced = description.source === undefined && this.#replacePrepared(description)
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

  /** Gives an endpoint another weight, until a list gives it one that the list before has not. */
  reweight(endpoint: PoolEndpoint, weight: number): void {
    const from = endpoint.fullWeight
    if (weight === from) return
    endpoint.reweight(weight)
    this.#all = [...this.#all]
    this.news.reweighted(endpoint, from)
    this.#publish(true)
  }

  /** What ejects endpoints; `undefined` where nothing does. */
  get ejector(): Ejector | undefined {
    return this.#phase.kind === 'running' ? this.#phase.supervision.ejector : undefined
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

  #letGo(): void {
    if (--this.#users === 0) this.#close()
  }

  #close(): void {
    this.#discovery?.close()
    if (this.#phase.kind === 'running') this.#phase.supervision.close()
    const { connectors } = this.#runtime
    for (const { spec } of this.#all) connectors.release(spec.connect, this.#description.limits)
    this.#phase = { kind: 'closed' }
    this.#all = []
    this.snapshot.close()
    this.#leaving.clear()
    this.news.feed.close()
  }

  #discover(): void {
    const { source } = this.#description
    this.#discovery =
      source &&
      new Discovery(source, this.#runtime, {
        listed: (given) => this.#listed(given),
        refused: (error) => this.news.listRefused(error),
        failed: (error, retryMs) => this.news.sourceFailed(error, retryMs),
      })
  }

  #listed(given: readonly (string | EndpointOptions)[]): void {
    let replaced: boolean
    try {
      const { protocol } = this.#runtime.connectors
      replaced = this.#replace(endpointSpecs(given, this.#description.tls, protocol))
    } catch (error) {
      this.news.listRefused(error as Error)
      return
    }
    this.#publish(replaced)
  }

  /**
   * Returns whether balancers see others than before: who they are, or a weight or zone of theirs.
   * @throws what makers of filters throw; then nothing has changed.
   */
  #replace(given: readonly EndpointSpec[], prepared: readonly PoolEndpoint[] = []): boolean {
    const specs = usedSpecs(given, this.#description)
    // 1. Whom it takes: those that are there, those that are prepared, and others that are made.
    const there = byId(this.#all)
    const missing = specs.filter((spec) => there.get(spec.id)?.isAt(spec) !== true)
    const ready = byId(prepared)
    const unprepared = missing.filter((spec) => ready.get(spec.id)?.isAt(spec) !== true)
    const made = byId(this.#maker.make(unprepared, this.#description, this.#phase.kind === 'running'))
    const added = missing.map(({ id }) => made.get(id) ?? ready.get(id)!)
    // 2. From here on it counts.
    let changed = false
    const next = new Map<string, PoolEndpoint>(added.map((endpoint) => [endpoint.id, endpoint]))
    for (const spec of specs) {
      const known = there.get(spec.id)
      if (next.has(spec.id) || known === undefined) continue
      const isProbedElsewhere = !samePlace(known.spec.probe, spec.probe)
      if (known.follow(spec)) changed = true
      if (isProbedElsewhere && this.#phase.kind === 'running') this.#phase.supervision.respecify(known)
      next.set(spec.id, known)
    }
    const removed = this.#all.filter((endpoint) => next.get(endpoint.id) !== endpoint)
    // The same ones in another order are no change: a source may well give them in whatever order it has.
    if (added.length === 0 && removed.length === 0 && !changed) return false
    this.#all = specs.map(({ id }) => next.get(id)!)
    for (const endpoint of removed) this.#remove(endpoint)
    for (const endpoint of added) this.#add(endpoint)
    return true
  }

  /** Has a description's endpoints ready that are not there, so that it can come into force whatever their filters are. */
  #prepare(description: PoolDescription): void {
    if (description === this.#description || description.source !== undefined) return
    const specs = usedSpecs(description.specs, description)
    const there = byId(this.#all)
    const missing = specs.filter((spec) => there.get(spec.id)?.isAt(spec) !== true)
    this.#prepared.set(description, this.#maker.make(missing, description, this.#phase.kind === 'running'))
  }

  #takePrepared(description: PoolDescription): readonly PoolEndpoint[] {
    const prepared = this.#prepared.get(description) ?? []
    this.#prepared.delete(description)
    return prepared
  }

  #replacePrepared(description: PoolDescription): boolean {
    const prepared = this.#takePrepared(description)
    try {
      return this.#replace(description.specs, prepared)
    } catch (error) {
      // Only where an endpoint was removed since then that this one has, and its filters cannot be made once more.
      this.news.listRefused(error as Error)
      return false
    } finally {
      this.#maker.discard(
        prepared.filter((endpoint) => !this.#all.includes(endpoint)),
        description.limits,
      )
    }
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
    if (endpoint.inFlight === 0) {
      this.#maker.filters.end(endpoint)
      return
    }
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
    else if (endpoint.admission === 'removed') this.#maker.filters.end(endpoint)
    drain.end(true)
  }

  #drained(endpoint: PoolEndpoint, cut: number): void {
    endpoint.admission = 'drained'
    this.news.drainEnded(endpoint, cut)
  }

  #publish(changed = false): void {
    if (this.#phase.kind === 'running') this.snapshot.publish(this.#all, this.#phase.supervision, changed)
  }
}

function byId(endpoints: readonly PoolEndpoint[]): Map<string, PoolEndpoint> {
  return new Map(endpoints.map((endpoint) => [endpoint.id, endpoint]))
}

function samePlace(one: EndpointSpec['probe'], other: EndpointSpec['probe']): boolean {
  return one?.host === other?.host && one?.port === other?.port
}
