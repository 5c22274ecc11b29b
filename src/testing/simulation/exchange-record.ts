import type { ProxyErrorCode } from '../../core/errors.ts'
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
  readonly attempts: readonly AttemptRecord[]
  /** `undefined` while it runs. */
  readonly outcome: Outcome | undefined
}

/** What a simulation noted of one try at one endpoint. */
export interface AttemptRecord {
  /** The endpoint's id: its url, unless it was given another one. */
  readonly endpoint: string
  readonly url: string
  readonly startedAtMs: number
  /** When the head of the response came; `undefined` when none did. */
  readonly respondedAtMs: number | undefined
  readonly status: number | undefined
  /** When its lease was given back; `undefined` while it holds it. */
  readonly endedAtMs: number | undefined
  /** Why it failed, or its response broke off. */
  readonly error: ProxyErrorCode | undefined
}
