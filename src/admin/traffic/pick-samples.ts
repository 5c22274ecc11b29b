import type { DecisionRecord, PickRecord } from '../../core/decision-record.ts'
import type { Exchange } from '../../core/exchange.ts'
import { Recent } from './recent.ts'
import { shortenedPick } from './shortened-pick.ts'

/** At most one exchange in so long is looked at. */
const EVERY_MS = 100
const KEPT = 20
const MAX_POOLS = 256
/** Beside a pool that is busy, another one may be looked at seldom. */
const FRESH_MS = 60_000

/** The last decisions of a pool. */
export interface PoolDecisions {
  /** With all its candidates; `undefined` where it is older than a minute, and says nothing of now. */
  readonly latest: PickRecord | undefined
  /** The latest first. Of each, few of the candidates: a dashboard asks for them each second, of many pools. */
  readonly last: readonly PickRecord[]
}

interface Picks {
  latest: PickRecord | undefined
  readonly recent: Recent<PickRecord>
}

const NONE: PoolDecisions = { latest: undefined, last: [] }

/** The last decisions of each pool, of a sample of the exchanges: most of them cost nothing. */
export class PickSamples {
  readonly #pools = new Map<string, Picks>()
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
    for (const pick of recording.picks) {
      const picks = this.#picksOf(pick.pool)
      picks.latest = { ...pick }
      picks.recent.add(shortenedPick(pick))
    }
  }

  of(pool: string, nowMs: number): PoolDecisions {
    const picks = this.#pools.get(pool)
    if (picks === undefined) return NONE
    const { latest, recent } = picks
    const isFresh = latest !== undefined && nowMs - latest.atMs <= FRESH_MS
    return { latest: isFresh ? latest : undefined, last: recent.all }
  }

  #picksOf(pool: string): Picks {
    const picks = this.#pools.get(pool) ?? { latest: undefined, recent: new Recent(KEPT) }
    // The one that was not heard of for longest is forgotten first.
    this.#pools.delete(pool)
    if (this.#pools.size >= MAX_POOLS) this.#pools.delete(this.#pools.keys().next().value!)
    this.#pools.set(pool, picks)
    return picks
  }
}
