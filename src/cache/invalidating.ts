import type { Exchange } from '../core/exchange.ts'
import type { RequestMessage, ResponseMessage } from '../core/message.ts'
import { cacheKey } from './cache-key.ts'
import type { CacheSettings } from './cache-settings.ts'
import { ChangedResources } from './changed-resources.ts'
import type { Fills } from './fill.ts'
import { invalidatedBy } from './invalidation.ts'
import type { Levels } from './levels.ts'
import { hasContent, type Lookup } from './lookup.ts'
import type { Stored } from './stored.ts'

type AskedFor = Pick<RequestMessage, 'method' | 'scheme' | 'host' | 'target'>
type ResponseHead = Pick<ResponseMessage, 'status' | 'headers'>

/** What was asked for, whatever becomes of the request. */
export function askedFor({ request: { method, scheme, host, target } }: Exchange): AskedFor {
  return { method, scheme, host, target }
}

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

  /**
   * The service has answered a request. `stored`: with what answers others who ask for the same; then what is stored of other
   * contents stays.
   */
  answered(asked: AskedFor, response: ResponseHead, exchange: Exchange, stored: boolean): void {
    const resources = invalidatedBy(asked, response)
    if (resources.length === 0) return
    const { partition, furtherKey } = this.#settings
    const further = furtherKey?.(exchange)
    for (const resource of resources) {
      const key = cacheKey({ ...resource, partition, method: 'GET', further })
      this.#levels.remove(key, exchange.clock)
      this.#fills.outdate(key)
      if (!stored) this.#changed?.add(key, exchange.clock.wallTime())
    }
  }

  /** What is stored, unless what it is of has changed since. */
  current<S extends Pick<Stored, 'head'>>({ resource }: Lookup, stored: S | undefined): S | undefined {
    if (resource === undefined || stored === undefined) return stored
    return this.#changed?.hasChangedSince(resource, stored.head.requestTime) === true ? undefined : stored
  }
}
