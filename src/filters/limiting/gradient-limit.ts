import type { LatencyWindow } from './latency-window.ts'

/** How much slower than at rest a service may be before it counts as loaded. */
const TOLERANCE = 1.5
/** How much of each step is taken: one window alone says little. */
const SMOOTHING = 0.2

/**
 * The next limit: what there was, times how much faster the service is at rest than it is now, and a little more to see
 * whether more can be done.
 *
 * It is Gradient2 of Netflix' concurrency-limits, with the square root of the limit for the queue that is allowed, as in
 * its first version and in Envoy's gradient controller. In balance, 1.5 times what the service does at once is under way,
 * and that root.
 */
export function gradientLimit(
  limit: number,
  { meanMs, baselineMs, maxInFlight, refusedShare }: LatencyWindow,
): number {
  // What is refused is half of what was too much, for all that is known.
  const most = limit * (1 - refusedShare / 2)
  // A limit that was not reached has not been tried.
  if (Number.isNaN(meanMs) || maxInFlight < limit / 2) return Math.min(limit, most)
  const gradient = meanMs > 0 ? Math.max(0.5, Math.min(1, (TOLERANCE * baselineMs) / meanMs)) : 1
  const wanted = limit * gradient + Math.sqrt(limit)
  const next = limit * (1 - SMOOTHING) + wanted * SMOOTHING
  return refusedShare > 0 ? Math.min(next, most) : next
}
