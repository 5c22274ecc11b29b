import type { GrpcStatus } from '../core/grpc-status.ts'
import {
  type Duration,
  durationMs,
  integer,
  invalidOption,
  knownOptions,
  positiveNumber,
} from '../core/options.ts'
import type { EjectionTimes } from './ejection.ts'
import { grpcStatuses as checkedGrpcStatuses } from './grpc-answer.ts'
import type { LatencyMargins } from './latency-outliers.ts'
import { type StatusRange, type StatusRanges, statusRanges } from './status-range.ts'

/** When an endpoint is left alone because of how its own traffic fares. Times are milliseconds or `'250ms'`, `'30s'`, `'5m'`. */
export interface EjectOptions {
  /**
   * Failed attempts in a row, of whatever kind. Default 5; `Infinity` does not count them. (Envoy: `consecutive_5xx`,
   * `consecutive_gateway_failure`.)
   */
  consecutiveErrors?: number
  /**
   * Attempts in a row for which no connection was made: refused, not in time, no name, no TLS. Default `Infinity`, so that
   * they count as errors like others; a smaller number ejects sooner. (Envoy: `consecutive_local_origin_failure`.)
   */
  consecutiveConnectFailures?: number
  /** Ejects an endpoint that fares much worse than the others of its pool. Off unless given; `{}` has the defaults. */
  successRate?: SuccessRateOptions
  /** Ejects an endpoint of which too large a part of the attempts fails. Off unless given; `{}` has the defaults. */
  failurePercentage?: FailurePercentageOptions
  /** Ejects an endpoint that answers much later than the others of its pool. Off unless given; `{}` has the defaults. */
  latency?: LatencyOptions
  /** So long attempts are counted for `successRate`, `failurePercentage` and `latency`, until a verdict. Default 10 s. */
  intervalMs?: Duration
  /** How long the first ejection lasts, and by how much each that follows is longer. Default 30 s. */
  ejectMs?: Duration
  /** The longest an ejection lasts. Default 5 min, or `ejectMs` where that is longer. */
  maxEjectMs?: Duration
  /** The share of each ejection, from 0 to 1, by which it is lengthened at most, by chance. Default 0.1. */
  jitter?: number
  /** The share of the endpoints, from 0 to 1, that may be ejected at a time; one always may. Default 0.5. */
  maxEjected?: number
  /** Responses that count as failed. Default `'502-504'`: a 500 is as likely to be the fault of the request. */
  statuses?: StatusRange | readonly StatusRange[]
  /** Statuses of gRPC that count as failed, where they come before any message. Default none. */
  grpcStatuses?: readonly Exclude<GrpcStatus, 'OK'>[]
}

/** By how much an endpoint may fall behind the others. The numbers are Envoy's. */
export interface SuccessRateOptions {
  /** So many standard deviations below the mean of the pool's rates of success. Default 1.9. */
  deviations?: number
  /** Endpoints with enough attempts that there must be, to be compared. Default 5. */
  minEndpoints?: number
  /** Attempts of an endpoint in the interval that are enough. Default 100. */
  minRequests?: number
}

/** How large a part of the attempts may fail. The numbers are Envoy's. */
export interface FailurePercentageOptions {
  /** From 1 to 100: an endpoint is ejected when so many of a hundred have failed. Default 85. */
  threshold?: number
  /** Endpoints with enough attempts that there must be. Default 5. */
  minEndpoints?: number
  /** Attempts of an endpoint in the interval that are enough. Default 50. */
  minRequests?: number
}

/**
 * By how much later an endpoint may answer than the others: its median response time, to the head, beside the median of
 * those of all.
 */
export interface LatencyOptions {
  /** So many times as long. More than 1; default 3. */
  factor?: number
  /** And so much longer: 2 ms beside 0.5 ms are no harm. Default 50 ms. */
  marginMs?: Duration
  /** Endpoints with enough attempts that there must be, to be compared. At least 2; default 3. */
  minEndpoints?: number
  /** Attempts of an endpoint in the interval that are enough. Default 50. */
  minRequests?: number
}

const OPTIONS: readonly string[] = [
  'consecutiveErrors',
  'consecutiveConnectFailures',
  'successRate',
  'failurePercentage',
  'latency',
  'intervalMs',
  'ejectMs',
  'maxEjectMs',
  'jitter',
  'maxEjected',
  'statuses',
  'grpcStatuses',
] satisfies (keyof EjectOptions)[]

/** The options, checked. */
export interface EjectSettings extends EjectionTimes {
  readonly consecutiveErrors: number
  readonly consecutiveConnectFailures: number
  readonly successRate: Readonly<Required<SuccessRateOptions>> | undefined
  readonly failurePercentage: Readonly<Required<FailurePercentageOptions>> | undefined
  readonly latency: LatencySettings | undefined
  readonly intervalMs: number
  readonly maxEjected: number
  readonly statuses: StatusRanges
  readonly grpcStatuses: ReadonlySet<GrpcStatus>
}

/** What is asked of response times, checked. */
export interface LatencySettings extends LatencyMargins {
  readonly minEndpoints: number
  readonly minRequests: number
}

const OWNER = 'pool.eject'

/** Checks the options and fills in the defaults. */
export function ejectSettings(options: EjectOptions): EjectSettings {
  knownOptions(OWNER, options, OPTIONS)
  const {
    consecutiveErrors = 5,
    consecutiveConnectFailures = Number.POSITIVE_INFINITY,
    successRate,
    failurePercentage,
    latency,
    intervalMs = 10_000,
    ejectMs = 30_000,
    jitter = 0.1,
    maxEjected = 0.5,
    statuses = '502-504',
    grpcStatuses = [],
  } = options
  const baseMs = durationMs(OWNER, 'ejectMs', ejectMs, { min: 1 })
  const maxEjectMs = durationMs(OWNER, 'maxEjectMs', options.maxEjectMs ?? Math.max(300_000, baseMs))
  if (maxEjectMs < baseMs) throw invalidOption(OWNER, 'maxEjectMs', 'no shorter than "ejectMs"', maxEjectMs)
  const interval = durationMs(OWNER, 'intervalMs', intervalMs, { min: 1 })
  // What an interval judges, it judges after up to two of them. Were ejections forgiven sooner, none would be longer than the
  // first: Envoy's issue 26758.
  const byInterval = successRate !== undefined || failurePercentage !== undefined || latency !== undefined
  return {
    consecutiveErrors: integer(OWNER, 'consecutiveErrors', consecutiveErrors, AT_LEAST_ONE),
    consecutiveConnectFailures: integer(
      OWNER,
      'consecutiveConnectFailures',
      consecutiveConnectFailures,
      AT_LEAST_ONE,
    ),
    successRate: successRate === undefined ? undefined : successRateSettings(successRate),
    failurePercentage:
      failurePercentage === undefined ? undefined : failurePercentageSettings(failurePercentage),
    latency: latency === undefined ? undefined : latencySettings(latency),
    intervalMs: interval,
    ejectMs: baseMs,
    maxEjectMs,
    forgiveMs: Math.max(baseMs, byInterval ? 2 * interval : 0),
    jitter: share(OWNER, 'jitter', jitter),
    maxEjected: share(OWNER, 'maxEjected', maxEjected),
    statuses: statusRanges(OWNER, 'statuses', statuses),
    grpcStatuses: checkedGrpcStatuses(OWNER, 'grpcStatuses', grpcStatuses),
  }
}

const AT_LEAST_ONE = { min: 1, unlimited: true }

function successRateSettings(options: SuccessRateOptions): Required<SuccessRateOptions> {
  const known = ['deviations', 'minEndpoints', 'minRequests'] satisfies (keyof SuccessRateOptions)[]
  knownOptions(`${OWNER}.successRate`, options, known)
  const { deviations = 1.9, minEndpoints = 5, minRequests = 100 } = options
  return {
    deviations: positiveNumber(OWNER, 'successRate.deviations', deviations),
    // With one endpoint or two, none is far from the mean.
    minEndpoints: integer(OWNER, 'successRate.minEndpoints', minEndpoints, { min: 3 }),
    minRequests: integer(OWNER, 'successRate.minRequests', minRequests, { min: 1 }),
  }
}

function failurePercentageSettings(options: FailurePercentageOptions): Required<FailurePercentageOptions> {
  const known = ['threshold', 'minEndpoints', 'minRequests'] satisfies (keyof FailurePercentageOptions)[]
  knownOptions(`${OWNER}.failurePercentage`, options, known)
  const { threshold = 85, minEndpoints = 5, minRequests = 50 } = options
  if (typeof threshold !== 'number' || !(threshold >= 1 && threshold <= 100))
    throw invalidOption(OWNER, 'failurePercentage.threshold', 'a number from 1 to 100', threshold)
  return {
    threshold,
    minEndpoints: integer(OWNER, 'failurePercentage.minEndpoints', minEndpoints, { min: 1 }),
    minRequests: integer(OWNER, 'failurePercentage.minRequests', minRequests, { min: 1 }),
  }
}

function latencySettings(options: LatencyOptions): LatencySettings {
  const known = ['factor', 'marginMs', 'minEndpoints', 'minRequests'] satisfies (keyof LatencyOptions)[]
  knownOptions(`${OWNER}.latency`, options, known)
  const { factor = 3, marginMs = 50, minEndpoints = 3, minRequests = 50 } = options
  if (typeof factor !== 'number' || !(factor > 1 && factor < Number.POSITIVE_INFINITY))
    throw invalidOption(OWNER, 'latency.factor', 'a number greater than 1', factor)
  return {
    factor,
    marginMs: durationMs(OWNER, 'latency.marginMs', marginMs),
    // One alone is slower than nobody.
    minEndpoints: integer(OWNER, 'latency.minEndpoints', minEndpoints, { min: 2 }),
    minRequests: integer(OWNER, 'latency.minRequests', minRequests, { min: 1 }),
  }
}

/** Checks a part of a whole. */
export function share(owner: string, option: string, value: number): number {
  if (typeof value === 'number' && value >= 0 && value <= 1) return value
  throw invalidOption(owner, option, 'a number from 0 to 1', value)
}
