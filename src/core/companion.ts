import type { Observer } from './observer.ts'
import type { Exposition, ProxyView } from './proxy-view.ts'

/**
 * What goes with a whole proxy, beside its exchanges: it is told what the proxy does (`observer`), and may look at how things
 * stand (`start`). A proxy has those of `attach`, and those of its filters.
 */
export interface Companion {
  /** At a reload, one goes on with what the first of its kind has that the new description lacks. */
  readonly kind: string
  /** Told of what the proxy does, from before its first exchange to the end. */
  readonly observer?: Observer | undefined
  /** What it has to tell Prometheus. */
  readonly exposition?: Exposition | undefined
  /**
   * The proxy that has it begins, or a reload has brought it. `before` is the one of its kind that it takes the place of. If
   * it rejects, the start or the reload fails; in a reload, `before` is started once more, with this one as what was there
   * before, if that had started.
   */
  start?(proxy: ProxyView, before: Companion | undefined): Promise<void> | void
  /** The proxy has ended, or a reload has taken it away: it releases what it holds and no other took over. */
  end?(proxy: ProxyView): Promise<void> | void
}

const COMPANION: unique symbol = Symbol('gatewright.companion')

interface Accompanied {
  [COMPANION]?: Companion
}

/** Says what goes with a proxy that has this filter. */
export function withCompanion<F extends object>(filter: F, companion: Companion): F {
  Object.defineProperty(filter, COMPANION, { value: companion })
  return filter
}

/** What goes with filters, each once. */
export function companionsOf(filters: Iterable<object>): Companion[] {
  const found = new Set<Companion>()
  for (const filter of filters) {
    const companion = (filter as Accompanied)[COMPANION]
    if (companion !== undefined) found.add(companion)
  }
  return [...found]
}
