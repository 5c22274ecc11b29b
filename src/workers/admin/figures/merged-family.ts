import type { Bucket, FigureFamily, HistogramFigures, Series } from './figures.ts'
import { type Merge, mergeOf } from './gauge-merge.ts'

/** One family of several processes: the first says what it is, and those that say otherwise are left out. */
export function mergedFamily(all: readonly FigureFamily[]): FigureFamily {
  const first = all[0]!
  if (all.length === 1) return first
  const merge = mergeOf(first)
  const series = new Map(first.series)
  for (const family of all.slice(1)) {
    if (family.type !== first.type) continue
    for (const [key, one] of family.series) {
      const before = series.get(key)
      series.set(key, before === undefined ? one : mergedSeries(before, one, merge))
    }
  }
  return { ...first, series }
}

/**
 * The same with what processes have counted that have ended. A histogram that had other bounds is left out: it would leave
 * those that both have, for good.
 */
export function withEnded(live: FigureFamily, ended: FigureFamily): FigureFamily {
  const fitting = [...ended.series].filter(([key, one]) => {
    const bounds = live.series.get(key)?.histogram?.buckets
    return bounds === undefined || [...bounds.keys()].every((bound) => one.histogram?.buckets.has(bound))
  })
  return mergedFamily([live, { ...ended, series: new Map(fitting) }])
}

function mergedSeries(one: Series, other: Series, merge: Merge): Series {
  const { histogram, value } = one
  if (histogram === undefined || other.histogram === undefined)
    return { ...one, value: merge(value, other.value, one) }
  return { ...one, value: value + other.value, histogram: mergedHistogram(histogram, other.histogram) }
}

/** With the bounds that both have: what is at most that is known of both. */
function mergedHistogram(one: HistogramFigures, other: HistogramFigures): HistogramFigures {
  const buckets = new Map<string, Bucket>()
  for (const [bound, bucket] of one.buckets) {
    const more = other.buckets.get(bound)
    if (more === undefined) continue
    buckets.set(bound, { count: bucket.count + more.count, exemplar: bucket.exemplar || more.exemplar })
  }
  return { count: one.count + other.count, buckets }
}
