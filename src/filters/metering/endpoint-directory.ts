import type { ObservedEndpoint } from '../../core/observer.ts'
import type { ProxyView } from '../../core/proxy-view.ts'
import { EndpointSeries } from './endpoint-series.ts'
import { OVERFLOW } from './series-map.ts'
import type { UpstreamFamilies } from './upstream-families.ts'

/** So long series of an endpoint are shown that its pool has no more: what was counted last is to be scraped once, or twice. */
const SHOWN_MS = 300_000
/** A registry asks for one family after the other, each of which would look for what is gone. */
const SWEEP_EACH_MS = 1_000

/** The series of all endpoints that are known, and of those that went a short time ago. */
export class EndpointDirectory {
  readonly #families: UpstreamFamilies
  readonly #max: number
  readonly #found = new WeakMap<ObservedEndpoint, EndpointSeries>()
  readonly #all = new Map<string, EndpointSeries>()
  readonly #overflow: EndpointSeries
  #sweptAt = Number.NEGATIVE_INFINITY

  constructor(families: UpstreamFamilies, max: number) {
    this.#families = families
    this.#max = max
    this.#overflow = new EndpointSeries(families, OVERFLOW, OVERFLOW)
  }

  of(endpoint: ObservedEndpoint): EndpointSeries {
    const found = this.#found.get(endpoint)
    return found !== undefined && !found.dropped ? found : this.#series(endpoint)
  }

  /** Lets go of endpoints that went a while ago. Costs next to nothing when it is called again at once. */
  sweep({ pools, clock }: ProxyView): void {
    const now = clock.now()
    // Of another clock, as where the filter was in two proxies, the time may be an earlier one.
    if (Math.abs(now - this.#sweptAt) < SWEEP_EACH_MS) return
    this.#sweptAt = now
    const present = new Set(
      pools.flatMap(({ name, endpoints }) => endpoints.map(({ id }) => keyOf(name, id))),
    )
    for (const [key, series] of this.#all)
      if (present.has(key)) series.goneSince = undefined
      else if (series.goneSince === undefined) series.goneSince = now
      else if (now - series.goneSince >= SHOWN_MS) {
        series.drop()
        this.#all.delete(key)
      }
  }

  #series(endpoint: ObservedEndpoint): EndpointSeries {
    const { pool, id } = endpoint
    const key = keyOf(pool, id)
    let series = this.#all.get(key)
    if (series === undefined) {
      if (this.#all.size >= this.#max) return this.#overflow
      series = new EndpointSeries(this.#families, pool, id)
      // An increase from nothing is none to Prometheus, and ejections are few.
      series.count(this.#families.ejections, 0)
      this.#all.set(key, series)
    }
    this.#found.set(endpoint, series)
    return series
  }
}

function keyOf(pool: string, id: string): string {
  return JSON.stringify([pool, id])
}
