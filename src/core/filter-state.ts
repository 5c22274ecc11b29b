/** How things stand with a filter that keeps numbers of its own. `kind` tells them apart. Counts are since it was made. */
export type FilterState =
  | CircuitBreakerState
  | ConcurrencyLimitState
  | RateLimitState
  | LoadSheddingState
  | CacheState
  | CoalesceState
  | MirrorState
  | AccessLogState

export interface CircuitBreakerState {
  readonly kind: 'circuit-breaker'
  readonly state: 'closed' | 'open' | 'half-open'
}

export interface ConcurrencyLimitState {
  readonly kind: 'concurrency-limit'
  /** Exchanges that may be under way at once; of each key, where it has keys. */
  readonly limit: number
  readonly inFlight: number
  /** Exchanges in its queue. */
  readonly waiting: number
}

export interface RateLimitState {
  readonly kind: 'rate-limit'
  readonly admitted: number
  readonly refused: number
  /** Decisions that the store could not make. */
  readonly unavailable: number
}

export interface LoadSheddingState {
  readonly kind: 'load-shedding'
  /** The part of what comes that is shed now, from 0 to 0.95. */
  readonly share: number
  /** How late the event loop was when it was measured last. */
  readonly delayMs: number
}

export interface CacheState {
  readonly kind: 'cache'
  readonly entries: number
  readonly bytes: number
  /** Requests, by what the cache made of them: `hit`, `miss` and so on. */
  readonly results: Readonly<Record<string, number>>
  readonly collapsed: number
  readonly stored: number
  /** Responses that were not stored, by the reason why. */
  readonly notStored: Readonly<Record<string, number>>
  /** Answers, by the level whose content they had. */
  readonly answers: Readonly<Record<string, number>>
}

export interface CoalesceState {
  readonly kind: 'coalesce'
  readonly inFlight: number
  readonly joined: number
}

export interface MirrorState {
  readonly kind: 'mirror'
  readonly inFlight: number
  readonly sent: number
  readonly failed: number
  readonly dropped: number
}

export interface AccessLogState {
  readonly kind: 'access-log'
  /** Lines that the sink has taken. */
  readonly written: number
  /** Lines that were lost: the queue was full, or the sink has failed. */
  readonly dropped: number
  /** Bytes of lines that wait for the sink. */
  readonly queuedBytes: number
}

const STATE: unique symbol = Symbol('gatewright.filter-state')

interface Stateful {
  [STATE]?: () => FilterState
}

/** Says how to ask a filter how things stand with it. */
export function withState<F extends object>(filter: F, read: () => FilterState): F {
  Object.defineProperty(filter, STATE, { value: read })
  return filter
}

/** How things stand with a filter now; `undefined` for one that keeps no numbers. */
export function stateOf(filter: object): FilterState | undefined {
  return (filter as Stateful)[STATE]?.()
}
