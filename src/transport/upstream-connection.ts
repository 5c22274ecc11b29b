import type { Clock } from '../core/clock.ts'
import type { ProxyError } from '../core/errors.ts'
import type { Attempt } from './attempt.ts'
import type { ResponseHead } from './http1/response-head.ts'
import type { UpstreamLimits } from './upstream-limits.ts'

/** One open connection to an endpoint, whatever it speaks. */
export interface UpstreamConnection {
  /** All that it works for now. */
  readonly attempts: readonly Attempt[]
  /** Sends the attempt's request. */
  start(attempt: Attempt): void
  /** Ends it. What runs on it has failed. */
  close(): void
}

/**
 * Whether an attempt that failed may be made once more on another connection without anybody being told.
 *
 * - `never`: it may have been processed.
 * - `idempotent`: the connection had gone stale before it was used: it may have been processed, which is unlikely.
 * - `always`: the endpoint has said that it did not process it.
 */
export type SendAgain = 'never' | 'idempotent' | 'always'

/** What a connection to an endpoint needs of the one who keeps it. */
export interface ConnectionOwner<C extends UpstreamConnection> {
  readonly clock: Clock
  readonly limits: UpstreamLimits
  readonly parseHead: (bytes: Buffer, start: number, available: number) => ResponseHead | undefined
  /** It can take another attempt. */
  released(connection: C): void
  /** It takes no further attempt, and is gone when those that run on it are over. Called once. */
  closed(connection: C): void
  /** Its wire, too, is closed. Called once, after `closed`. */
  disconnected(): void
  /** An attempt failed on it, before there was a response. */
  attemptFailed(attempt: Attempt, error: ProxyError, again: SendAgain): void
}
