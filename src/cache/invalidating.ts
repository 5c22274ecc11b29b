import type { Clock } from '../core/clock.ts'
import type { Exchange } from '../core/exchange.ts'
import type { RequestMessage, ResponseMessage } from '../core/message.ts'
import { cacheKey } from './cache-key.ts'
import type { CacheSettings } from './cache-settings.ts'
import { ChangedResources } from './changed-resources.ts'
import type { Fills } from './fill.ts'
import { invalidatedBy, isSafe } from './invalidation.ts'
import type { Levels } from './levels.ts'
import { hasContent, type Lookup } from './lookup.ts'
import { resourceName } from './purge-subject.ts'
import type { Stored } from './stored.ts'

/** What a request was for, and the further key that it had then. */
export interface AskedFor extends Pick<RequestMessage, 'method' | 'scheme' | 'host' | 'target'> {
  readonly further: readonly string[] | string | undefined
}
type ResponseHead = Pick<ResponseMessage, 'status' | 'headers'>

/** Lets go of what unsafe requests have changed. */
export class Invalidating {
  readonly #settings: CacheSettings
  readonly #levels: Levels
  readonly #fills: Fills
  /** Of those that are asked for with contents; `undefined` where none are. */
  readonly #changed: ChangedResources | undefined

  constructor(settings: CacheSettings, levels: Levels, fills: Fills) {
    this.#settings = settings
    this.#levels = levels
    this.#fills = fills
    this.#changed = [...settings.storability.methods].some(hasContent) ? new ChangedResources() : undefined
  }

  /** What is asked for, whatever becomes of the request. */
  askedFor(exchange: Exchange): AskedFor {
    const { method, scheme, host, target } = exchange.request
    const further = isSafe(method) ? undefined : this.#settings.furtherKey?.(exchange)
    return { method, scheme, host, target, further }
  }

  /**
   * The service has answered a request. `stored`: with what answers others who ask for the same; then what is stored of other
   * contents stays.
   */
  answered(asked: AskedFor, response: ResponseHead, clock: Clock, stored: boolean): void {
    const resources = invalidatedBy(asked, response)
    if (resources.length === 0) return
    const { partition, furtherKey } = this.#settings
    const { further } = asked
    for (const resource of resources) {
      const key = cacheKey({ ...resource, partition, method: 'GET', further })
      this.#levels.remove(key, clock)
      this.#fills.outdate(key)
      if (stored) continue
      this.#changed?.add(key, clock.wallTime())
      // Those with other further keys cannot be named.
      if (furtherKey !== undefined)
        this.#levels.purgeHere({ kind: 'url', name: resourceName(resource) }, false, clock)
    }
  }

  /** What is stored, unless what it is of has changed since. */
  current<S extends Pick<Stored, 'head'>>({ resource }: Lookup, stored: S | undefined): S | undefined {
    if (resource === undefined || stored === undefined) return stored
    return this.#changed?.hasChangedSince(resource, stored.head.requestTime) === true ? undefined : stored
  }
}
