import { createRequire } from 'node:module'
import type { OpenMetricsContentType, Registry } from 'prom-client'
import { Body } from '../core/body.ts'
import { type Companion, withCompanion } from '../core/companion.ts'
import { type Filter, type Handler, named } from '../core/handler.ts'
import { respond } from '../core/message.ts'
import type { Observer } from '../core/observer.ts'
import { integer, invalidOption, knownOptions } from '../core/options.ts'
import type { Exposition, ProxyView } from '../core/proxy-view.ts'
import { Figures, type FiguresSettings } from './metering/figures.ts'
import { Registration } from './metering/registered-family.ts'
import { TextExposition } from './metering/text-exposition.ts'

/** A registry of prom-client, whichever of its formats it writes. */
export type MetricsRegistry = Registry | Registry<OpenMetricsContentType>

export interface MetricsOptions {
  /** Upper bounds of the buckets of both histograms, in seconds, ascending. Default: those of OpenTelemetry, 5 ms to 10 s. */
  buckets?: readonly number[]
  /**
   * Series of each metric, at most. What is counted and has no room goes to one series more, whose labels are all `overflow`;
   * what is read at a scrape, such as the state of an endpoint, is left out. `proxy_metrics_overflow_total` says how much that
   * is. Default 10 000.
   */
  maxSeries?: number
  /** A registry of prom-client that the metrics are put in. What else is in it is shown too. Default: a new one. */
  registry?: MetricsRegistry
  /** What lists of filters show. Default `metrics`. */
  name?: string
}

/** A filter that counts, and what shows the counts. */
export interface Metrics extends Filter {
  /** Answers with the metrics, as Prometheus reads them: for a route of its own. */
  readonly handler: Handler
  /** Has all metrics of this proxy. Your own that are put in it are shown with them. */
  readonly registry: MetricsRegistry
}

const OWNER = 'metrics'
const BUCKETS: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]

/**
 * Counts what a proxy does, for Prometheus: exchanges, attempts, retries, ejections, connections, limits, caches, the event
 * loop. All metrics with their labels are in the [guide](../guides/observability.md#metrics).
 *
 * It counts the exchanges that come by it, so it belongs first: `proxy().use(metrics())`. All else it is told by the proxy
 * that it stands in, wherever. The admin listener shows the metrics at `/metrics`; without one, give `handler` a route.
 *
 * No label has what a client makes up. Series of an endpoint that a pool has no more go after five minutes. A reload
 * keeps the counts, unless `buckets` or `maxSeries` differ. In several proxies of a process, one filter counts for all of them.
 *
 * The traps: a route to `handler` on a public listener shows your routes and services to everyone. In `pool(...).use` it would
 * take each attempt for an exchange, and be told of nothing else. A proxy with two of them does not start: what one shows,
 * both would.
 *
 * @example
 * proxy().use(metrics()).route('/users', pool(['http://users:8080']))
 *
 * @throws `ERR_OPTION_INVALID` for an option that is wrong, and for a registry that has other metrics of these names.
 */
export function metrics(options: MetricsOptions = {}): Metrics {
  knownOptions(OWNER, options, OPTIONS)
  const { registry = ownRegistry(), name = OWNER } = options
  if (typeof registry?.registerMetric !== 'function')
    throw invalidOption(OWNER, 'registry', 'a Registry of prom-client', registry)
  if (typeof name !== 'string' || name === '')
    throw invalidOption(OWNER, 'name', 'a text that is not empty', name)
  const companion = new MetricsCompanion(settingsOf(options), registry)
  const filter: Filter = (exchange, next) => {
    companion.figures.meter.began(exchange)
    return next(exchange)
  }
  const handler: Handler = ({ request }) => {
    const { contentType, pieces } = companion.exposition.expose(request.headers.get('accept'))
    return respond(200, Body.from(encoded(pieces)), {
      'Content-Type': contentType,
      'Cache-Control': 'no-store',
    })
  }
  Object.defineProperties(named(filter, name), {
    handler: { value: named(handler, name) },
    registry: { value: registry },
  })
  return withCompanion(filter, companion) as Metrics
}

/** Loaded here and not with the module: it takes longer than all filters together, and most who load those have no metrics. */
function ownRegistry(): MetricsRegistry {
  const { Registry } = createRequire(import.meta.url)('prom-client') as typeof import('prom-client')
  return new Registry()
}

class MetricsCompanion implements Companion {
  readonly kind = 'metrics'
  readonly exposition: Exposition
  /** Those that the one before it had, where that was set up alike. */
  figures: Figures
  /** One of its own, though it counts into figures of another: with that other, the other's observer goes. */
  observer: Observer
  readonly #registration: Registration

  constructor(settings: FiguresSettings, registry: MetricsRegistry) {
    this.figures = new Figures(settings)
    this.observer = this.figures.observer()
    this.#registration = new Registration(OWNER, registry, this.figures)
    this.exposition = new TextExposition(() => this.figures, registry)
  }

  start(proxy: ProxyView, before: Companion | undefined): void {
    if (before instanceof MetricsCompanion && sameSettings(before.figures, this.figures))
      this.#take(before.figures)
    this.figures.begin(this, proxy)
    this.#registration.take(this.figures)
  }

  end(proxy: ProxyView): void {
    this.figures.end(this, proxy)
  }

  #take(figures: Figures): void {
    if (figures === this.figures) return
    this.figures = figures
    this.observer = figures.observer()
  }
}

function sameSettings({ settings: one }: Figures, { settings: other }: Figures): boolean {
  return one.maxSeries === other.maxSeries && one.buckets.join() === other.buckets.join()
}

function settingsOf({ buckets = BUCKETS, maxSeries = 10_000 }: MetricsOptions): FiguresSettings {
  const isAscending =
    Array.isArray(buckets) &&
    buckets.length > 0 &&
    buckets.length <= 100 &&
    buckets.every((bound, i) => Number.isFinite(bound) && bound > 0 && (i === 0 || bound > buckets[i - 1]))
  if (!isAscending)
    throw invalidOption(
      OWNER,
      'buckets',
      'a list of 1 to 100 seconds, each more than the one before',
      buckets,
    )
  return {
    buckets: [...buckets],
    maxSeries: integer(OWNER, 'maxSeries', maxSeries, { min: 1, max: 1_000_000 }),
  }
}

async function* encoded(pieces: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) yield Buffer.from(piece)
}

const OPTIONS: readonly string[] = [
  'buckets',
  'maxSeries',
  'registry',
  'name',
] satisfies (keyof MetricsOptions)[]
