import type { LatencyWindow } from './latency-window.ts'

/** What is put up with besides, as a part of the limit. */
const LENIENCY = 0.1

/**
 * The next limit: how many of those under way wait in the service, to judge by its latency, is kept between two bounds.
 *
 * It is TCP Vegas (Brakmo and Peterson, 1994) with the bounds of Netflix' concurrency-limits, three and six times the decimal
 * logarithm of the limit, and a tenth of it besides, as that once had. Where latencies vary by themselves, the one at rest is
 * known to a fifth or so, which at a limit of 16 is three requests that seem to wait and do not: without the tenth, such a
 * limit sinks below what the service can do. It keeps the queue shorter than `gradientLimit` does.
 */
export function vegasLimit(
  limit: number,
  { meanMs, baselineMs, maxInFlight, refusedShare }: LatencyWindow,
): number {
  const step = Math.max(1, Math.log10(limit))
  if (refusedShare > 0) return Math.min(limit - step, limit * (1 - refusedShare / 2))
  // A limit that was not reached has not been tried.
  if (Number.isNaN(meanMs) || maxInFlight < limit / 2) return limit
  const queued = meanMs > baselineMs ? Math.ceil(limit * (1 - baselineMs / meanMs)) : 0
  if (queued <= step) return limit + 6 * step
  const lenient = LENIENCY * limit
  if (queued < 3 * step + lenient) return limit + step
  if (queued > 6 * step + lenient) return limit - step
  return limit
}
