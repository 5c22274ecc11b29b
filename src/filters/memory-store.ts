import type { Clock } from '../core/clock.ts'
import type { Exchange } from '../core/exchange.ts'
import { integer, knownOptions } from '../core/options.ts'
import { CountTable } from './rate-limiting/count-table.ts'
import { PerClock } from './rate-limiting/per-clock.ts'
import {
  type RateLimiter,
  type RateLimitStore,
  type RateRule,
  type RateVerdict,
  ruleId,
} from './rate-limiting/store.ts'

export interface MemoryStoreOptions {
  /** Keys of each rule that are counted apart. Each takes 500 bytes at most, and 640 more where a `sliding-window` logs. Default 100 000. */
  maxKeys?: number
}

/** Counts of this process alone. */
export interface MemoryStore extends RateLimitStore {
  /** Keys that are kept at the moment, of all rules. */
  readonly keys: number
  /** An upper bound of the bytes that they take, with what is remembered of others. */
  readonly bytes: number
}

const OWNER = 'memoryStore'
const OPTIONS: readonly string[] = ['maxKeys'] satisfies (keyof MemoryStoreOptions)[]

/** What a key takes with its place in the table, where it is as long as it may be; and a record of a log. */
const KEY_BYTES = 400
const RECORD_BYTES = 40

/**
 * Keeps the counts of rate limits in this process: exact, at once, and gone with it. It is what `rateLimit` uses where no
 * other store is given.
 *
 * However many keys clients make up, it keeps `maxKeys` of each rule at most. Keys that have all their units again are
 * removed, and where there is none such, the one of a few that has used least. What that has used is not forgotten: it is
 * kept together with others, and a key that comes anew may find as much used as they had. So a flood of keys gives nobody units
 * back. During one, a client that is new may find fewer than it should; it finds none only when others have asked, within the
 * rule's time, for as much as `maxKeys` clients may have.
 *
 * @throws `ERR_OPTION_INVALID` for an option that is wrong.
 * @example
 * rateLimit({ limit: 100, per: '1m', store: memoryStore({ maxKeys: 1_000_000 }) })
 */
export function memoryStore(options: MemoryStoreOptions = {}): MemoryStore {
  knownOptions(OWNER, options, OPTIONS)
  return new Memory(integer(OWNER, 'maxKeys', options.maxKeys ?? 100_000, { min: 1, max: 10_000_000 }))
}

type Tables = Map<string, CountTable>

class Memory implements MemoryStore {
  readonly #maxKeys: number
  readonly #tables = new PerClock<Tables>(() => new Map())

  constructor(maxKeys: number) {
    this.#maxKeys = maxKeys
  }

  get keys(): number {
    return sum(this.#tables.last, ({ keys }) => keys)
  }

  get bytes(): number {
    return sum(this.#tables.last, ({ keys, records }) => keys * KEY_BYTES + records * RECORD_BYTES)
  }

  limiter(rules: readonly RateRule[]): RateLimiter {
    return new MemoryLimiter(this, rules)
  }

  tables(rules: readonly RateRule[], { clock, random }: Exchange): readonly CountTable[] {
    const all = this.#tables.of(clock)
    return rules.map((rule) => {
      const id = ruleId(rule)
      const table = all.get(id) ?? new CountTable(rule, this.#maxKeys, random)
      all.set(id, table)
      return table
    })
  }
}

function sum(tables: Tables | undefined, of: (table: CountTable) => number): number {
  let total = 0
  for (const table of tables?.values() ?? []) total += of(table)
  return total
}

class MemoryLimiter implements RateLimiter {
  readonly #store: Memory
  readonly #rules: readonly RateRule[]
  #clock: Clock | undefined
  #tables: readonly CountTable[] = []

  constructor(store: Memory, rules: readonly RateRule[]) {
    this.#store = store
    this.#rules = rules
  }

  take(keys: readonly string[], cost: number, exchange: Exchange): readonly RateVerdict[] {
    const { clock } = exchange
    if (clock !== this.#clock) {
      this.#clock = clock
      this.#tables = this.#store.tables(this.#rules, exchange)
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
