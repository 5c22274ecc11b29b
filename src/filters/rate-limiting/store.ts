import type { Exchange } from '../../core/exchange.ts'

/**
 * How a rule counts: `token-bucket` and `gcra` are one rule seen from two sides (they differ in what `burst` is by default),
 * `sliding-window` logs each request, `sliding-window-counter` estimates from two counters, `fixed-window` has one.
 */
export type RateAlgorithm =
  | 'token-bucket'
  | 'gcra'
  | 'sliding-window'
  | 'sliding-window-counter'
  | 'fixed-window'

/** One rule of a `rateLimit`, checked and complete. */
export interface RateRule {
  /** Unique in its filter. */
  readonly name: string
  /** How it counts. */
  readonly algorithm: RateAlgorithm
  /** Units that each key may have in `perMs`. */
  readonly limit: number
  /** Whole milliseconds. */
  readonly perMs: number
  /** Units that a key which was idle may have at once; for windows, the same as `limit`. */
  readonly burst: number
  /** What it counts for, in words: `address/64`, `header x-api-key`. `function` is any. */
  readonly by: string
}

/** What a rule says to a request. */
export interface RateVerdict {
  /** 0: it admits it. Else the milliseconds after which it would, if nothing else came; `Infinity`: never. */
  readonly waitMs: number
  /** Units that the key may have at once, after this decision. */
  readonly remaining: number
  /** Milliseconds until the key has all units again. */
  readonly resetMs: number
}

/** Decides for the rules of one filter. */
export interface RateLimiter {
  /**
   * Decides for one request: it is admitted when each rule admits it, and only then `cost` units are taken, of each rule. Gives a
   * verdict for each rule, in their order. A promise that is rejected, or a throw, says that it cannot be decided now.
   *
   * @param keys One for each rule, in their order: what the rule counts for. At most 160 characters of well-formed text.
   * @param cost A whole number above 0.
   */
  take(
    keys: readonly string[],
    cost: number,
    exchange: Exchange,
  ): readonly RateVerdict[] | Promise<readonly RateVerdict[]>
}

/** Where the counts of rate limits are kept. */
export interface RateLimitStore {
  /** Called once for each filter. Filters with the same store count together where their rules are equal, by name too. */
  limiter(rules: readonly RateRule[]): RateLimiter
}

/** What makes two rules one: with another limit, units would not mean the same. */
export function ruleId({ name, algorithm, limit, perMs, burst, by }: RateRule): string {
  return `${name}:${algorithm}:${limit}:${perMs}:${burst}:${by}`
}
