import type { Clock } from '../core/clock.ts'
import type { Exchange } from '../core/exchange.ts'
import type { RequestMessage, ResponseMessage } from '../core/message.ts'
import { cacheKey } from './cache-key.ts'
import type { CacheSettings } from './cache-settings.ts'
import type { Fills } from './fill.ts'
import { invalidatedBy, isSafe } from './invalidation.ts'
import type { Levels } from './levels.ts'
import { hasContent } from './lookup.ts'
import { resourceName } from './purge-subject.ts'

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
  /** Whether what is stored of a resource may have keys with more in them than it. */
  readonly #hasFurtherKeys: boolean

  constructor(settings: CacheSettings, levels: Levels, fills: Fills) {
    this.#settings = settings
    this.#levels = levels
    this.#fills = fills
    const { furtherKey, storability } = settings
    this.#hasFurtherKeys = furtherKey !== undefined || [...storability.methods].some(hasContent)
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
    const { partition } = this.#settings
    const { further } = asked
    for (const resource of resources) {
      const key = cacheKey({ ...resource, partition, method: 'GET', further })
      this.#levels.remove(key, clock)
      this.#fills.outdate(key)
      // Those with more in their keys cannot be named.
      if (this.#hasFurtherKeys && !stored)
        this.#levels.purgeHere({ kind: 'url', name: resourceName(resource) }, false, clock)
    }
  }
}
