import type { SharedLink } from '../../core/shared-state.ts'
import type { Counting, MemoryLimiter } from './memory-counts.ts'
import { RATE_ALGORITHMS } from './new-count.ts'
import type { RateLimiter, RateRule, RateVerdict } from './store.ts'

/** What the process that counts for several must know of a filter. */
export interface AskedLimits {
  readonly maxKeys: number
  readonly rules: readonly RateRule[]
}

/** Has the process decide that counts for several. */
export class AskingLimiter implements RateLimiter {
  readonly #link: SharedLink
  readonly #rules: number

  constructor(link: SharedLink, rules: number) {
    this.#link = link
    this.#rules = rules
  }

  take(keys: readonly string[], cost: number): Promise<readonly RateVerdict[]> {
    return this.#link.ask([cost, ...keys]).then((answer) => verdictsOf(answer, this.#rules))
  }
}

export function askedLimits(maxKeys: number, rules: readonly RateRule[]): AskedLimits {
  return {
    maxKeys,
    // What else a filter knows of its rules cannot be sent.
    rules: rules.map(({ name, algorithm, limit, perMs, burst, by }) => {
      return { name, algorithm, limit, perMs, burst, by }
    }),
  }
}

/** What a process has said of its limits; `undefined` for what is none. */
export function readLimits(about: unknown): AskedLimits | undefined {
  if (typeof about !== 'object' || about === null) return undefined
  const { maxKeys, rules } = about as Partial<AskedLimits>
  if (!isCount(maxKeys) || !Array.isArray(rules) || rules.length === 0 || !rules.every(isRule))
    return undefined
  return { maxKeys, rules }
}

/** Answers a question, for so many rules; `undefined` where it is none. */
export function answerOf(
  limiter: MemoryLimiter,
  rules: number,
  question: unknown,
  counting: Counting,
): readonly number[] | undefined {
  if (!Array.isArray(question) || question.length !== rules + 1) return undefined
  const [cost, ...keys] = question as readonly unknown[]
  if (!isCount(cost) || !keys.every(isKey)) return undefined
  return limiter.take(keys, cost, counting).flatMap((it) => [it.waitMs, it.remaining, it.resetMs])
}

function verdictsOf(answer: unknown, rules: number): readonly RateVerdict[] {
  if (!Array.isArray(answer) || answer.length !== 3 * rules)
    throw new TypeError('rate limits: the answer is no verdict for each rule')
  return Array.from({ length: rules }, (_, i) => {
    const [waitMs, remaining, resetMs] = answer.slice(3 * i, 3 * i + 3) as [number, number, number]
    return { waitMs, remaining, resetMs }
  })
}

/** As long as stores are promised that keys are at most. */
const MAX_KEY = 160

function isKey(key: unknown): key is string {
  return typeof key === 'string' && key.length <= MAX_KEY
}

function isRule(rule: unknown): rule is RateRule {
  if (typeof rule !== 'object' || rule === null) return false
  const { name, algorithm, limit, perMs, burst, by } = rule as Partial<RateRule>
  return (
    typeof name === 'string' &&
    typeof by === 'string' &&
    RATE_ALGORITHMS.includes(algorithm as string) &&
    [limit, perMs, burst].every(isCount)
  )
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0
}
