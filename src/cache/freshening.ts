import { isDeepStrictEqual } from 'node:util'
import type { ResponseMessage } from '../core/message.ts'
import { ageValue, currentAgeMs, type ResponseTimes } from './age.ts'
import type { CacheSettings } from './cache-settings.ts'
import { tagsOf } from './cache-tags.ts'
import type { Fill } from './fill.ts'
import { freshenedBy, freshenedHead, headUpdate } from './freshen.ts'
import { type KnownHead, knownHead } from './held-response.ts'
import type { Levels } from './levels.ts'
import type { Lookup } from './lookup.ts'
import { isOfOneRequest, storability } from './storability.ts'
import type { Stored } from './stored.ts'
import { storedHead } from './stored-head.ts'
import { effectiveDirectives } from './targeted-cache-control.ts'
import { headToStore, unpurged } from './unpurged.ts'
import { validatorsOf } from './validators.ts'

/** Brings stored heads up to date with what the service has said of them. */
export class Freshening {
  readonly #settings: CacheSettings
  readonly #levels: Levels

  constructor(settings: CacheSettings, levels: Levels) {
    this.#settings = settings
    this.#levels = levels
  }

  /** What a 304 makes of what is stored; `undefined` where it was about something else. */
  confirmed(
    lookup: Lookup,
    stored: Stored,
    response: ResponseMessage,
    sentClientTags: boolean,
    times: ResponseTimes,
    fill: Fill,
  ): Freshened | undefined {
    const update = validatorsOf(response.headers, times.responseTime)
    if (freshenedBy(update, [stored.head], sentClientTags).length === 0) return undefined
    return this.#freshened(lookup, stored, response, times, fill)
  }

  /** What is stored, after HEAD was answered by the service (RFC 9111 section 4.3.5). */
  toldByHead(
    lookup: Lookup,
    stored: Stored,
    response: ResponseMessage,
    times: ResponseTimes,
    fill: Fill,
  ): void {
    const { status, headers } = stored.head
    const update = headUpdate({ status, headers, length: stored.length }, response)
    if (update === 'freshen') this.#freshened(lookup, stored, response, times, fill)
    if (update === 'stale') {
      const stale = staleHead(stored.head, times.responseTime)
      this.#put(lookup, stored, knownHead(stale, this.#settings, lookup.key), fill)
    }
  }

  #put({ key, exchange }: Lookup, stored: Stored, head: KnownHead, fill: Fill): void {
    const { purges } = this.#levels
    // A purge may have been by a tag that only what is stored had.
    if (unpurged(purges, key, stored) === undefined) return
    const left = headToStore(purges, key, head, fill)
    if (left === undefined) return
    this.#levels.freshen(key, stored, left, exchange.clock)
    fill.stored(head.variant)
  }

  /** Puts the new head in its place; what must not be stored any more answers once. */
  #freshened(
    lookup: Lookup,
    stored: Stored,
    response: ResponseMessage,
    times: ResponseTimes,
    fill: Fill,
  ): Freshened {
    const { key, method, headers: asked, directives, exchange } = lookup
    const { head } = stored
    const { status, reason, variant } = head
    const { tagFields } = this.#settings
    const { responseTime } = times
    const headers = freshenedHead(head.headers, response.headers, responseTime, ['set-cookie'])
    const tags = tagFields.some((name) => response.headers.has(name)) ? tagsOf(headers, tagFields) : head.tags
    const fresh = knownHead(
      { status, reason, headers, ...times, variant, tags: tags ?? [] },
      this.#settings,
      key,
    )
    const effective = effectiveDirectives(headers, this.#settings.targets)
    const verdict = storability(
      { method, headers: asked, directives },
      { status, headers, effective, terms: fresh.terms },
      this.#settings.storability,
    )
    const own = stored.withHead({
      ...fresh,
      headers: freshenedHead(head.headers, response.headers, responseTime),
    })
    // Of which other requests it is now, the one that it once answered could not say.
    const isOfTheSame = isDeepStrictEqual(fresh.fields, head.fields)
    if (!verdict.store || !isOfTheSame || tags === undefined) {
      if (verdict.store || !isOfOneRequest(verdict.reason)) this.#levels.remove(key, exchange.clock)
      return { stored: stored.withHead(fresh), own, isForOne: !verdict.store }
    }
    const kept = { ...fresh, headers: storedHead(headers, verdict.without, responseTime) }
    this.#put(lookup, stored, kept, fill)
    return { stored: stored.withHead(kept), own, isForOne: false }
  }
}

export interface Freshened {
  readonly stored: Stored
  /** The same with what is for the client alone whose request it was. */
  readonly own: Stored
  /** Whether nobody else may have it: it must not be stored any more. */
  readonly isForOne: boolean
}

/** A head that is stale from now on, wherever it is stored: as old as it may become. */
function staleHead(head: KnownHead, now: number) {
  const { status, reason, variant, tags, terms } = head
  const ageMs = Math.max(Math.ceil(terms.lifetimeMs / 1_000) * 1_000, currentAgeMs(terms, now))
  const headers = head.headers.clone().set('Age', ageValue(ageMs))
  return { status, reason, headers, requestTime: now, responseTime: now, variant, tags }
}
