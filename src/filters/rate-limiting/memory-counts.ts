import type { Clock } from '../../core/clock.ts'
import type { Exchange } from '../../core/exchange.ts'
import { CountTable } from './count-table.ts'
import { PerClock } from './per-clock.ts'
import { type RateLimiter, type RateRule, type RateVerdict, ruleId } from './store.ts'

/** Time and chance: those of an exchange, or of whoever counts for several processes. */
export type Counting = Pick<Exchange, 'clock' | 'random'>

/** What a key takes with its place in the table, where it is as long as it may be; and a record of a log. */
const KEY_BYTES = 400
const RECORD_BYTES = 40

type Tables = Map<string, CountTable>

/** The counts of rules in memory: a table for each. Filters whose rules are equal count together. */
export class MemoryCounts {
  readonly maxKeys: number
  readonly #tables = new PerClock<Tables>(() => new Map())

  constructor(maxKeys: number) {
    this.maxKeys = maxKeys
  }

  get keys(): number {
    return sum(this.#tables.last, ({ keys }) => keys)
  }

  get bytes(): number {
    return sum(this.#tables.last, ({ keys, records }) => keys * KEY_BYTES + records * RECORD_BYTES)
  }

  /** Rules that are counted. */
  get rules(): number {
    return this.#tables.last?.size ?? 0
  }

  limiter(rules: readonly RateRule[]): MemoryLimiter {
    return new MemoryLimiter(this, rules)
  }

  tables(rules: readonly RateRule[], { clock, random }: Counting): readonly CountTable[] {
    const all = this.#tables.of(clock)
    return rules.map((rule) => {
      const id = ruleId(rule)
      const table = all.get(id) ?? new CountTable(rule, this.maxKeys, random)
      all.set(id, table)
      return table
    })
  }

  /** Forgets all rules but these, by their ids. Limiters of others are of no use any more. */
  keepOnly(ids: ReadonlySet<string>): void {
    const all = this.#tables.last
    for (const id of all?.keys() ?? []) if (!ids.has(id)) all!.delete(id)
  }
}

/** Decides for the rules of one filter, at once. */
export class MemoryLimiter implements RateLimiter {
  readonly #counts: MemoryCounts
  readonly #rules: readonly RateRule[]
  #clock: Clock | undefined
  #tables: readonly CountTable[] = []

  constructor(counts: MemoryCounts, rules: readonly RateRule[]) {
    this.#counts = counts
    this.#rules = rules
  }

  take(keys: readonly string[], cost: number, counting: Counting): readonly RateVerdict[] {
    const { clock } = counting
    if (clock !== this.#clock) {
      this.#clock = clock
      this.#tables = this.#counts.tables(this.#rules, counting)
    }
    const now = Math.floor(clock.now())
    const tables = this.#tables
    const counts = keys.map((key, i) => tables[i]!.countOf(key))
    const waits = counts.map((count) => count.waitMs(cost, now))
    if (waits.every((waitMs) => waitMs === 0))
      for (let i = 0; i < keys.length; i++) tables[i]!.take(keys[i]!, counts[i]!, cost, now)
    return counts.map((count, i) => ({
      waitMs: waits[i]!,
      remaining: count.remaining(now),
      resetMs: count.freshInMs(now),
    }))
  }
}

function sum(tables: Tables | undefined, of: (table: CountTable) => number): number {
  let total = 0
  for (const table of tables?.values() ?? []) total += of(table)
  return total
}
