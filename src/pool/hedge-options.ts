import { type Duration, durationMs, invalidOption, knownOptions } from '../core/options.ts'
import { type RepeatableRule, repeatableRule } from './repeatable.ts'

/** When an attempt that is late gets a second one beside it. Times are milliseconds or `'50ms'`, `'1s'`. */
export interface HedgeOptions {
  /**
   * When the second attempt begins: after a fixed time, or when the pool has answered that part of its latest requests,
   * from `'p50'` to `'p99.9'`. Until a hundred responses have been timed, a percentile hedges nothing. Default `'p95'`.
   */
  afterMs?: Duration | `p${number}`
  /** Second attempts for each request, from 0 to 1, whatever the rate. Default 0.05: at most 5 % more load. */
  budget?: number
  /** Methods of requests that may be sent twice. Default those of RFC 9110 section 9.2.2 and QUERY, as for `retry`. */
  methods?: readonly string[]
  /** Takes a request with an `Idempotency-Key` for one that may be sent twice, whatever its method. Default false. */
  idempotencyKey?: boolean
}

/** The options, checked. */
export interface HedgeSettings extends RepeatableRule {
  /** Milliseconds; `undefined` where `part` says it. */
  readonly afterMs: number | undefined
  /** 0.95 for the time within which 95 % are answered. */
  readonly part: number | undefined
  readonly budget: number
}

const OWNER = 'pool.hedge'
const OPTIONS: readonly string[] = [
  'afterMs',
  'budget',
  'methods',
  'idempotencyKey',
] satisfies (keyof HedgeOptions)[]
const PERCENTILE = /^p(\d\d(?:\.\d)?)$/

/** Checks the options and fills in the defaults. */
export function hedgeSettings(options: HedgeOptions): HedgeSettings {
  knownOptions(OWNER, options, OPTIONS)
  const { afterMs = 'p95', budget = 0.05 } = options
  if (typeof budget !== 'number' || !(budget >= 0 && budget <= 1))
    throw invalidOption(OWNER, 'budget', 'a number from 0 to 1', budget)
  return { ...repeatableRule(OWNER, options), ...delayOf(afterMs), budget }
}

function delayOf(given: Duration | `p${number}`): Pick<HedgeSettings, 'afterMs' | 'part'> {
  if (typeof given !== 'string' || !given.startsWith('p'))
    return { afterMs: durationMs(OWNER, 'afterMs', given as Duration, { min: 1 }), part: undefined }
  const percent = Number(PERCENTILE.exec(given)?.[1])
  if (!(percent >= 50 && percent <= 99.9))
    throw invalidOption(OWNER, 'afterMs', 'a duration, or a percentile from "p50" to "p99.9"', given)
  return { afterMs: undefined, part: percent / 100 }
}
