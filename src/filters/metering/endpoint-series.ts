import type { Counter, Counters } from './counters.ts'
import type { Histogram } from './histogram.ts'
import type { SeriesMap } from './series-map.ts'
import type { UpstreamFamilies } from './upstream-families.ts'

/** The series of one endpoint, kept together so that they can go together. */
export class EndpointSeries {
  readonly pool: string
  readonly id: string
  /** Since when its pool has it no more, on the proxy's clock. */
  goneSince: number | undefined
  /** They went, and must be made anew if there is something to count after all. */
  dropped = false
  readonly #families: UpstreamFamilies
  readonly #codes = new Map<number | string, Counter>()
  #duration: Histogram | undefined
  /** Every series of it, and how it goes. */
  readonly #owned = new Map<Counter | Histogram, () => void>()

  constructor(families: UpstreamFamilies, pool: string, id: string) {
    this.#families = families
    this.pool = pool
    this.id = id
  }

  get duration(): Histogram {
    if (this.#duration !== undefined) return this.#duration
    const { durations } = this.#families
    const made = this.#own(durations, durations.of(this.pool, this.id))
    if (!durations.isOverflow(made)) this.#duration = made
    return made
  }

  /** Of attempts, by the status, or the code of the error. */
  attempts(code: number | string): Counter {
    const found = this.#codes.get(code)
    if (found !== undefined) return found
    const { attempts } = this.#families
    const made = this.#own(attempts, attempts.of(this.pool, this.id, String(code)))
    if (!attempts.isOverflow(made)) this.#codes.set(code, made)
    return made
  }

  /** What is counted seldom. */
  count(counters: Counters, by: number, ...more: string[]): void {
    this.#own(counters, counters.of(this.pool, this.id, ...more)).value += by
  }

  drop(): void {
    this.dropped = true
    for (const drop of this.#owned.values()) drop()
  }

  #own<T extends Counter | Histogram>(family: SeriesMap<T>, series: T): T {
    if (!family.isOverflow(series) && !this.#owned.has(series))
      this.#owned.set(series, () => family.drop(series))
    return series
  }
}
