/** What is held against purges. */
export interface Judged {
  readonly key: string
  readonly tags: readonly string[]
  /** When it was asked for: ms since 1970, by the clock of whoever did. */
  readonly requestTime: number
  /** Of the purges of which it is known that it outlived them, the last. `undefined`: only its time says when it was. */
  readonly sequence: number | undefined
}

/** What has become of it: it counts as not there, or is stale since a moment (ms since 1970). */
export type Verdict = 'current' | 'gone' | { readonly staleSince: number }

/**
 * How far the clocks of those who share a store may be apart, in ms, so that a purge by one of them reaches what others hold in
 * memory. What was asked for so much later than an old purge is left alone, though the purge is heard of only now.
 */
const MAX_SKEW_MS = 60_000

/** The last purges of one thing. Two of a kind count as one, at the later of their times: what is between is purged too. */
export class Mark {
  #hardSequence = 0
  #hardTime = Number.NEGATIVE_INFINITY
  #softSequence = 0
  #softTime = Number.NEGATIVE_INFINITY

  set(soft: boolean, sequence: number, time: number): void {
    if (soft) {
      this.#softSequence = Math.max(this.#softSequence, sequence)
      this.#softTime = Math.max(this.#softTime, time)
    } else {
      this.#hardSequence = Math.max(this.#hardSequence, sequence)
      this.#hardTime = Math.max(this.#hardTime, time)
    }
  }

  /** Whatever the other was about is gone, before the last of its purges. */
  takeOver(other: Mark): void {
    this.set(false, other.#hardSequence, other.#hardTime)
    this.set(false, other.#softSequence, other.#softTime)
  }

  /** Whether one of its purges is newer than this. */
  isAfter(it: Judged): boolean {
    return isNewer(this.#hardSequence, this.#hardTime, it) || isNewer(this.#softSequence, this.#softTime, it)
  }

  /** What comes of it beside what is known already. */
  judge(it: Judged, before: Verdict): Verdict {
    if (before === 'gone' || isNewer(this.#hardSequence, this.#hardTime, it)) return 'gone'
    if (!isNewer(this.#softSequence, this.#softTime, it)) return before
    const staleSince = this.#softTime
    return before === 'current' || before.staleSince < staleSince ? { staleSince } : before
  }
}

function isNewer(sequence: number, time: number, it: Judged): boolean {
  if (it.sequence === undefined) return it.requestTime <= time
  return it.sequence < sequence && it.requestTime <= time + MAX_SKEW_MS
}
