import * as balancers from '../balancers/index.ts'
import type { Balancer } from '../core/balancer.ts'
import { assertFilter, type Filter } from '../core/handler.ts'
import { invalidOption } from '../core/options.ts'
import { type CallTarget, usedBy } from '../core/target.ts'
import type { EndpointProtocol } from '../transport/endpoint-protocol.ts'
import {
  type Compilable,
  type Compiled,
  describeTarget,
  describeUses,
  type Runtime,
  type Target,
  type TargetDescription,
} from '../transport/runtime.ts'
import { type ApertureOptions, apertureSettings } from './aperture.ts'
import { type DeadlineOptions, deadlineSettings } from './deadline-options.ts'
import { describeLimits, describeResilience } from './describe-resilience.ts'
import { type EjectOptions, ejectSettings } from './eject-options.ts'
import { type EndpointFilter, EndpointFilters } from './endpoint-filters.ts'
import type { EndpointSource } from './endpoint-source.ts'
import type { EndpointOptions } from './endpoint-spec.ts'
import { type FallbackOptions, fallbackSettings } from './fallback-options.ts'
import { type HealthOptions, healthSettings } from './health-options.ts'
import { type HedgeOptions, hedgeSettings } from './hedge-options.ts'
import { describePool, type PoolDescription, type PoolOptions, usedSpecs } from './pool-description.ts'
import {
  CONNECT_AGAIN,
  looksAtResponses,
  ONE_ATTEMPT,
  type RetryOptions,
  retrySettings,
} from './retry-options.ts'
import { RunningPool } from './running-pool.ts'
import { type SlowStartOptions, slowStartSettings } from './slow-start.ts'
import { type SubsetOptions, type SubsetSelector, subsetSettings } from './subset.ts'
import { type PreferZoneOptions, zoneSettings } from './zone.ts'

/**
 * Makes a pool: endpoints that are used as one handler.
 *
 * They are a list, which `update` of the running pool's handle replaces; or a source that gives lists while the proxy runs.
 * A pool with a source has no endpoint before the first list: until then it answers 503 `no_endpoint`. A source that fails is
 * called again, a list with a wrong entry is refused, and the list before stays; both are events of the handle, and a line on
 * standard error. `handler()` and `explain()` call no source.
 *
 * @example
 * pool(['http://u1:8080', { url: 'http://u2:8080', weight: 3 }]).leastResponseTime()
 *
 * @throws `ERR_OPTION_INVALID` for an address that is none, a weight that is not positive, an unknown option.
 */
export function pool(
  endpoints: readonly (string | EndpointOptions)[] | EndpointSource,
  options: PoolOptions = {},
): Pool {
  return new Pool(endpoints, options)
}

/** A description: each method returns a new one, and nothing is opened before the proxy starts. */
export class Pool implements Compilable {
  readonly #description: PoolDescription

  /** @internal Use `pool()`. */
  constructor(
    endpoints: readonly (string | EndpointOptions)[] | EndpointSource | PoolDescription,
    options?: PoolOptions,
  ) {
    this.#description = isDescription(endpoints) ? endpoints : describePool(endpoints, options ?? {})
  }

  /** Runs a filter around every attempt, with a request head of its own. `exchange.endpoint` is the one that was picked. */
  use(...filters: Filter[]): Pool {
    for (const filter of filters) assertFilter('pool.use', filter)
    return this.#with({ filters: [...this.#description.filters, ...filters] })
  }

  /**
   * Runs around every attempt a filter of its endpoint's own, which is made once for each endpoint: so a limit or a circuit
   * breaker has one state for each. It takes its place among the filters of `use`, in the order in which they are written.
   *
   * What such a filter refuses with `overloaded` or `circuit_open`, before anything was sent, goes to another endpoint at
   * once, as long as there is one that was not tried, at most ten times for a request. It is no attempt of `retry`, costs
   * nothing of its budget, and is not counted against the endpoint by `eject`. When all refuse, the last one's answer stands.
   *
   * For an endpoint that fails, `eject` is better: it takes the endpoint out of the candidates, so that balancers know.
   *
   * @example pool(['http://u1:8080', 'http://u2:8080']).useEach(() => concurrencyLimit({ limit: 50 }))
   *
   * @throws `ERR_OPTION_INVALID` for what is no function. What the function throws, the start of the proxy throws.
   */
  useEach(make: EndpointFilter): Pool {
    const { filters, endpointFilters, retry } = this.#description
    const each = new EndpointFilters(make)
    return this.#with({
      filters: [...filters, each.filter],
      endpointFilters: [...endpointFilters, each],
      retry: retry ?? ONE_ATTEMPT,
    })
  }

  /**
   * Runs a filter around the pool as a whole: once for each exchange, outside of `retry`, `hedge` and `deadline`, and
   * whichever route names the pool. So a circuit breaker or a limit that stands here has one state for the pool. Several run
   * in the order in which they are written, outermost first.
   *
   * Trap: another pool that is made of this one has the same filters, and so the same state: name the pool once, and give
   * that name to each route.
   *
   * @example
   * const users = pool(['http://u1:8080', 'http://u2:8080']).guard(concurrencyLimit({ limit: 100 }), circuitBreaker())
   * proxy().route('/users', users).route('/admin/users', requireAdmin, users)
   *
   * @throws `ERR_OPTION_INVALID` for what is no function.
   */
  guard(...filters: Filter[]): Pool {
    for (const filter of filters) assertFilter('pool.guard', filter)
    return this.#with({ guards: [...this.#description.guards, ...filters] })
  }

  /** Chooses by a function of your own, or one from `gatewright/balancers`. */
  balance(balancer: Balancer): Pool {
    if (typeof balancer !== 'function')
      throw invalidOption(
        'pool',
        'balancer',
        'a function (candidates, exchange, random) => endpoint',
        balancer,
      )
    return this.#with({ balancer })
  }

  /** One after the other, by weight. The default. */
  roundRobin(): Pool {
    return this.balance(balancers.roundRobin())
  }

  /** One after the other, by weight, spread as evenly as can be. */
  weightedRoundRobin(): Pool {
    return this.balance(balancers.weightedRoundRobin())
  }

  /** By chance, by weight. */
  random(): Pool {
    return this.balance(balancers.random())
  }

  /** The less loaded of two taken by chance. */
  powerOfTwoChoices(): Pool {
    return this.balance(balancers.powerOfTwoChoices())
  }

  /** The one with the fewest exchanges in flight, by weight. */
  leastConnections(): Pool {
    return this.balance(balancers.leastConnections())
  }

  /** The one expected to answer soonest, by its smoothed response time and its queue. */
  leastResponseTime(): Pool {
    return this.balance(balancers.leastResponseTime())
  }

  /** The same endpoint for the same key, on a ring with bounded load. */
  consistentHash(options?: balancers.ConsistentHashOptions): Pool {
    return this.balance(balancers.consistentHash(options))
  }

  /** The same endpoint for the same key, by Maglev's table. */
  maglev(options?: balancers.MaglevOptions): Pool {
    return this.balance(balancers.maglev(options))
  }

  /** The same endpoint for the same key, by the highest score. */
  rendezvous(options?: balancers.RendezvousOptions): Pool {
    return this.balance(balancers.rendezvous(options))
  }

  /**
   * Probes every endpoint, from the start of the proxy to its end, and lets only healthy ones be chosen. A probe is an HTTP
   * request (`path`); with `type: 'tcp'` a connection, and what comes on it where `expect` says so; with `type: 'grpc'` a
   * call of `grpc.health.v1.Health/Check`.
   *
   * The first probe of an endpoint decides alone whether it is healthy; after that it takes `fall` failures in a row until
   * it is not, and `rise` passes in a row until it is again. When no endpoint is healthy, all that were found unhealthy are
   * candidates again: then the probes are as likely to be wrong as the services.
   *
   * Each probe makes a new connection and closes it, so that it meets what a new client would: name, accept, certificate.
   * `handler()` and `explain()` start nothing; there, every endpoint is a candidate.
   *
   * @example
   * pool(['http://u1:8080', 'http://u2:8080']).health({ path: '/healthz', intervalMs: '5s', rise: 2, fall: 3 })
   * pool(['http://u1:8080']).health({ type: 'tcp', port: 6379, send: 'PING\r\n', expect: '+PONG' })
   *
   * Trap of `tcp`: a connection that is made shows that something accepts it, perhaps only the machine's kernel.
   *
   * @throws `ERR_OPTION_INVALID` for an option that is wrong.
   */
  health(options: HealthOptions): Pool {
    return this.#with({ health: healthSettings(options) })
  }

  /**
   * Leaves an endpoint alone for a time when its own traffic shows that it fails: in a row (`consecutiveErrors`,
   * `consecutiveConnectFailures`), much more often than the others (`successRate`), or most of the time
   * (`failurePercentage`); or that it is much slower than the others (`latency`). An endpoint serves while it is healthy and not ejected.
   *
   * Failures are errors of the upstream's side and responses of a status in `statuses`. A client that leaves never counts,
   * nor do the pool's own limits. The first ejection lasts for `ejectMs`, the second in a row twice as long, and so on; one
   * is forgiven for every `ejectMs` served well. At most the share `maxEjected` of the pool is ejected at a time. This is
   * Envoy's outlier detection, with its numbers. `handler()` and `explain()` eject nothing.
   *
   * Trap: only a request that failed shows that an endpoint fails. For those, see `retry`.
   *
   * @example
   * pool(['http://u1:8080', 'http://u2:8080']).leastConnections().eject({ consecutiveErrors: 5, ejectMs: '30s' })
   *
   * @throws `ERR_OPTION_INVALID` for an option that is wrong.
   */
  eject(options: EjectOptions = {}): Pool {
    return this.#with({ eject: ejectSettings(options) })
  }

  /**
   * Gives an endpoint that comes to serve later than the pool's start, or again, a tenth of its weight, and lets that grow
   * to all of it: a service that has just started is slow, and a full share of the load would drown it.
   *
   * The weight after `t` of `lastsMs` is `(t / lastsMs) ** (1 / aggression)` of the full one, in 20 steps, as Envoy's
   * `slow_start_config` has it. Balancers see it as `endpoint.weight`, each time in a new snapshot of the candidates.
   *
   * Trap: a balancer that ignores weights ignores this as well.
   *
   * @example
   * pool(['http://u1:8080', 'http://u2:8080']).health({ path: '/healthz' }).slowStart({ lastsMs: '30s' })
   *
   * @throws `ERR_OPTION_INVALID` for an option that is wrong.
   */
  slowStart(options: SlowStartOptions): Pool {
    return this.#with({ slowStart: slowStartSettings(options) })
  }

  /**
   * Tries again where an attempt has failed: on an endpoint that was not tried yet, as long as there is one. Off unless
   * asked for, since a retry is load that no client has sent.
   *
   * - **What**: `on`. By default failures alone; a response, of whatever status, is the service's word and is passed on.
   * - **When it is safe.** A request of which nothing was sent, whatever its method. One of which something was sent, only
   *   where that may be done twice: by its method (RFC 9110 section 9.2.2), or by an `Idempotency-Key` where you say so. One
   *   with a body, only while all of it is still at hand: see `replayBytes` and `body.replay`. Never once the head of a
   *   response was passed on.
   * - **How often**: `attempts`, and a budget of the whole pool: retries of a fifth of the requests of the last 10 seconds,
   *   and 10 a second besides. These are the numbers of Finagle (`RetryBudget`), Linkerd and the Gateway API (GEP-3388);
   *   Envoy has the same fifth. When it is spent, the failure is answered as it is.
   * - **How soon**: after a wait that doubles, with full jitter (Envoy's: 25 ms, at most 250 ms), and at once where nothing
   *   was sent and another endpoint is left. A `Retry-After` of the response is waited for, up to `maxRetryAfterMs`.
   *
   * Filters of the pool (`use`) run around each attempt. An interim response (103) of an attempt that is not taken has been
   * passed on; it promises nothing. A retry does not find out that an endpoint is down for long: for that, see `health`.
   *
   * @example
   * pool(['http://u1:8080', 'http://u2:8080']).retry({ attempts: 3, on: ['unsent', 'reset', 503], perAttemptMs: '2s' })
   *
   * @throws `ERR_OPTION_INVALID` for an option that is wrong.
   */
  retry(options: RetryOptions = {}): Pool {
    const retry = retrySettings(options)
    if (this.protocol === 'tcp' && looksAtResponses(retry))
      throw invalidOption(
        'pool.retry',
        'on',
        'without statuses and functions for endpoints of tcp: and tls:, which send no responses',
        options.on,
      )
    return this.#with({ retry })
  }

  /**
   * Sends a request that is answered late to a second endpoint too, and takes whichever head of a response is there first;
   * the other attempt is cancelled, and its connection closed. Off unless asked for, since it is load that no client has
   * sent. After "The Tail at Scale" (Dean and Barroso, 2013).
   *
   * - **When**: after `afterMs`. By default when it is later than 95 % of the pool's latest responses to such requests.
   * - **Which**: those that may be sent twice, by their method or by an `Idempotency-Key` where you say so. Of those with a
   *   body, the ones whose body is at hand: it came with the head, or a filter has made it. No upgrades.
   * - **How many**: one for a request, and a share of all (`budget`). It carries a tail of that share; where more of the
   *   responses are late, `afterMs` moves out, or the budget is spent and the rest waits as it would have waited.
   * - **The first head wins**, whatever its status. An attempt that fails leaves it to the other one. When both have failed,
   *   it is a failure like any other: `retry` may follow, and does not count the second attempt among its `attempts`.
   *
   * Filters of the pool (`use`) run around both, each with a request of its own. A filter sees an `abortReason` of
   * `hedge_lost` on the attempt that lost.
   *
   * @example
   * pool(['http://u1:8080', 'http://u2:8080']).hedge({ afterMs: 'p95', budget: 0.05 })
   *
   * @throws `ERR_OPTION_INVALID` for an option that is wrong.
   */
  hedge(options: HedgeOptions = {}): Pool {
    // A connection is made for a client that may speak as soon as it has it.
    if (this.protocol === 'tcp')
      throw invalidOption('pool', 'hedge', 'left out for endpoints of tcp: and tls:', options)
    return this.#with({ hedge: hedgeSettings(options), retry: this.#description.retry ?? ONE_ATTEMPT })
  }

  /**
   * Limits what all attempts of a request may take together, their waits included: from the moment when the request comes to
   * the pool to the head of its response. Then all work for it is cancelled and the answer is 504 `upstream_deadline`. A
   * body may take its time behind its head; one that a slow client sends counts.
   *
   * With `grpc`, a gRPC call has the deadline that its client gives it (`grpc-timeout`), if that is sooner; it lasts to the
   * last byte of the response, and what is left of it is told to the endpoint.
   *
   * @example
   * pool(['http://u1:50051'], { http2: true }).deadline({ ms: '30s', grpc: true })
   * pool(['http://u1:8080', 'http://u2:8080']).retry({ attempts: 3 }).deadline({ ms: '2s', header: 'X-Request-Timeout' })
   *
   * @throws `ERR_OPTION_INVALID` for an option that is wrong.
   */
  deadline(options: DeadlineOptions): Pool {
    return this.#with({ deadline: deadlineSettings(options), retry: this.#description.retry ?? ONE_ATTEMPT })
  }

  /**
   * Stays in the proxy's own zone as long as the endpoints there can carry it; what is too much goes to the other zones, to
   * each by the weight of its endpoints.
   *
   * The endpoints of the zone are given up to `overprovisioning` (1.4, an option of the pool) times the average load of all
   * endpoints of their tier: the rule of Envoy's zone aware routing. That needs to know which part of the whole load comes in
   * through this zone, and a proxy sees only its own: `loadShare` says it; by default it is the same from each zone. By health,
   * then, some of the load leaves a zone that is too small or has lost endpoints; with `maxInFlight`, also one that is slow.
   * In a pool with tiers, each tier is split so.
   *
   * Trap: when proxies stand in one zone alone, or mostly, the default takes their load for less than it is, and their zone
   * gets too much of it. Say `loadShare: 1` then.
   *
   * @example
   * pool([{ url: 'http://u1', zone: 'a' }, { url: 'http://u2', zone: 'b' }]).preferZone({ zone: 'a' })
   *
   * @throws `ERR_OPTION_INVALID` for an option that is wrong.
   */
  preferZone(options: PreferZoneOptions): Pool {
    return this.#with({ zone: zoneSettings(options) })
  }

  /**
   * Narrows each exchange to the endpoints that have certain labels: a canary, a tenant's machines. Tiers, zones, panic and
   * the balancer then see these alone.
   *
   * `select` is called once for each exchange that comes to the pool, also where several attempts follow, so it may draw lots
   * (from `exchange.random`). What it names is looked for among the labels of the endpoints; `undefined` asks for nothing.
   * Where no endpoint has them, the answer is 503 `no_endpoint`, or `fallback: 'any'` lets all serve. This is Envoy's subset
   * load balancer.
   *
   * Trap: who asks for nothing may get any endpoint, the canaries as well. Name the others' labels too.
   *
   * @example
   * pool([{ url: 'http://u1', labels: { version: 'v1' } }, { url: 'http://u2', labels: { version: 'v2' } }])
   *   .subset(({ request }) => ({ version: request.headers.get('x-version') ?? 'v1' }))
   *
   * @throws `ERR_OPTION_INVALID` for an option that is wrong.
   */
  subset(select: SubsetSelector, options: SubsetOptions = {}): Pool {
    return this.#with({ subset: subsetSettings(select, options) })
  }

  /**
   * Uses `size` of the endpoints, always the same ones for this proxy and others for another proxy. With a thousand endpoints
   * and fifty proxies, each proxy keeps connections to, and probes, 20 of them, not all.
   *
   * Proxies that are numbered (`instance: 0`, `1` ...) use each endpoint about equally often: with 50 proxies, 100 endpoints
   * and a size of 20, each by 9 to 11. Proxies that have only a name lie by chance: there, by 2 to 20. When an endpoint comes
   * or goes, a proxy exchanges one of its own at most, very rarely two. Each tier has `size` of its own; so has each zone where the pool
   * prefers one, and each set of labels where it has subsets. The purpose is that of chapter 20 of Google's SRE book and of
   * Twitter's deterministic aperture.
   *
   * Trap: a small size is little redundancy. When all of a proxy's few endpoints fail, it takes no others.
   *
   * @example
   * pool(urls).aperture({ instance: Number(process.env.ORDINAL), size: 20 })
   *
   * @throws `ERR_OPTION_INVALID` for an option that is wrong.
   */
  aperture(options: ApertureOptions): Pool {
    return this.#with({ aperture: apertureSettings(options) })
  }

  /**
   * Another pool, or a handler, that answers where this one fails: with an error of the upstream's side, after all attempts;
   * with `circuit_open` or `overloaded` of a guard; or with a status of `on`. It surrounds the guards. A second call takes
   * the place of the first; for more than one, give the other pool a fallback of its own.
   *
   * - **A pool** is the same one wherever it is named: one set of connections and numbers. It is sent the request as it came,
   *   without what this pool's filters did to it, if nothing of it was sent before, or if it may be sent twice; and only while
   *   its body is at hand, see `replayBytes`. Else the failure is the answer.
   * - **A handler** answers whatever was sent.
   * - Nothing is replaced once the head of a response was passed on, nor for a client that has left.
   *
   * `exchange.get(answeredByFallback)` says that it was asked, and why. What it fails with is the answer.
   *
   * @example
   * const archive = pool(['http://archive:8080'])
   * pool(['http://u1:8080', 'http://u2:8080']).guard(circuitBreaker()).fallback(archive, { on: '502-504' })
   *
   * @throws `ERR_OPTION_INVALID` for a target that is none, and for an option that is wrong.
   */
  fallback(target: Target, options: FallbackOptions = {}): Pool {
    return this.#with({ fallback: fallbackSettings(target, options) })
  }

  /** @internal The same pool with another fallback, where it has one. */
  mapFallback(map: (target: Target) => Target): Pool {
    const { fallback } = this.#description
    return fallback === undefined
      ? this
      : this.#with({ fallback: { ...fallback, target: map(fallback.target) } })
  }

  /** @internal */
  get uses(): readonly CallTarget[] {
    const { guards, filters, fallback } = this.#description
    const called = usedBy([...guards, ...filters])
    return fallback === undefined ? called : [...called, fallback.target]
  }

  describe(): TargetDescription {
    const { name, specs, source, balancer, guards, filters, fallback } = this.#description
    const used = new Set(usedSpecs(specs, this.#description).map(({ id }) => id))
    return {
      kind: 'pool',
      name,
      balancer: balancer.name === '' ? 'custom' : balancer.name,
      guards: guards.map(filterName),
      filters: filters.map(filterName),
      endpoints: specs.map(({ id, url, weight, priority, zone, labels }) => ({
        id,
        url,
        weight,
        priority,
        zone,
        labels,
        used: used.has(id),
      })),
      ...(source === undefined ? {} : { source: source.name === '' ? 'source' : source.name }),
      resilience: describeResilience(this.#description),
      limits: describeLimits(this.#description.limits),
      ...describeUses([...guards, ...filters]),
      fallback: fallback === undefined ? undefined : describeTarget(fallback.target),
    }
  }

  /** @internal */
  get protocol(): EndpointProtocol | undefined {
    return this.#description.specs[0]?.protocol
  }

  /** @internal */
  compile(runtime: Runtime, before?: Compiled): Compiled {
    const description =
      runtime.connectors.protocol === 'tcp' ? ofConnections(this.#description) : this.#description
    return new RunningPool(description, runtime, before instanceof RunningPool ? before : undefined)
  }

  #with(change: Partial<PoolDescription>): Pool {
    return new Pool({ ...this.#description, ...change })
  }
}

/** A connection that could not be made is made to another endpoint: nothing was sent. */
function ofConnections(description: PoolDescription): PoolDescription {
  return { ...description, retry: description.retry ?? CONNECT_AGAIN }
}

function filterName(filter: Filter): string {
  return filter.name === '' ? 'filter' : filter.name
}

function isDescription(
  value: readonly (string | EndpointOptions)[] | EndpointSource | PoolDescription,
): value is PoolDescription {
  return !Array.isArray(value) && typeof value === 'object' && value !== null && 'specs' in value
}
