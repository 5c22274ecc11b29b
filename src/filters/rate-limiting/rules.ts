import type { Exchange } from '../../core/exchange.ts'
import { type Duration, durationMs, integer, invalidOption, knownOptions } from '../../core/options.ts'
import { keyMaker, type RateLimitKey } from './key.ts'
import { RATE_ALGORITHMS } from './new-count.ts'
import type { RateAlgorithm, RateRule } from './store.ts'

export interface RateLimitRuleOptions {
  /** Units that each key may have in `per`: requests, unless `cost` says otherwise. A whole number. Required without `rules`. */
  limit?: number
  /** The time that the limit is for, in whole milliseconds: `'1s'`, `'1m'`, `'1d'`. Required without `rules`. */
  per?: Duration
  /**
   * How it counts. `token-bucket` (default): units come back evenly, and up to `burst` may be had at once. `gcra`: the same,
   * with a `burst` of 1 unless given, so that requests are spaced evenly. `sliding-window`: no stretch of time as long as
   * `per` has more than `limit`; keeps the time of each request, so `limit` is 10 000 at most. `sliding-window-counter`: nearly
   * that, from two counters. `fixed-window`: one counter for a window that begins with a key's first request; up to twice
   * the limit may come around its end.
   */
  algorithm?: RateAlgorithm
  /** Units that may be had at once by a key that was idle. Of `token-bucket` and `gcra` alone. Default `limit`, and 1 for `gcra`. */
  burst?: number
  /**
   * What is counted apart: the client's `'address'` (default), the `'route'`, `'all'` requests together, `{ header: 'x-api-key' }`,
   * `{ claim: 'sub', of: claims }` where an earlier filter sets that attribute (`claims` of `jwt`), a function of the exchange
   * that returns a text, or a list of two of these. Requests for which it gives nothing count together, as one key.
   */
  key?: RateLimitKey | readonly RateLimitKey[]
  /** How many bits of an IPv6 address make a client, 1 to 128. Default 64: one network, of which a client may use any address. */
  ipv6Prefix?: number
  /** What the rule is called in fields and stores: letters, digits, `-`, `_` and `.`. Default `default`; required for each of several. */
  name?: string
}

/** One of several rules. */
export interface RateLimitRule extends RateLimitRuleOptions {
  /** Units that each key may have in `per`: requests, unless `cost` says otherwise. A whole number. */
  limit: number
  /** The time that the limit is for, in whole milliseconds: `'1s'`, `'1m'`, `'1d'`. */
  per: Duration
}

export const RULE_OPTIONS: readonly string[] = [
  'limit',
  'per',
  'algorithm',
  'burst',
  'key',
  'ipv6Prefix',
  'name',
] satisfies (keyof RateLimitRule)[]

/** A rule, and how it finds its key. */
export interface KeyedRule extends RateRule {
  readonly keyOf: (exchange: Exchange) => string
}

/** Up to here, products of units and milliseconds are added and compared exactly. */
const MAX_PRODUCT = 2 ** 51
const MAX_LOGGED = 10_000

/** Checks a rule, and completes it. @throws `ERR_OPTION_INVALID` */
export function checkedRule(owner: string, options: RateLimitRule): KeyedRule {
  const { algorithm = 'token-bucket', key = 'address', ipv6Prefix = 64, name = 'default' } = options
  if (!RATE_ALGORITHMS.includes(algorithm))
    throw invalidOption(owner, 'algorithm', `one of ${RATE_ALGORITHMS.join(', ')}`, algorithm)
  if (typeof name !== 'string' || !/^[A-Za-z0-9_.-]{1,64}$/.test(name))
    throw invalidOption(owner, 'name', 'up to 64 letters, digits, "-", "_" and "."', name)
  const logs = algorithm === 'sliding-window'
  const limit = integer(owner, 'limit', options.limit, { min: 1, ...(logs ? { max: MAX_LOGGED } : {}) })
  const perMs = durationMs(owner, 'per', options.per, { min: 1 })
  if (!Number.isInteger(perMs)) throw invalidOption(owner, 'per', 'whole milliseconds', options.per)
  const drains = algorithm === 'token-bucket' || algorithm === 'gcra'
  if (options.burst !== undefined && !drains)
    throw invalidOption(owner, 'burst', 'left out, since windows have none', options.burst)
  const burst = drains
    ? integer(owner, 'burst', options.burst ?? (algorithm === 'gcra' ? 1 : limit), { min: 1 })
    : limit
  if (Math.max(limit, burst) * perMs > MAX_PRODUCT)
    throw invalidOption(
      owner,
      burst > limit ? 'burst' : 'limit',
      `at most ${Math.floor(MAX_PRODUCT / perMs)} for that time`,
      Math.max(limit, burst),
    )
  const prefix = integer(owner, 'ipv6Prefix', ipv6Prefix, { min: 1, max: 128 })
  return { name, algorithm, limit, perMs, burst, ...keyMaker(owner, key, prefix) }
}

/** One rule that stands in the options themselves, or a list of them. @throws `ERR_OPTION_INVALID` */
export function checkedRules(
  owner: string,
  single: RateLimitRuleOptions,
  list: readonly RateLimitRule[] | undefined,
): readonly KeyedRule[] {
  if (list === undefined) return [checkedRule(owner, single as RateLimitRule)]
  for (const option of RULE_OPTIONS as readonly (keyof RateLimitRule)[])
    if (single[option] !== undefined)
      throw invalidOption(owner, option, 'left out, where "rules" is given', single[option])
  if (!Array.isArray(list) || list.length === 0 || list.length > MAX_RULES)
    throw invalidOption(owner, 'rules', `a list of 1 to ${MAX_RULES} rules`, list)
  const rules = list.map((rule, i) => {
    const each = `${owner}: rules[${i}]`
    knownOptions(each, rule, RULE_OPTIONS)
    return checkedRule(each, rule)
  })
  rules.forEach(({ name }, i) => {
    if (rules.findIndex((it) => it.name === name) < i)
      throw invalidOption(`${owner}: rules[${i}]`, 'name', 'given, and another one for each rule', name)
  })
  return rules
}

/** All are looked at for each request. */
const MAX_RULES = 16
