import { answerOf, readLimits } from '../../filters/rate-limiting/asked-limits.ts'
import { type Counting, MemoryCounts } from '../../filters/rate-limiting/memory-counts.ts'
import { ruleId } from '../../filters/rate-limiting/store.ts'

/** Decides for one filter of one worker. */
export interface RateDecider {
  readonly store: string
  /** By their ids. */
  readonly rules: readonly string[]
  /** `undefined` for what is no question. */
  decide(question: unknown): unknown
}

/** The counts of all workers' rate limits: one store for each that a worker's script has made. */
export class SharedRates {
  readonly #counting: Counting
  readonly #stores = new Map<string, MemoryCounts>()

  constructor(counting: Counting) {
    this.#counting = counting
  }

  /** Keys that are counted, of all stores. */
  get keys(): number {
    let sum = 0
    for (const { keys } of this.#stores.values()) sum += keys
    return sum
  }

  /** Rules that are counted, of all stores. */
  get rules(): number {
    let sum = 0
    for (const { rules } of this.#stores.values()) sum += rules
    return sum
  }

  /** `of` names the store; `undefined` where what is said of the limits cannot be read. */
  decider(of: string, about: unknown): RateDecider | undefined {
    const limits = readLimits(about)
    if (limits === undefined) return undefined
    const { maxKeys, rules } = limits
    const store = `${maxKeys} ${of}`
    const counts = this.#stores.get(store) ?? new MemoryCounts(maxKeys)
    this.#stores.set(store, counts)
    const limiter = counts.limiter(rules)
    return {
      store,
      rules: rules.map(ruleId),
      decide: (question) => answerOf(limiter, rules.length, question, this.#counting),
    }
  }

  /** Forgets what no filter counts by any more. */
  keepOnly(deciders: Iterable<RateDecider>): void {
    const used = new Map<string, Set<string>>()
    for (const { store, rules } of deciders) {
      const ids = used.get(store) ?? new Set()
      used.set(store, ids)
      for (const id of rules) ids.add(id)
    }
    for (const [name, store] of this.#stores) {
      const ids = used.get(name)
      if (ids === undefined) this.#stores.delete(name)
      else store.keepOnly(ids)
    }
  }
}
