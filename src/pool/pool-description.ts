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
import { type ApertureSettings, withinAperture } from './aperture.ts'
import type { DeadlineSettings } from './deadline-options.ts'
import { type EjectSettings, share } from './eject-options.ts'
import type { EndpointFilters } from './endpoint-filters.ts'
import type { EndpointSource } from './endpoint-source.ts'
import { type EndpointOptions, type EndpointSpec, endpointSpecs, HOST_FIELD } from './endpoint-spec.ts'
import type { FallbackSettings } from './fallback-options.ts'
import type { HealthSettings } from './health-options.ts'
import type { HedgeSettings } from './hedge-options.ts'
import type { RetrySettings } from './retry-options.ts'
import type { SlowStartSettings } from './slow-start.ts'
import type { SubsetSettings } from './subset.ts'
import type { ZoneSettings } from './zone.ts'

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
  /**
   * How much more than its part a tier, or the zone that is preferred, can carry when some of its endpoints are gone: 1.4
   * (default, Envoy's) keeps the whole load in a tier until less than 71 % of it is fit to serve. A number from 1 on.
   */
  overprovisioning?: number
}

const OWN_OPTIONS = [
  'name',
  'host',
  'xForwarded',
  'forwarded',
  'via',
  'tls',
  'panicThreshold',
  'overprovisioning',
] satisfies (keyof PoolOptions)[]

/** What a pool is, checked and with its defaults filled in. */
export interface PoolDescription {
  readonly name: string
  /** Those that it begins with: none where there is a source. */
  readonly specs: readonly EndpointSpec[]
  /** What gives the endpoints while it runs; `undefined` where they are `specs`. */
  readonly source: EndpointSource | undefined
  /** For endpoints that come later. */
  readonly tls: TlsConnectOptions
  readonly limits: UpstreamLimits
  readonly host: string
  readonly xForwarded: boolean
  readonly forwarded: boolean
  readonly via: string | undefined
  readonly balancer: Balancer
  /** Around the pool as a whole. */
  readonly guards: readonly Filter[]
  /** Around each attempt. */
  readonly filters: readonly Filter[]
  /** Those among them that are of one endpoint each. */
  readonly endpointFilters: readonly EndpointFilters[]
  /** How endpoints are probed; `undefined` does not. */
  readonly health: HealthSettings | undefined
  /** When endpoints are ejected; `undefined` ejects none. */
  readonly eject: EjectSettings | undefined
  /** How endpoints that come to serve get their weight; `undefined` gives it at once. */
  readonly slowStart: SlowStartSettings | undefined
  readonly panicThreshold: number
  readonly overprovisioning: number
  /** The zone that is preferred; `undefined` prefers none. */
  readonly zone: ZoneSettings | undefined
  /** What an exchange asks of its endpoints; `undefined` asks nothing. */
  readonly subset: SubsetSettings | undefined
  /** The part of the endpoints that is used; `undefined` uses all. */
  readonly aperture: ApertureSettings | undefined
  /** What is retried; `undefined` retries nothing. There where `hedge` or `deadline` is: these are of the same loop. */
  readonly retry: RetrySettings | undefined
  /** When a late attempt gets a second one beside it; `undefined` gives none. */
  readonly hedge: HedgeSettings | undefined
  /** How long all attempts may take together; `undefined` is as long as each of them may. */
  readonly deadline: DeadlineSettings | undefined
  /** What answers where the pool fails; `undefined` where the failure is the answer. */
  readonly fallback: FallbackSettings | undefined
}

/** Checks what `pool` was given. */
export function describePool(
  endpoints: readonly (string | EndpointOptions)[] | EndpointSource,
  options: PoolOptions,
): PoolDescription {
  if (typeof endpoints !== 'function' && (!Array.isArray(endpoints) || endpoints.length === 0)) {
    throw invalidOption(
      'pool',
      'endpoints',
      'a list of at least one address, or a source of lists',
      endpoints,
    )
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
    overprovisioning = 1.4,
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
  if (!(Number.isFinite(overprovisioning) && overprovisioning >= 1))
    throw invalidOption('pool', 'overprovisioning', 'a number from 1 on', overprovisioning)
  checkTlsOptions('pool', tls)
  const limits = upstreamLimits(connection)
  const specs = typeof endpoints === 'function' ? [] : endpointSpecs(endpoints, tls)
  const protocol = specs[0]?.protocol
  if (protocol === 'tcp' && limits.http2 !== 'off')
    throw invalidOption('pool', 'http2', 'left out for endpoints of tcp: and tls:', connection.http2)
  if (protocol === 'http' && tls.alpn !== undefined)
    throw invalidOption('pool', 'tls.alpn', 'left out for endpoints of http: and https:', tls.alpn)
  return {
    name,
    specs,
    source: typeof endpoints === 'function' ? endpoints : undefined,
    tls,
    limits,
    host,
    xForwarded,
    forwarded,
    via: via === false ? undefined : via,
    balancer: balancers.roundRobin(),
    guards: [],
    filters: [],
    endpointFilters: [],
    health: undefined,
    eject: undefined,
    slowStart: undefined,
    panicThreshold: share('pool', 'panicThreshold', panicThreshold),
    overprovisioning,
    zone: undefined,
    subset: undefined,
    aperture: undefined,
    retry: undefined,
    hedge: undefined,
    deadline: undefined,
    fallback: undefined,
  }
}

/** The endpoints that this proxy uses: those within its aperture, or all. */
export function usedSpecs(
  specs: readonly EndpointSpec[],
  { aperture, zone, subset }: PoolDescription,
): readonly EndpointSpec[] {
  if (aperture === undefined) return specs
  return withinAperture(specs, aperture, { byZone: zone !== undefined, byLabels: subset !== undefined })
}
