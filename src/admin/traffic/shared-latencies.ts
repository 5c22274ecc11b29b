/** How long exchanges took, as counts that can be added to those of others; percentiles cannot. */
export interface SharedLatencies {
  /** Of the last minute, the second that runs included. */
  readonly minute: LatencyCounts
  /** Those seconds in which exchanges have ended. */
  readonly seconds: readonly SecondCounts[]
  /** Of the last minute, by the route's name. */
  readonly routes: Readonly<Record<string, LatencyCounts>>
}

/** A histogram, without the buckets that are empty. */
export interface LatencyCounts {
  /** Bucket and count, one after the other. */
  readonly counts: readonly number[]
  readonly maxMs: number
}

export interface SecondCounts extends LatencyCounts {
  /** When it began: as `SecondStatus` says it. */
  readonly at: number
}
