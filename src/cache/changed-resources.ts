import { LRUCache } from 'lru-cache'
import { shortText } from './short-text.ts'

const MAX_RESOURCES = 10_000

/**
 * When resources were changed whose responses are stored under many keys, one for each content that a request had: what was
 * asked for before is not the answer any more. Where there are too many to be known, more is taken for changed than was.
 */
export class ChangedResources {
  readonly #changed: LRUCache<string, number>
  #forgotten = Number.NEGATIVE_INFINITY

  constructor(max: number = MAX_RESOURCES) {
    this.#changed = new LRUCache<string, number>({
      max,
      dispose: (time, _, reason) => {
        if (reason === 'evict') this.#forgotten = Math.max(this.#forgotten, time)
      },
    })
  }

  /** `now`: in ms since 1970. */
  add(resource: string, now: number): void {
    this.#changed.set(shortText(resource), now)
  }

  /** Whether it has changed since a request for it was sent. */
  hasChangedSince(resource: string, requestTime: number): boolean {
    return requestTime <= (this.#changed.get(shortText(resource)) ?? this.#forgotten)
  }
}
