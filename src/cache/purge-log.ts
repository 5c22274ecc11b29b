import { resourceOfKey } from './cache-key.ts'
import { type Judged, Mark, type Verdict } from './purge-mark.ts'
import { PurgeMarks } from './purge-marks.ts'
import { isAboutResource, type PatternSubject, type PurgeSubject, resourceName } from './purge-subject.ts'

export interface PurgeLogLimits {
  /** Tags whose last purges are remembered; and as many URLs. */
  readonly maxNames: number
  readonly maxPatterns: number
}

const LIMITS: PurgeLogLimits = { maxNames: 100_000, maxPatterns: 1_000 }

/**
 * What was purged, and when. A purge costs the same however much is stored: nothing is looked for. What is found is held against
 * the purges that came after it was asked for. It has no clock, and bounds: what it forgets is taken to have purged more.
 */
export class PurgeLog {
  readonly #limits: PurgeLogLimits
  readonly #everything = new Mark()
  readonly #tags: PurgeMarks
  readonly #urls: PurgeMarks
  /** By their text, the one that was purged longest ago first. */
  readonly #patterns = new Map<string, { readonly subject: PatternSubject; readonly mark: Mark }>()
  #sequence = 0
  #lastRequestTime = Number.NEGATIVE_INFINITY

  constructor(limits: PurgeLogLimits = LIMITS) {
    this.#limits = limits
    this.#tags = new PurgeMarks(limits.maxNames)
    this.#urls = new PurgeMarks(limits.maxNames)
  }

  /** The number of the last purge: what is asked for now has outlived it. */
  get sequence(): number {
    return this.#sequence
  }

  /** What is remembered. */
  get sizes(): { readonly tags: number; readonly urls: number; readonly patterns: number } {
    return { tags: this.#tags.size, urls: this.#urls.size, patterns: this.#patterns.size }
  }

  /** Something is asked for at this time, in ms since 1970. */
  asked(requestTime: number): void {
    if (requestTime > this.#lastRequestTime) this.#lastRequestTime = requestTime
  }

  /** The time of a purge that is made now: of all that was asked for here it is no older, though the clock was set back. */
  timeOf(now: number): number {
    return Math.max(now, this.#lastRequestTime)
  }

  /** What this is about and was asked for until now is gone, or stale. */
  purge(subject: PurgeSubject, soft: boolean, time: number): void {
    const sequence = ++this.#sequence
    switch (subject.kind) {
      case 'url':
        this.#urls.set(subject.name, soft, sequence, time)
        break
      case 'tag':
        this.#tags.set(subject.tag, soft, sequence, time)
        break
      case 'pattern':
        this.#purgePattern(subject, soft, sequence, time)
        break
      case 'everything':
        this.#everything.set(soft, sequence, time)
    }
  }

  judge(it: Judged): Verdict {
    if (it.sequence === this.#sequence) return 'current'
    let verdict = this.#everything.judge(it, 'current')
    for (const tag of it.tags) verdict = this.#tags.judge(tag, it, verdict)
    if (verdict === 'gone' || (this.#urls.size === 0 && this.#patterns.size === 0)) return verdict
    const resource = resourceOfKey(it.key)
    if (this.#urls.size > 0) verdict = this.#urls.judge(resourceName(resource), it, verdict)
    for (const { subject, mark } of this.#patterns.values()) {
      if (verdict === 'gone') break
      if (mark.isAfter(it) && isAboutResource(subject, resource)) verdict = mark.judge(it, verdict)
    }
    return verdict
  }

  #purgePattern(subject: PatternSubject, soft: boolean, sequence: number, time: number): void {
    const { text } = subject
    const mark = this.#patterns.get(text)?.mark ?? new Mark()
    mark.set(soft, sequence, time)
    this.#patterns.delete(text)
    this.#patterns.set(text, { subject, mark })
    if (this.#patterns.size <= this.#limits.maxPatterns) return
    const [oldest, forgotten] = this.#patterns.entries().next().value!
    this.#patterns.delete(oldest)
    this.#everything.takeOver(forgotten.mark)
  }
}
