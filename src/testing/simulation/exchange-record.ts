import type { AttemptRecord, DecisionRecord } from '../../core/decision-record.ts'
import type { Outcome } from '../../core/exchange.ts'

/** What a simulation noted of one exchange. Grows until `outcome` is there. */
export interface ExchangeRecord {
  /** Of the simulation: it shows the exchange again. */
  readonly seed: number
  /** In the order in which they began; the first is 1. */
  readonly number: number
  readonly method: string
  readonly host: string
  /** As it came, with its query. */
  readonly target: string
  /** The client's address and port. */
  readonly client: string
  /** The route that serves it; `undefined` until one was found. */
  readonly route: string | undefined
  /** Virtual milliseconds since the simulation began. */
  readonly startedAtMs: number
  /** Those of `decision`. */
  readonly attempts: readonly AttemptRecord[]
  /** What the proxy decided for it, and why: what `exchange.record()` gives. */
  readonly decision: DecisionRecord
  /** `undefined` while it runs. */
  readonly outcome: Outcome | undefined
}
