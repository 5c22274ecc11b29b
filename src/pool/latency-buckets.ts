/** Eight to an octave: a bound is at most 9 % above what it stands for. */
const PER_OCTAVE = 8
/** The lowest bound, in milliseconds: 2 ** -4. */
const LOWEST = -4

/** How many there are: up to 2 ** 17 ms, which is two minutes; what is longer counts as that. */
export const LATENCY_BUCKETS: number = (17 - LOWEST) * PER_OCTAVE + 1

/** The first bucket whose bound is not below so many milliseconds. */
export function bucketOf(ms: number): number {
  const bucket = Math.ceil((Math.log2(Math.max(ms, 2 ** LOWEST)) - LOWEST) * PER_OCTAVE)
  return Math.min(LATENCY_BUCKETS - 1, Math.max(0, bucket))
}

/** The longest time that a bucket stands for, in milliseconds. */
export function boundOf(bucket: number): number {
  return 2 ** (bucket / PER_OCTAVE + LOWEST)
}
