import type { DecisionRecord, PickRecord } from '../../core/decision-record.ts'
import type { Exchange } from '../../core/exchange.ts'
import { Recent } from './recent.ts'

/** At most one exchange in so long is looked at. */
const EVERY_MS = 100
const KEPT = 20
const MAX_POOLS = 256

/** The last decisions of each pool, of a sample of the exchanges: most of them cost nothing. */
export class PickSamples {
  readonly #pools = new Map<string, Recent<PickRecord>>()
  /** Those that are looked at, and under way. */
  readonly #sampled = new Set<Exchange>()
  #nextAtMs = Number.NEGATIVE_INFINITY

  began(exchange: Exchange): void {
    const { startedAt } = exchange
    if (startedAt < this.#nextAtMs) return
    this.#nextAtMs = startedAt + EVERY_MS
    exchange.record()
    this.#sampled.add(exchange)
  }

  ended(exchange: Exchange): void {
    const recording: DecisionRecord | undefined = exchange.recording
    if (recording === undefined || !this.#sampled.delete(exchange)) return
    // Copies, since who writes a record holds on to endpoints.
    for (const pick of recording.picks) this.#recent(pick.pool).add({ ...pick })
  }

  /** The latest first. */
  of(pool: string): readonly PickRecord[] {
    return this.#pools.get(pool)?.all ?? []
  }

  #recent(pool: string): Recent<PickRecord> {
    const recent = this.#pools.get(pool) ?? new Recent(KEPT)
    // The one that was not heard of for longest is forgotten first.
    this.#pools.delete(pool)
    if (this.#pools.size >= MAX_POOLS) this.#pools.delete(this.#pools.keys().next().value!)
    this.#pools.set(pool, recent)
    return recent
  }
}
