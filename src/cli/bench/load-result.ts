import type { Latencies } from './latency-tally.ts'
import type { RequestFailure } from './load-connection.ts'

/** What became of a load. `gatewright bench --json` prints it. Only what was due after the warm-up counts. */
export interface LoadResult {
  /** `open`: requests were due at a rate, whatever the service did. `closed`: when a connection had its answer. */
  readonly loop: 'open' | 'closed'
  /** Requests a second that were asked for. */
  readonly rate?: number
  readonly connections: number
  readonly warmUpSeconds: number
  /** How long the load was measured. */
  readonly seconds: number
  readonly requests: {
    readonly due: number
    readonly sent: number
    readonly answered: number
    /** Was due, and there was no connection for it until it was out of time. */
    readonly neverSent: number
  }
  /** Of those answers that came until the end of the load. */
  readonly answeredPerSecond: number
  readonly bytesRead: number
  readonly statuses: Readonly<Record<string, number>>
  readonly failures: Readonly<Record<RequestFailure, number>>
  /** Connections that could not be made, by the system's code. */
  readonly connectErrors: Readonly<Record<string, number>>
  /**
   * From when a request was due to the end of its answer. What was out of time, sent or not, counts with the time that it has
   * waited, so these are lower bounds then.
   */
  readonly latencyMs?: Latencies
  /** From when a request was sent to the end of its answer. */
  readonly serviceTimeMs: Latencies
  /** How much later than it should the load generator itself woke up. */
  readonly generatorLateMs?: Latencies
}
