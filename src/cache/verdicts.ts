import type { CacheSettings } from './cache-settings.ts'
import type { KnownHead } from './held-response.ts'
import type { Levels } from './levels.ts'
import type { Lookup } from './lookup.ts'
import { type Reuse, reuse, reuseOnError } from './reuse.ts'
import type { Stored } from './stored.ts'
import { selectVariant } from './variant.ts'

/** What a stored response is to a lookup at this moment. */
export class Verdicts {
  readonly #settings: CacheSettings
  readonly #levels: Levels

  constructor(settings: CacheSettings, levels: Levels) {
    this.#settings = settings
    this.#levels = levels
  }

  /** Whether it answers, and why not where it does not. */
  reuse(stored: Stored | undefined, { key, directives, exchange }: Lookup): Reuse {
    const verdict = reuse(stored?.head.terms, directives, exchange.clock.wallTime(), this.#settings)
    if (verdict.use === 'answer' || verdict.reason !== 'miss') return verdict
    return { ...verdict, reason: this.#levels.missOf(key) }
  }

  /** Whether it answers this one as well as the one who has asked. */
  isFor({ headers, directives, exchange }: Lookup, head: KnownHead): boolean {
    if (selectVariant([head], headers) === undefined) return false
    return reuse(head.terms, directives, exchange.clock.wallTime(), this.#settings).use === 'answer'
  }

  /** The same where the service has failed. */
  isForOnError({ headers, directives, exchange }: Lookup, head: KnownHead): boolean {
    if (selectVariant([head], headers) === undefined) return false
    return reuseOnError(head.terms, directives, exchange.clock.wallTime()) !== undefined
  }
}
