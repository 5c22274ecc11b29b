import type { Exchange } from '../../core/exchange.ts'
import { integer, invalidOption, knownOptions } from '../../core/options.ts'
import type { Balancer, Pool } from '../../index.ts'
import { type LoadOptions, loadPlan } from '../simulation/load.ts'
import type { Simulation } from '../simulation/simulate.ts'
import { type ComparedEndpoint, type ComparedService, comparedServices } from './compared-endpoint.ts'
import { type ComparisonEvent, checkEvents } from './comparison-event.ts'
import { runBalancer } from './comparison-run.ts'
import type { Disturbance, LoadSecond } from './disturbance.ts'
import type { EndpointShare } from './endpoint-share.ts'
import { type KeyMovement, keysOf } from './key-movement.ts'

export interface CompareBalancersOptions {
  /** Makes each balancer, by the name that it is to have in the result. */
  readonly balancers: Readonly<Record<string, () => Balancer>>
  /** The services of the pool: how much each can do, and how fast. */
  readonly endpoints: readonly (string | ComparedEndpoint)[]
  /** The same requests at the same moments for each balancer. */
  readonly load: LoadOptions
  /** What happens to the endpoints while the load runs: pauses, faults, joining, leaving. Default: nothing. */
  readonly events?: readonly ComparisonEvent[] | undefined
  /** The rest of the pool: `(pool) => pool.health({ path: '/healthz' })`. Default: nothing but the balancer. */
  readonly pool?: ((pool: Pool) => Pool) | undefined
  /**
   * So many proxies share the endpoints, each with a pool and a balancer of its own that knows nothing of the others; each
   * request goes to one of them by chance. Default 1.
   */
  readonly proxies?: number | undefined
  /** Called before the load of each run begins, for what events cannot say. */
  readonly script?: ((sim: Simulation) => void) | undefined
  /** From one end of each connection to the other, in milliseconds. Default 0. */
  readonly latencyMs?: number | undefined
  /** What all chance is taken from. Default: `GATEWRIGHT_SEED` of the environment, else 1. */
  readonly seed?: number | undefined
}

/** What a comparison has found of one balancer. */
export interface BalancerFigures {
  /** Requests of the load. */
  readonly sent: number
  /** From the moment at which a request was due to the last byte of its response, errors included. */
  readonly latency: BalancerLatency
  /** The part of the requests that did not end with a whole response below 500. From 0 to 1. */
  readonly errorRate: number
  /**
   * Of all endpoints, the most requests for what the endpoint should have had by its weight: 1 where each has its share, 2
   * where one has twice as many.
   */
  readonly largestShare: number
  /** By the endpoint's id. */
  readonly shares: Readonly<Record<string, EndpointShare>>
  /**
   * What becomes of keys when an endpoint leaves or joins. `undefined` for a balancer that does not choose by key, and for a
   * pool of one.
   */
  readonly keys: KeyMovement | undefined
  /** What the events did. `undefined` without events. */
  readonly disturbance: Disturbance | undefined
  /** The load second by second. */
  readonly seconds: readonly LoadSecond[]
}

/** Milliseconds. */
export interface BalancerLatency {
  readonly meanMs: number
  readonly p50Ms: number
  readonly p90Ms: number
  readonly p99Ms: number
  readonly p999Ms: number
  readonly maxMs: number
}

/**
 * Runs the same load against each of several balancers, each in a simulation of its own, and tells how they did.
 *
 * Arrivals, requests and the chance of each service are those of the seed, so that the balancers differ in nothing but their
 * choices; the result is data, and the same for the same options. Time is virtual: a minute of load takes as long as its
 * requests take to compute.
 *
 * Queues decide what a balancer is worth: give a load of some 60 to 80 % of what the endpoints can do, which is the sum of
 * `workers` over the mean service time. Without that, all balancers look the same.
 *
 * @example
 * const found = await compareBalancers({
 *   balancers: { roundRobin, leastConnections },
 *   endpoints: ['http://a', 'http://b', { url: 'http://slow', serviceTime: { kind: 'exponential', meanMs: 500 } }],
 *   load: { rate: 100, duration: '30s' },
 * })
 * console.log(found.roundRobin.latency.p99Ms, found.leastConnections.latency.p99Ms)
 *
 * @throws `ERR_OPTION_INVALID` for an option that is wrong, an event at an endpoint that is not there, an empty pool.
 */
export async function compareBalancers<Name extends string>(
  options: CompareBalancersOptions & { readonly balancers: Readonly<Record<Name, () => Balancer>> },
): Promise<Readonly<Record<Name, BalancerFigures>>> {
  const comparison = checked(options)
  const found: Partial<Record<Name, BalancerFigures>> = {}
  // One after the other: a simulation guards the process against real sockets for as long as it runs.
  for (const name of Object.keys(options.balancers) as Name[]) {
    found[name] = await runBalancer(options.balancers[name], comparison)
  }
  return found as Record<Name, BalancerFigures>
}

/** @internal A comparison whose options were checked. */
export interface Comparison {
  readonly services: readonly ComparedService[]
  readonly load: LoadOptions
  /** What is asked for by the load, each once. */
  readonly keys: readonly Exchange[]
  readonly events: readonly ComparisonEvent[]
  readonly pool: (pool: Pool) => Pool
  readonly proxies: number
  readonly script: (sim: Simulation) => void
  readonly latencyMs: number
  readonly seed: number | undefined
}

const OPTIONS = ['balancers', 'endpoints', 'load', 'events', 'pool', 'proxies', 'script', 'latencyMs', 'seed']

function checked(options: CompareBalancersOptions): Comparison {
  const owner = 'compareBalancers'
  knownOptions(owner, options, OPTIONS)
  const { balancers, endpoints, load, events = [], latencyMs = 0, seed } = options
  const { pool = (it) => it, proxies = 1, script = () => {} } = options
  if (typeof balancers !== 'object' || balancers === null || Object.keys(balancers).length === 0)
    throw invalidOption(owner, 'balancers', 'an object of functions that make balancers, by name', balancers)
  for (const [name, make] of Object.entries(balancers)) {
    if (typeof make !== 'function')
      throw invalidOption(owner, `balancers.${name}`, 'a function that makes a balancer', make)
  }
  if (typeof pool !== 'function') throw invalidOption(owner, 'pool', 'a function of the pool', pool)
  if (typeof script !== 'function')
    throw invalidOption(owner, 'script', 'a function of the simulation', script)
  if (seed !== undefined) integer(owner, 'seed', seed, { min: Number.MIN_SAFE_INTEGER })
  const services = comparedServices(owner, 'endpoints', endpoints)
  if (services.length === 0) throw invalidOption(owner, 'endpoints', 'a list that is not empty', endpoints)
  const keys = keysOf(loadPlan(load), seed ?? 1)
  checkEvents(owner, events, services)
  integer(owner, 'proxies', proxies, { min: 1, max: 100 })
  return { services, load, keys, events, pool, proxies, script, latencyMs, seed }
}
