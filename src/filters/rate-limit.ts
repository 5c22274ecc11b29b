import { ProxyError } from '../core/errors.ts'
import type { Exchange } from '../core/exchange.ts'
import { withState } from '../core/filter-state.ts'
import { type Filter, type Handler, named } from '../core/handler.ts'
import { log } from '../core/log.ts'
import { ResponseMessage } from '../core/message.ts'
import { invalidOption, knownOptions } from '../core/options.ts'
import { type Shared, type SharedLink, withShared } from '../core/shared-state.ts'
import { withoutStack } from '../core/without-stack.ts'
import { memoryStore } from './memory-store.ts'
import { AskingLimiter, askedLimits } from './rate-limiting/asked-limits.ts'
import { FieldWriter, type RateLimitFields, seconds } from './rate-limiting/fields.ts'
import { MemoryCounts } from './rate-limiting/memory-counts.ts'
import {
  checkedRules,
  type KeyedRule,
  type RateLimitRule,
  type RateLimitRuleOptions,
  RULE_OPTIONS,
} from './rate-limiting/rules.ts'
import type { RateLimiter, RateLimitStore, RateVerdict } from './rate-limiting/store.ts'

export { type MemoryStore, type MemoryStoreOptions, memoryStore } from './memory-store.ts'
export type { RateLimitFields } from './rate-limiting/fields.ts'
export type { RateLimitKey } from './rate-limiting/key.ts'
export type { RateLimitRule, RateLimitRuleOptions } from './rate-limiting/rules.ts'
export type {
  RateAlgorithm,
  RateLimiter,
  RateLimitStore,
  RateRule,
  RateVerdict,
} from './rate-limiting/store.ts'

export interface RateLimitOptions extends RateLimitRuleOptions {
  /** Several rules in place of one; 16 at most, each with a `name` of its own. A request must be admitted by all of them. */
  rules?: readonly RateLimitRule[]
  /**
   * Units that a request takes, of each rule: a whole number, or a function of the exchange. 0: it is not counted, and always
   * admitted. More than a rule's burst is never admitted. Default 1.
   */
  cost?: number | ((exchange: Exchange) => number)
  /** Where the counts are: `redisStore({ client })` for several machines, or one of your own. Default `memoryStore()`. */
  store?: RateLimitStore
  /**
   * What becomes of requests while the store cannot decide: `admit` them without counting (default), or `refuse` them with 503
   * `limiter_unavailable`.
   */
  whenUnavailable?: 'admit' | 'refuse'
  /** Told each time when the store could not decide. What it throws is reported, and changes nothing. */
  onUnavailable?: (error: unknown, exchange: Exchange) => void
  /**
   * What clients are told: `standard` (default) is `RateLimit` and `RateLimit-Policy`; `legacy` is `X-RateLimit-Limit`,
   * `-Remaining` and `-Reset`, in seconds from now, of the rule that is nearest to its limit; `both`, or `none`.
   */
  fields?: RateLimitFields
}

/** A filter that can be asked for its numbers. */
export interface RateLimit extends Filter {
  /** Requests that were admitted by a decision of the store. */
  readonly admitted: number
  /** Requests that were refused by one. */
  readonly refused: number
  /** Decisions that the store could not make. */
  readonly unavailable: number
}

const OWNER = 'rateLimit'

/**
 * Refuses requests of a client that has had its share: 429 `rate_limited`, with `Retry-After`.
 *
 * A request takes units of every rule, and is admitted when each rule admits it. When one refuses, nothing is taken of any of
 * them, so who is refused does not lose more by asking again. Responses tell what is left, in `RateLimit` and
 * `RateLimit-Policy` as of draft-ietf-httpapi-ratelimit-headers-10: `r` is what the client may have at once, `t` the seconds
 * until it has all of it again. Error answers of others behind the filter do not have these fields.
 *
 * A request that could not be decided, since Redis is away, is admitted unless `whenUnavailable` is `refuse`. What is refused
 * stands in the exchange's record.
 *
 * Where several workers serve as one, those with a store in memory count together, exactly: the supervisor counts, each decision
 * is a question to it, and where it has no answer within 250 ms, that is a store which cannot decide.
 *
 * Time is counted in whole milliseconds. Keys longer than 64 characters are counted by their hash.
 *
 * Traps: a header that clients can make up is no key by itself; whoever leaves it out or makes up another begins anew. Place
 * the filter behind the one that checks it, or add a rule by address. By address means by what trusted proxies say of it, so
 * behind a load balancer name that in `trustedProxies` of the listener. Filters that share a store count together where their
 * rules are equal, by name too. A rule with another limit or time is another rule: what was counted before does not count for it.
 *
 * @example
 * rateLimit({ rules: [
 *   { name: 'burst', limit: 20, per: '1s' },
 *   { name: 'day', limit: 10_000, per: '1d', algorithm: 'sliding-window-counter', key: { header: 'x-api-key' } },
 * ] })
 *
 * @throws `ERR_OPTION_INVALID` for an option that is wrong.
 */
export function rateLimit(options: RateLimitOptions): RateLimit {
  const limit = new Limit(options)
  const filter: Filter = (exchange, next) => limit.serve(exchange, next)
  Object.defineProperties(named(filter, OWNER), {
    admitted: { get: () => limit.admitted },
    refused: { get: () => limit.refused },
    unavailable: { get: () => limit.unavailable },
  })
  const { shared } = limit
  if (shared !== undefined) withShared(filter, shared)
  return withState(filter as RateLimit, () => {
    const { admitted, refused, unavailable } = limit
    return { kind: 'rate-limit', admitted, refused, unavailable }
  })
}

const OPTIONS: readonly string[] = [
  ...(RULE_OPTIONS as readonly (keyof RateLimitRule)[]),
  'rules',
  'cost',
  'store',
  'whenUnavailable',
  'onUnavailable',
  'fields',
] satisfies (keyof RateLimitOptions)[]

const NO_VERDICT = new TypeError('rate limits: the store has not given a verdict for each rule')

class Limit {
  admitted = 0
  refused = 0
  unavailable = 0
  readonly #rules: readonly KeyedRule[]
  readonly #store: RateLimitStore
  readonly #limiter: RateLimiter
  /** The process that counts for all workers, where there are several. */
  #asking: RateLimiter | undefined
  readonly #fields: FieldWriter
  readonly #cost: number | ((exchange: Exchange) => number)
  readonly #admitsUndecided: boolean
  readonly #onUnavailable: ((error: unknown, exchange: Exchange) => void) | undefined

  constructor(options: RateLimitOptions) {
    knownOptions(OWNER, options, OPTIONS)
    const { rules, cost = 1, whenUnavailable = 'admit', onUnavailable, fields = 'standard' } = options
    const { store = memoryStore() } = options
    this.#rules = checkedRules(OWNER, options, rules)
    if (typeof cost !== 'function' && (!Number.isSafeInteger(cost) || cost < 0))
      throw invalidOption(OWNER, 'cost', 'a whole number, or a function of the exchange that gives one', cost)
    if (whenUnavailable !== 'admit' && whenUnavailable !== 'refuse')
      throw invalidOption(OWNER, 'whenUnavailable', '"admit" or "refuse"', whenUnavailable)
    if (onUnavailable !== undefined && typeof onUnavailable !== 'function')
      throw invalidOption(OWNER, 'onUnavailable', 'a function', onUnavailable)
    if (!['standard', 'legacy', 'both', 'none'].includes(fields))
      throw invalidOption(OWNER, 'fields', '"standard", "legacy", "both" or "none"', fields)
    if (typeof store?.limiter !== 'function')
      throw invalidOption(OWNER, 'store', 'memoryStore(...), redisStore(...), or one of your own', store)
    this.#cost = cost
    this.#admitsUndecided = whenUnavailable === 'admit'
    this.#onUnavailable = onUnavailable
    this.#fields = new FieldWriter(this.#rules, fields)
    this.#store = store
    this.#limiter = store.limiter(this.#rules)
  }

  /** Counts of this process are counts of all, where several serve as one; another store has its own way. */
  get shared(): Shared | undefined {
    const store = this.#store
    if (!(store instanceof MemoryCounts)) return undefined
    return {
      kind: 'rate-limit',
      of: store,
      about: askedLimits(store.maxKeys, this.#rules),
      join: (link: SharedLink) => {
        this.#asking = new AskingLimiter(link, this.#rules.length)
        return {
          leave: () => {
            this.#asking = undefined
          },
        }
      },
    }
  }

  serve(exchange: Exchange, next: Handler): Promise<ResponseMessage> | ResponseMessage {
    const cost = this.#costOf(exchange)
    if (cost === 0) return next(exchange)
    const keys = this.#rules.map(({ keyOf }) => keyOf(exchange))
    let verdicts: readonly RateVerdict[] | Promise<readonly RateVerdict[]>
    try {
      verdicts = (this.#asking ?? this.#limiter).take(keys, cost, exchange)
    } catch (error) {
      return this.#undecided(error, exchange, next)
    }
    if (isVerdicts(verdicts)) return this.#decided(verdicts, exchange, next)
    return Promise.resolve(verdicts).then(
      (it) => this.#later(exchange, () => this.#decided(it, exchange, next)),
      (error) => this.#later(exchange, () => this.#undecided(error, exchange, next)),
    )
  }

  #costOf(exchange: Exchange): number {
    if (typeof this.#cost === 'number') return this.#cost
    const cost = this.#cost(exchange)
    if (Number.isSafeInteger(cost) && cost >= 0) return cost
    throw invalidOption(OWNER, 'cost', 'a function that gives a whole number at once', cost)
  }

  /** The client may have left meanwhile. */
  #later<T>(exchange: Exchange, go: () => T): T {
    if (exchange.over || exchange.abortReason !== undefined)
      throw exchange.abortReason ?? new ProxyError('exchange_aborted')
    return go()
  }

  #decided(
    verdicts: readonly RateVerdict[],
    exchange: Exchange,
    next: Handler,
  ): Promise<ResponseMessage> | ResponseMessage {
    let admits = true
    for (let i = 0; i < this.#rules.length; i++) {
      const waitMs = verdicts?.[i]?.waitMs
      // Of a store that somebody has written.
      if (waitMs === undefined || Number.isNaN(waitMs)) return this.#undecided(NO_VERDICT, exchange, next)
      if (waitMs > 0) admits = false
    }
    if (!admits) throw this.#refusal(verdicts, exchange)
    this.admitted++
    const response = next(exchange)
    if (response instanceof ResponseMessage) return this.#told(response, verdicts)
    return response.then((it) => this.#told(it, verdicts))
  }

  #told(response: ResponseMessage, verdicts: readonly RateVerdict[]): ResponseMessage {
    const { headers } = response
    this.#fields.write(verdicts, (name, value) => {
      // The standard ones are lists, and say what others limit too; the legacy ones can say one thing.
      if (name.startsWith('X-')) headers.set(name, value)
      else headers.append(name, value)
    })
    return response
  }

  #refusal(verdicts: readonly RateVerdict[], exchange: Exchange): ProxyError {
    this.refused++
    const refusing = this.#rules.filter((_, i) => verdicts[i]!.waitMs > 0).map(({ name }) => `"${name}"`)
    const detail = `the limit ${refusing.join(' and ')} is reached`
    exchange.recording?.refused(OWNER, 'rate_limited', detail)
    const headers: Record<string, string> = {}
    this.#fields.write(verdicts, (name, value) => {
      headers[name] = value
    })
    const waitMs = verdicts.reduce((longest, it) => Math.max(longest, it.waitMs), 0)
    // Where nothing is to be had by waiting, nothing is said of it.
    if (Number.isFinite(waitMs)) headers['Retry-After'] = String(seconds(waitMs))
    return withoutStack(() => new ProxyError('rate_limited', { detail, headers }))
  }

  #undecided(error: unknown, exchange: Exchange, next: Handler): Promise<ResponseMessage> | ResponseMessage {
    this.unavailable++
    try {
      this.#onUnavailable?.(error, exchange)
    } catch (thrown) {
      log.error('rateLimit.onUnavailable threw', thrown)
    }
    if (this.#admitsUndecided) return next(exchange)
    const detail = 'limits cannot be checked'
    exchange.recording?.refused(OWNER, 'limiter_unavailable', detail)
    throw withoutStack(() => new ProxyError('limiter_unavailable', { detail, cause: error }))
  }
}

/** Whatever else a store gives is waited for: promises may be of another library. */
function isVerdicts(
  given: readonly RateVerdict[] | Promise<readonly RateVerdict[]>,
): given is readonly RateVerdict[] {
  return Array.isArray(given)
}
