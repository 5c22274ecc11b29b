import type { EndpointHealth } from '../core/balancer.ts'
import type { ConfigurationStatus } from '../core/configuration-control.ts'
import type { DecisionRecord, PickRecord } from '../core/decision-record.ts'
import type { EndpointSnapshot, EndpointState } from '../core/endpoint-snapshot.ts'
import type { FilterState } from '../core/filter-state.ts'
import type { LifecyclePhase } from '../core/lifecycle.ts'
import type { LogLevel } from '../core/log.ts'
import type { Readiness } from '../core/readiness.ts'
import type { RouteDescription } from '../proxy/route-listing.ts'
import type { TargetDescription } from '../transport/runtime.ts'

/**
 * What the admin listener answers as JSON. Times that end in `At` are milliseconds since 1970 UTC. With several workers, it is
 * put together of what they answer: counts are sums, of the workers that run. Nothing of it has fields,
 * bodies or queries of requests; the tap alone has fields, where it is asked for them, without secrets, and bodies, where
 * `tapBodies` lets it.
 */

/** `GET /api/snapshot`: all of what follows at once, as the dashboard asks for it each second. */
export interface AdminSnapshot {
  readonly proxy: ProxyStatus
  readonly listeners: readonly ListenerStatus[]
  readonly routes: readonly RouteStatus[]
  readonly pools: readonly PoolStatus[]
  readonly filters: readonly FilterStatus[]
  readonly traffic: TrafficStatus
  /** The latest first, at most 100. */
  readonly failures: readonly FailureStatus[]
}

/** `GET /api/proxy` */
export interface ProxyStatus {
  readonly version: string
  readonly node: string
  readonly pid: number
  readonly startedAt: number
  /** When this was answered. */
  readonly now: number
  readonly phase: LifecyclePhase
  readonly readiness: Readiness
  readonly logLevel: LogLevel
  /** Whether the admin listener only shows, and refuses every command. */
  readonly readOnly: boolean
  /** Resident memory of the process; with several workers, of all their processes and of the one that looks after them. */
  readonly residentBytes: number
  readonly heapUsedBytes: number
  /** The files that it was made of, as `GET /api/configuration` has it; left out where it was made of none. */
  readonly configuration?: ConfigurationStatus
  /** With several workers alone: each process, by its number. During a roll, two have one number. */
  readonly workers?: readonly WorkerProcess[]
}

/** One of several processes that serve as one. */
export interface WorkerProcess {
  /** From 1 on. */
  readonly number: number
  readonly pid: number
  readonly phase: 'starting' | 'serving' | 'draining'
  readonly startedAt: number
  /** How often one of this number was started anew because the one before had ended by itself. */
  readonly restarts: number
  /** Whether it has answered in time. What is shown beside is without the workers that have not. */
  readonly answers: boolean
  /** Open connections of clients; `undefined` where it has not answered. */
  readonly connections: number | undefined
  readonly residentBytes: number | undefined
}

/** `GET /api/listeners` */
export interface ListenerStatus {
  readonly url: string
  readonly connections: number
  readonly accepted: number
  readonly refusals: Readonly<Record<string, number>>
  readonly certificatesEndAt: number | undefined
}

/** `GET /api/routes` */
export interface RouteStatus extends Pick<RouteDescription, 'match' | 'filters'> {
  /** Without what is known of it: `GET /api/explain` has that. With many endpoints behind many routes, it would be megabytes. */
  readonly target: Pick<TargetDescription, 'kind' | 'name'>
  /** Names of the pools that it leads to: of its target and of what its filters use. */
  readonly pools: readonly string[]
  readonly matches: number
  /** Of those that have ended: a status of 500 or more, or broken off by a failure. */
  readonly failures: number
  readonly inFlight: number
  /** Of the last minute; `undefined` where there was no exchange. */
  readonly latency: Percentiles | undefined
}

/** Milliseconds. */
export interface Percentiles {
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly max: number
}

/** `GET /api/pools` */
export interface PoolStatus {
  readonly name: string
  readonly balancer: string
  readonly endpoints: readonly EndpointStatus[]
  /**
   * The latest first, at most 20: not each is kept, but a sample. Of each, the eight best candidates, the chosen one among them,
   * and eight of those that were left out.
   */
  readonly lastDecisions: readonly PickRecord[]
  /** Whether endpoints that are not fit to serve are chosen from, because too few are. As the last decision of the sample had it, of a minute ago at most. */
  readonly panic: boolean
}

export interface EndpointStatus extends EndpointSnapshot {
  readonly health: EndpointHealth
  /**
   * What the balancer made of it in the last decision of the sample: the lowest is best. `undefined` where it does not score,
   * and where that decision is older than a minute.
   */
  readonly score: number | undefined
  /** Where several workers differ: how many say which. `state` is the worst of them, the first in the order of this list. */
  readonly states?: Readonly<Partial<Record<EndpointState, number>>>
}

/** `GET /api/filters`. The id names it in `POST /api/caches/purge`. */
export interface FilterStatus {
  readonly id: string
  readonly name: string
  readonly at: string
  readonly state: FilterState
  /** Where the circuits of several workers differ: how many are in which state. `state` has the worst. */
  readonly states?: Readonly<Record<string, number>>
}

/** `GET /api/traffic` */
export interface TrafficStatus {
  /** Exchanges that are under way. */
  readonly inFlight: number
  /** Since the start. */
  readonly total: number
  readonly failures: number
  /** One for each of the last 60 whole seconds, the oldest first. */
  readonly seconds: readonly SecondStatus[]
  /** Of the last minute; `undefined` where there was no exchange. */
  readonly latency: Percentiles | undefined
  /** Of the last minute: how many were answered with 1xx (101 alone), 2xx, 3xx, 4xx, 5xx. */
  readonly statuses: Readonly<Record<'1xx' | '2xx' | '3xx' | '4xx' | '5xx', number>>
  /** Of the last minute, by the error's code, or by `status 503` where a service has answered with that. */
  readonly reasons: Readonly<Record<string, number>>
}

export interface SecondStatus {
  /** When it began. */
  readonly at: number
  /** Exchanges that ended in it. */
  readonly exchanges: number
  readonly failures: number
  readonly bytesSent: number
  readonly bytesReceived: number
  readonly p50: number | undefined
  readonly p99: number | undefined
}

/** `GET /api/failures` */
export interface FailureStatus {
  readonly at: number
  readonly id: string | undefined
  readonly method: string | undefined
  /** Without the query. */
  readonly path: string | undefined
  readonly route: string | undefined
  readonly endpoint: string | undefined
  readonly status: number | undefined
  /** The error's code, or `status 503` where a service has answered with that. */
  readonly reason: string
  readonly durationMs: number
}

/** `GET /api/exchanges?limit=100`: those that are under way, the oldest first. */
export interface ExchangesStatus {
  readonly total: number
  readonly exchanges: readonly ExchangeStatus[]
}

export interface ExchangeStatus {
  readonly id: string
  readonly method: string
  readonly host: string
  readonly path: string
  readonly client: string
  readonly route: string | undefined
  readonly endpoint: string | undefined
  readonly startedAt: number
  readonly durationMs: number
}

/** `POST /api/endpoints/drain`, `/api/endpoints/readmit`, `/api/endpoints/weight` */
export interface EndpointCommand {
  readonly pool: string
  readonly endpoint: string
  /** Of a drain: after so long, what still runs is given up. Default: nothing is. */
  readonly limitMs?: number
  /** Of `weight`. */
  readonly weight?: number
}

/** One exchange, as the tap shows it when it has ended: `event: exchange` of `GET /api/tap?where=...`. */
export interface TappedExchange {
  /** With several workers alone: the number of the one that has served it. */
  readonly worker?: number
  readonly at: number
  readonly id: string
  readonly method: string
  readonly host: string
  readonly path: string
  readonly client: string
  readonly route: string | undefined
  readonly pool: string | undefined
  readonly endpoint: string | undefined
  readonly attempts: number
  readonly status: number | undefined
  readonly result: 'completed' | 'aborted' | 'failed'
  readonly reason: string | undefined
  readonly cache: string | undefined
  readonly durationMs: number
  readonly bytesSent: number
  readonly bytesReceived: number
  /** Of the request, as filters have left them, without credentials. With `headers=true`. */
  readonly headers?: readonly (readonly [name: string, value: string])[]
  /** Of the response, the same. Empty where the exchange began before the tap. */
  readonly responseHeaders?: readonly (readonly [name: string, value: string])[]
  /** With `bodies`, as the client sent it; left out where there was none. */
  readonly requestBody?: TappedBody
  /** With `bodies`, as it went to the client, in whatever coding; left out where there was none. */
  readonly responseBody?: TappedBody
  /** With `detail=record`. */
  readonly record?: DecisionRecord
}

/** The begin of a body: as text where it is UTF-8, else as base64. */
export interface TappedBody {
  /** Of all of it, as far as it went by. */
  readonly bytes: number
  /** Whether more went by than is shown. */
  readonly cut: boolean
  readonly text?: string
  readonly base64?: string
}
