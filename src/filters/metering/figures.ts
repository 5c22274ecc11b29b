import { type Clock, systemClock } from '../../core/clock.ts'
import type { Observer } from '../../core/observer.ts'
import type { ProxyView } from '../../core/proxy-view.ts'
import { EndpointDirectory } from './endpoint-directory.ts'
import { EventLoop } from './event-loop.ts'
import { ExchangeFamilies } from './exchange-families.ts'
import { ExchangeMeter } from './exchange-meter.ts'
import type { Family, FigureFamily } from './family.ts'
import { cacheFamilies, filterFamilies } from './filter-families.ts'
import { listenerFamilies } from './listener-families.ts'
import { poolFamilies } from './pool-families.ts'
import { processFamilies } from './process-families.ts'
import { ProxyObserver } from './proxy-observer.ts'
import type { Define } from './read-families.ts'
import { Readings } from './readings.ts'
import type { RegisteredSource } from './registered-family.ts'
import { UpstreamFamilies } from './upstream-families.ts'
import { viewTogether } from './view-together.ts'

export interface FiguresSettings {
  /** Upper bounds, ascending. */
  readonly buckets: readonly number[]
  readonly maxSeries: number
}

/** A proxy whose figures these are. */
interface Shown {
  readonly owner: object
  readonly view: ProxyView
}

/** All that is known of one proxy in figures, or of several that have the same `metrics()`. What takes the place of one `metrics()` at a reload goes on with them. */
export class Figures implements RegisteredSource {
  readonly settings: FiguresSettings
  readonly meter: ExchangeMeter
  /** In the order in which they are written. */
  readonly families: readonly Family[]
  readonly #upstreams: UpstreamFamilies
  readonly #endpoints: EndpointDirectory
  readonly #loop: EventLoop = new EventLoop(() => this.clock)
  /** In the order in which they were started, with who tells of their end. */
  #shown: readonly Shown[] = []
  #view: ProxyView | undefined

  constructor(settings: FiguresSettings) {
    const { maxSeries, buckets } = settings
    this.settings = settings
    const exchanges = new ExchangeFamilies(maxSeries, buckets)
    const upstreams = new UpstreamFamilies(maxSeries, buckets)
    this.meter = new ExchangeMeter(exchanges)
    this.#endpoints = new EndpointDirectory(upstreams, maxSeries)
    this.#upstreams = upstreams
    const defined = this.#defining('gauge')
    const counted = this.#defining('counter')
    const view = () => this.#view
    const own: readonly Family[] = [...Object.values(exchanges), ...Object.values(upstreams)]
    const read: readonly FigureFamily[] = [
      defined('proxy_active_requests', 'Exchanges that are under way.', [], (put) => put(this.meter.active)),
      ...[listenerFamilies, poolFamilies, filterFamilies, cacheFamilies, processFamilies(this.#loop)].flatMap(
        (families) => families(defined, counted, view),
      ),
    ]
    const counting = [...own, ...read]
    const overflow = counted(
      'proxy_metrics_overflow_total',
      'What had no room in a family: counts that went to its series overflow, and values that were left out of a scrape.',
      ['family'],
      (put) => {
        for (const { name, overflowed } of counting) if (overflowed > 0) put(overflowed, name)
      },
    )
    this.families = [...own, ...read, overflow]
  }

  get clock(): Clock {
    return this.#view?.clock ?? systemClock
  }

  /** One more who counts into them. */
  observer(): Observer {
    return new ProxyObserver(this.#upstreams, this.#endpoints)
  }

  /** A proxy has begun, or a reload has brought another owner. */
  begin(owner: object, view: ProxyView): void {
    this.#show([...this.#shown.filter((it) => it.view !== view), { owner, view }])
    this.#loop.begin()
  }

  /** Does nothing where another owner has taken over. */
  end(owner: object, view: ProxyView): void {
    this.#show(this.#shown.filter((it) => it.view !== view || it.owner !== owner))
    if (this.#shown.length === 0) this.#loop.end()
  }

  /** Before they are shown: forgets what is long gone. */
  sweep(): void {
    if (this.#view !== undefined) this.#endpoints.sweep(this.#view)
  }

  #show(shown: readonly Shown[]): void {
    this.#shown = shown
    this.#view = viewTogether(shown.map(({ view }) => view))
  }

  #defining(type: 'counter' | 'gauge'): Define {
    const { maxSeries } = this.settings
    return (name, help, labels, read, merge) =>
      new Readings({ type, name, help, labels, ...(merge === undefined ? {} : { merge }) }, maxSeries, read)
  }
}
