import type { ConnectionOptions } from './upstream-limits.ts'

/**
 * What a pool does when its endpoints fail or are slow, as `explain` shows it: its options, with the defaults filled in.
 * Times are milliseconds, statuses are as in the options: `503`, `5xx`, `502-504`. What was not asked for is `undefined`.
 */
export interface ResilienceDescription {
  readonly retry: RetryDescription | undefined
  readonly hedge: HedgeDescription | undefined
  readonly deadline: DeadlineDescription | undefined
  readonly health: HealthDescription | undefined
  readonly eject: EjectDescription | undefined
  readonly slowStart: { readonly lastsMs: number; readonly aggression: number } | undefined
  /** With a smaller share of its endpoints fit to serve, all are candidates. 0: only when none is. */
  readonly panicThreshold: number
}

export interface DeadlineDescription {
  /** `Infinity` where only calls of gRPC have one. */
  readonly ms: number
  readonly header: string | undefined
  readonly grpc: boolean
}

export interface RetryDescription {
  /** Altogether, the first included. */
  readonly attempts: number
  /** Conditions, statuses, and the names of functions. */
  readonly on: readonly string[]
  readonly methods: readonly string[]
  readonly idempotencyKey: boolean
  /** `Infinity` has no limit but those of the pool. */
  readonly perAttemptMs: number
  /** `undefined` does not count. */
  readonly budget:
    | { readonly ratio: number; readonly minPerSecond: number; readonly windowMs: number }
    | undefined
  readonly backoff: { readonly baseMs: number; readonly maxMs: number }
  readonly maxRetryAfterMs: number
  readonly replayBytes: number
}

export interface HedgeDescription {
  /** A time, or a percentile such as `p95`. */
  readonly afterMs: number | string
  readonly budget: number
  readonly methods: readonly string[]
  readonly idempotencyKey: boolean
}

/** Without the fields and bytes that are sent, since there may be secrets among them. */
export type HealthDescription = HttpHealthDescription | TcpHealthDescription | GrpcHealthDescription

interface ProbeDescription {
  /** Another host, and another port, than the endpoint's. */
  readonly address: string | undefined
  readonly port: number | undefined
  readonly intervalMs: number
  readonly timeoutMs: number
  readonly rise: number
  readonly fall: number
  readonly jitter: number
  readonly initial: 'healthy' | 'unhealthy'
}

export interface HttpHealthDescription extends ProbeDescription {
  readonly type: 'http'
  readonly method: string
  readonly path: string
  readonly host: string | undefined
  readonly status: readonly string[]
  readonly body: string | RegExp | undefined
}

export interface TcpHealthDescription extends ProbeDescription {
  readonly type: 'tcp'
}

export interface GrpcHealthDescription extends ProbeDescription {
  readonly type: 'grpc'
  /** `''` asks for the server as a whole. */
  readonly service: string
  readonly host: string | undefined
}

export interface EjectDescription {
  readonly consecutiveErrors: number
  readonly consecutiveConnectFailures: number
  readonly successRate:
    | { readonly deviations: number; readonly minEndpoints: number; readonly minRequests: number }
    | undefined
  readonly failurePercentage:
    | { readonly threshold: number; readonly minEndpoints: number; readonly minRequests: number }
    | undefined
  readonly latency:
    | {
        readonly factor: number
        readonly marginMs: number
        readonly minEndpoints: number
        readonly minRequests: number
      }
    | undefined
  readonly intervalMs: number
  readonly ejectMs: number
  readonly maxEjectMs: number
  readonly jitter: number
  readonly maxEjected: number
  readonly statuses: readonly string[]
  readonly grpcStatuses: readonly string[]
}

/** What a pool grants each of its endpoints, and what it takes from it: `ConnectionOptions` as milliseconds and bytes. */
export type PoolLimitsDescription = { readonly [Option in keyof ConnectionOptions]-?: number }
