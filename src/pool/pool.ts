import * as balancers from '../balancers/index.ts'
import type { Balancer, Candidates } from '../core/balancer.ts'
import { ProxyError } from '../core/errors.ts'
import { AttemptExchange, type Exchange } from '../core/exchange.ts'
import { assertFilter, compose, type Filter, type Handler } from '../core/handler.ts'
import type { ResponseMessage } from '../core/message.ts'
import type { TlsConnectOptions } from '../core/network.ts'
import { invalidOption, knownOptions } from '../core/options.ts'
import { refuseLoop } from '../transport/outgoing-head.ts'
import type { Compilable, Compiled, Runtime, TargetDescription } from '../transport/runtime.ts'
import { checkTlsOptions } from '../transport/tls-options.ts'
import {
  CONNECTION_OPTIONS,
  type ConnectionOptions,
  type UpstreamLimits,
  upstreamLimits,
} from '../transport/upstream-limits.ts'
import { PoolEndpoint } from './endpoint.ts'
import { type EndpointOptions, type EndpointSpec, endpointSpec } from './endpoint-spec.ts'
import { lastRecipientAnswer } from './max-forwards.ts'
import { PooledAttempt } from './pooled-attempt.ts'

export interface PoolOptions extends ConnectionOptions {
  /** What `explain`, logs and metrics call it. Default `pool`. */
  name?: string
  /**
   * The `Host` that endpoints see: `'preserve'` (default) passes on what the client asked for, `'endpoint'` names the
   * endpoint itself, anything else is sent as it is.
   */
  host?: 'preserve' | 'endpoint' | (string & {})
  /** Sends `X-Forwarded-For`, `-Proto`, `-Host` and `-Port`. Default true. */
  xForwarded?: boolean
  /** Sends `Forwarded` (RFC 7239). Default false. */
  forwarded?: boolean
  /** The name in `Via`; `false` sends none. Default `gatewright`. */
  via?: string | false
  /** How `https:` endpoints are verified. */
  tls?: TlsConnectOptions
}

const OWN_OPTIONS = ['name', 'host', 'xForwarded', 'forwarded', 'via', 'tls'] satisfies (keyof PoolOptions)[]

/** Response times fade at most this often: time is short, endpoints are many. */
const SETTLE_EVERY_MS = 100

/**
 * Makes a pool: endpoints that are used as one handler.
 *
 * @example
 * pool(['http://u1:8080', { url: 'http://u2:8080', weight: 3 }]).leastResponseTime()
 *
 * @throws `ERR_OPTION_INVALID` for an address that is none, a weight that is not positive, an unknown option.
 */
export function pool(endpoints: readonly (string | EndpointOptions)[], options: PoolOptions = {}): Pool {
  return new Pool(endpoints, options)
}

interface Description {
  readonly name: string
  readonly specs: readonly EndpointSpec[]
  readonly limits: UpstreamLimits
  readonly host: string
  readonly xForwarded: boolean
  readonly forwarded: boolean
  readonly via: string | undefined
  readonly balancer: Balancer
  readonly filters: readonly Filter[]
}

/** A description: each method returns a new one, and nothing is opened before the proxy starts. */
export class Pool implements Compilable {
  readonly #description: Description

  /** @internal Use `pool()`. */
  constructor(endpoints: readonly (string | EndpointOptions)[] | Description, options?: PoolOptions) {
    this.#description = isDescription(endpoints) ? endpoints : describe(endpoints, options ?? {})
  }

  /** Runs a filter around every attempt, with a request head of its own. `exchange.endpoint` is the one that was picked. */
  use(...filters: Filter[]): Pool {
    for (const filter of filters) assertFilter('pool.use', filter)
    return this.#with({ filters: [...this.#description.filters, ...filters] })
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

  describe(): TargetDescription {
    const { name, specs, balancer, filters } = this.#description
    return {
      kind: 'pool',
      name,
      balancer: balancer.name === '' ? 'custom' : balancer.name,
      filters: filters.map((filter) => (filter.name === '' ? 'filter' : filter.name)),
      endpoints: specs.map(({ id, url, weight, zone }) => ({ id, url, weight, zone })),
    }
  }

  /** @internal */
  compile(runtime: Runtime): Compiled {
    return new RunningPool(this.#description, runtime)
  }

  #with(change: Partial<Description>): Pool {
    return new Pool({ ...this.#description, ...change })
  }
}

class RunningPool implements Compiled {
  readonly handler: Handler
  readonly #runtime: Runtime
  readonly #description: Description
  readonly #endpoints: readonly PoolEndpoint[]
  readonly #candidates: Candidates
  readonly #viaFilters: Handler | undefined
  #settledAt = Number.NEGATIVE_INFINITY

  constructor(description: Description, runtime: Runtime) {
    const { specs, limits, host, xForwarded, forwarded, via, filters } = description
    this.#description = description
    this.#runtime = runtime
    this.#endpoints = specs.map((spec) => {
      const { authority } = spec
      const shown = host === 'preserve' ? undefined : host === 'endpoint' ? authority : host
      const policy = { host: shown, authority, xForwarded, forwarded, via }
      return new PoolEndpoint(spec, runtime.connectors.acquire(spec.connect, limits), policy)
    })
    this.#candidates = this.#endpoints
    for (const endpoint of this.#endpoints) endpoint.candidates = this.#candidates
    this.handler = (exchange) => this.#handle(exchange)
    if (filters.length > 0) {
      this.#viaFilters = compose(filters, (attempt) => this.#send(attempt, attempt.endpoint as PoolEndpoint))
    }
  }

  close(): void {
    const { specs, limits } = this.#description
    for (const spec of specs) this.#runtime.connectors.release(spec.connect, limits)
  }

  #handle(exchange: Exchange): Promise<ResponseMessage> | ResponseMessage {
    const { via } = this.#description
    if (via !== undefined) refuseLoop(exchange.request.headers, via)
    const answer = lastRecipientAnswer(exchange.request)
    if (answer !== undefined) return answer
    const endpoint = this.#pick(exchange)
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
      endpoint.connector.send(
        new PooledAttempt(exchange, exchange.request, endpoint, this.#runtime, resolve, reject),
      )
    })
  }

  #pick(exchange: Exchange): PoolEndpoint {
    const candidates = this.#candidates
    if (candidates.length === 0) throw new ProxyError('no_endpoint')
    this.#settle()
    const picked = this.#description.balancer(candidates, exchange, this.#runtime.random)
    if (picked instanceof PoolEndpoint && picked.candidates === candidates) return picked
    throw new TypeError(`the balancer of ${this.#description.name} must return one of its candidates`)
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

function isDescription(value: readonly (string | EndpointOptions)[] | Description): value is Description {
  return !Array.isArray(value) && typeof value === 'object' && value !== null && 'specs' in value
}

function describe(endpoints: readonly (string | EndpointOptions)[], options: PoolOptions): Description {
  if (!Array.isArray(endpoints) || endpoints.length === 0) {
    throw invalidOption('pool', 'endpoints', 'a list of at least one address', endpoints)
  }
  knownOptions('pool', options, [...OWN_OPTIONS, ...CONNECTION_OPTIONS])
  const {
    name = 'pool',
    host = 'preserve',
    xForwarded = true,
    forwarded = false,
    via = 'gatewright',
    tls = {},
    ...connection
  } = options
  if (typeof name !== 'string' || name === '')
    throw invalidOption('pool', 'name', 'a string that is not empty', name)
  if (typeof host !== 'string' || !/^[\w.:[\]-]+$/.test(host))
    throw invalidOption('pool', 'host', '"preserve", "endpoint" or a host name', host)
  if (typeof xForwarded !== 'boolean') throw invalidOption('pool', 'xForwarded', 'true or false', xForwarded)
  if (typeof forwarded !== 'boolean') throw invalidOption('pool', 'forwarded', 'true or false', forwarded)
  if (via !== false && (typeof via !== 'string' || !/^[\w.:-]+$/.test(via)))
    throw invalidOption('pool', 'via', 'a name, or false', via)
  checkTlsOptions('pool', tls)
  const limits = upstreamLimits(connection)
  const specs = endpoints.map((given) => endpointSpec(given, tls))
  const ids = new Set<string>()
  for (const { id } of specs) {
    if (ids.has(id))
      throw invalidOption(
        'pool',
        'id',
        'different for each endpoint (give a weight instead of a second entry)',
        id,
      )
    ids.add(id)
  }
  return {
    name,
    specs,
    limits,
    host,
    xForwarded,
    forwarded,
    via: via === false ? undefined : via,
    balancer: balancers.roundRobin(),
    filters: [],
  }
}
