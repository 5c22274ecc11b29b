import type { ResponseTimes } from './response-times.ts'

/** How far above the others an endpoint must be. */
export interface LatencyMargins {
  readonly factor: number
  readonly marginMs: number
}

/** An endpoint that is far slower than the others of its pool. */
export interface LatencyOutlier<T> {
  readonly of: T
  readonly medianMs: number
  /** The median of all of these medians. */
  readonly poolMs: number
}

/**
 * Those whose median response time is far above the pool's, the slowest first. The pool's is the median of the medians, which
 * no minority moves; of an even number the lower one, so that of two halves the faster one is the measure.
 */
export function latencyOutliers<T extends { readonly times: ResponseTimes }>(
  timed: readonly T[],
  { factor, marginMs }: LatencyMargins,
): LatencyOutlier<T>[] {
  const medians = timed.map((of) => ({ of, medianMs: of.times.medianMs }))
  medians.sort((one, other) => one.medianMs - other.medianMs)
  const poolMs = medians[Math.floor((medians.length - 1) / 2)]?.medianMs ?? 0
  return medians
    .filter(({ medianMs }) => medianMs >= poolMs * factor && medianMs >= poolMs + marginMs)
    .map((it) => ({ ...it, poolMs }))
    .reverse()
}
