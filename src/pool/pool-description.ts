import * as balancers from '../balancers/index.ts'
import type { Balancer } from '../core/balancer.ts'
import type { Filter } from '../core/handler.ts'
import type { TlsConnectOptions } from '../core/network.ts'
import { invalidOption, knownOptions } from '../core/options.ts'
import { checkTlsOptions } from '../transport/tls-options.ts'
import {
  CONNECTION_OPTIONS,
  type ConnectionOptions,
  type UpstreamLimits,
  upstreamLimits,
} from '../transport/upstream-limits.ts'
import type { DeadlineSettings } from './deadline-options.ts'
import { type EjectSettings, share } from './eject-options.ts'
import { type EndpointOptions, type EndpointSpec, endpointSpec, HOST_FIELD } from './endpoint-spec.ts'
import type { HealthSettings } from './health-options.ts'
import type { HedgeSettings } from './hedge-options.ts'
import type { RetrySettings } from './retry-options.ts'
import type { SlowStartSettings } from './slow-start.ts'

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
  /** How `https:` endpoints are verified, and what they are shown. */
  tls?: TlsConnectOptions
  /**
   * With fewer endpoints fit to serve than this share, from 0 to 1, all are candidates, also those that are unhealthy or
   * ejected: few would break down under the load of all. Default 0: only when none is fit. (Envoy's panic threshold is 0.5.)
   */
  panicThreshold?: number
}

const OWN_OPTIONS = [
  'name',
  'host',
  'xForwarded',
  'forwarded',
  'via',
  'tls',
  'panicThreshold',
] satisfies (keyof PoolOptions)[]

/** What a pool is, checked and with its defaults filled in. */
export interface PoolDescription {
  readonly name: string
  readonly specs: readonly EndpointSpec[]
  readonly limits: UpstreamLimits
  readonly host: string
  readonly xForwarded: boolean
  readonly forwarded: boolean
  readonly via: string | undefined
  readonly balancer: Balancer
  readonly filters: readonly Filter[]
  /** How endpoints are probed; `undefined` does not. */
  readonly health: HealthSettings | undefined
  /** When endpoints are ejected; `undefined` ejects none. */
  readonly eject: EjectSettings | undefined
  /** How endpoints that come to serve get their weight; `undefined` gives it at once. */
  readonly slowStart: SlowStartSettings | undefined
  readonly panicThreshold: number
  /** What is retried; `undefined` retries nothing. There where `hedge` or `deadline` is: these are of the same loop. */
  readonly retry: RetrySettings | undefined
  /** When a late attempt gets a second one beside it; `undefined` gives none. */
  readonly hedge: HedgeSettings | undefined
  /** How long all attempts may take together; `undefined` is as long as each of them may. */
  readonly deadline: DeadlineSettings | undefined
}

/** Checks what `pool` was given. */
export function describePool(
  endpoints: readonly (string | EndpointOptions)[],
  options: PoolOptions,
): PoolDescription {
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
    panicThreshold = 0,
    ...connection
  } = options
  if (typeof name !== 'string' || name === '')
    throw invalidOption('pool', 'name', 'a string that is not empty', name)
  if (typeof host !== 'string' || !HOST_FIELD.test(host))
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
    health: undefined,
    eject: undefined,
    slowStart: undefined,
    panicThreshold: share('pool', 'panicThreshold', panicThreshold),
    retry: undefined,
    hedge: undefined,
    deadline: undefined,
  }
}
