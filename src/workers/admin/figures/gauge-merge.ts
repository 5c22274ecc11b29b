import type { FigureFamily, Series } from './figures.ts'

/** Makes one value of those of two processes. */
export type Merge = (one: number, other: number, series: Series) => number

/** How the values of a family are put together: what counts is added up. */
export function mergeOf({ name, type }: FigureFamily): Merge {
  if (type === 'counter') return sum
  if (type === 'summary') return (one, other, { suffix }) => (suffix === '' ? max(one, other) : one + other)
  const known = GAUGES.find(([pattern]) => pattern.test(name))
  return known === undefined ? sum : known[1]
}

/** A value that is none says nothing. */
function sum(one: number, other: number): number {
  return Number.isNaN(one) ? other : Number.isNaN(other) ? one : one + other
}

function max(one: number, other: number): number {
  return one >= other || Number.isNaN(other) ? one : other
}

function min(one: number, other: number): number {
  return one <= other || Number.isNaN(other) ? one : other
}

/**
 * Gauges of which a sum says nothing. What is 1 for a state stays 1, so that a rule for one process holds for several: it is
 * so where any worker says so, and an endpoint is fit where all say so.
 */
const GAUGES: readonly (readonly [RegExp, Merge])[] = [
  [/_info$/, max],
  [/_start_time_seconds$/, min],
  [/_expiry_timestamp_seconds$/, min],
  [/_timestamp_seconds$/, max],
  [/^proxy_backend_health$/, min],
  [/^proxy_(?:ready|phase|upstream_state|circuit_state)$/, max],
  [/^proxy_(?:upstream_weight|load_shedding_ratio)$/, max],
  [/event_?loop_(?:delay|lag)/, max],
  [/^process_max_fds$/, max],
]
