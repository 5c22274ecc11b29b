import { Body } from '../core/body.ts'
import { toProxyError } from '../core/errors.ts'
import type { HeaderList } from '../core/headers.ts'
import { ResponseMessage } from '../core/message.ts'
import { currentAgeMs, type ResponseTimes } from './age.ts'
import type { CacheSettings } from './cache-settings.ts'
import { validationRequest, withoutConditions } from './conditional.ts'
import { formatContentRange, parseContentRange } from './content-range.ts'
import { type EntityTag, parseEntityTag, weakMatch } from './entity-tag.ts'
import type { Fill, Filled } from './fill.ts'
import { freshenedHead } from './freshen.ts'
import { type Freshened, Freshening } from './freshening.ts'
import { filledGap, fills, type Gap, gapOf, gapRequest } from './gap.ts'
import { Keeping } from './keeping.ts'
import type { Levels } from './levels.ts'
import { hasContent, type Lookup } from './lookup.ts'
import { HeldResponse } from './memory-level.ts'
import { PartialResponse } from './partial-response.ts'
import { hasAllOf, type KnownPart, knownPart, type Parts } from './parts.ts'
import { isErrorForReuse, type Reuse, reuseOnError } from './reuse.ts'
import { isOfOneRequest, type NotStored } from './storability.ts'
import { Storables } from './storables.ts'
import { type Stored, wholeBody } from './stored.ts'
import { reusedHead } from './stored-head.ts'
import { unpurged } from './unpurged.ts'

/** How the service is asked: with these fields in the place of the client's. */
export type Send = (headers: HeaderList) => Promise<ResponseMessage> | ResponseMessage

/** Asks the service, and puts what it answers where it belongs. */
export class Filling {
  readonly #settings: CacheSettings
  readonly #levels: Levels
  readonly #parts: Parts
  readonly #freshening: Freshening
  readonly #storables: Storables
  readonly #keeping: Keeping

  constructor(settings: CacheSettings, levels: Levels, parts: Parts) {
    this.#settings = settings
    this.#levels = levels
    this.#parts = parts
    this.#freshening = new Freshening(settings, levels)
    this.#storables = new Storables(settings, parts)
    this.#keeping = new Keeping(settings, levels, parts)
  }

  /** Asks for a lookup, with the validators of what is stored, if something is. Rejects when the service cannot be asked. */
  async ask(lookup: Lookup, stored: Stored | undefined, send: Send, fill: Fill): Promise<Filled> {
    const { clock } = lookup.exchange
    const completed = stored === undefined ? await this.#completed(lookup, send, fill) : undefined
    if (completed !== undefined) return completed
    // 1. Conditions of the cache's own, where something stored can be validated. A request that nobody joins keeps its own.
    const isValidated = stored !== undefined && !hasContent(lookup.method)
    const conditions = isValidated ? validationRequest(lookup.headers, [stored.head.validators]) : undefined
    const isAlone = fill.id === undefined
    const headers =
      conditions?.headers ?? (isAlone ? lookup.headers.clone() : withoutConditions(lookup.headers))
    if (stored instanceof PartialResponse) copyFields(lookup.headers, headers, ['Range', 'If-Range'])
    const requestTime = clock.wallTime()
    this.#levels.purges.asked(requestTime)
    // 2. The service is asked. Where it fails, what is stale may be better than nothing.
    let response: ResponseMessage
    try {
      response = await send(headers)
    } catch (thrown) {
      const error = toProxyError(thrown)
      if (
        error.side !== 'downstream' &&
        isErrorForReuse(error.status) &&
        this.#isUsableOnError(stored, lookup)
      )
        return { kind: 'stored', stored: stored!, because: 'stale-if-error' }
      throw thrown
    }
    const times = { requestTime, responseTime: clock.wallTime() }
    if (isErrorForReuse(response.status) && this.#staysOnError(stored, lookup, fill)) {
      response.body.discard()
      return { kind: 'stored', stored: stored!, because: 'stale-if-error', status: response.status }
    }
    // 3. What is stored is confirmed.
    // Where the conditions were the client's, so is the answer.
    if (stored !== undefined && conditions !== undefined && response.status === 304) {
      const sentClientTags = conditions.clientTags.length > 0
      const fresh = this.#confirmed(lookup, stored, response, sentClientTags, times, fill)
      if (fresh === undefined && isAboutClients(response.headers, conditions.clientTags))
        return { kind: 'own', response, why: 'status' }
      response.body.discard()
      // It is about nothing that is here: the service is asked for all of it.
      if (fresh === undefined) return this.ask(lookup, undefined, send, fill)
      return { kind: 'stored', because: 'validated', ...fresh }
    }
    if (stored !== undefined && lookup.method === 'HEAD')
      this.#freshening.toldByHead(lookup, stored, response, times, fill)
    // 4. Something new.
    return this.#answeredAnew(lookup, stored, response, times, fill)
  }

  #confirmed(
    lookup: Lookup,
    stored: Stored,
    response: ResponseMessage,
    sentClientTags: boolean,
    times: ResponseTimes,
    fill: Fill,
  ): Freshened | undefined {
    const fresh = this.#freshening.confirmed(lookup, stored, response, sentClientTags, times, fill)
    // With another validator, `If-Range` may ask for all of it now.
    const { own } = fresh ?? {}
    const isUseless = own instanceof PartialResponse && lookup.headers.has('range') && !hasAllOf(own, lookup)
    return isUseless ? undefined : fresh
  }

  #answeredAnew(
    lookup: Lookup,
    stored: Stored | undefined,
    response: ResponseMessage,
    times: ResponseTimes,
    fill: Fill,
  ): Filled {
    const storable = this.#storables.of(lookup, response, times)
    if (storable.head === undefined) {
      if (stored !== undefined && tellsOfStored(response.status, storable.why))
        this.#levels.remove(lookup.key, lookup.exchange.clock)
      return { kind: 'own', response, why: storable.why }
    }
    if (response.status !== 206)
      return this.#keeping.whole(lookup, storable, response.body.take(), undefined, fill)
    const part = partOf(response)
    if (part === undefined || !storable.isOfParts) return { kind: 'own', response, why: 'partial' }
    const isComplete = !lookup.headers.has('if-range')
    const body = this.#keeping.part(lookup, storable.head, part, isComplete, response.body.take(), fill)
    response.body = new Body(body).fromUpstream()
    return { kind: 'part', response, completes: false }
  }

  /**
   * What is asked for, where a part of it is stored and the rest comes from the service. `undefined` where that cannot be: then
   * all is to be asked for.
   */
  async #completed(lookup: Lookup, send: Send, fill: Fill): Promise<Filled | undefined> {
    const { clock } = lookup.exchange
    const parts = this.#parts.find(lookup)
    const gap = parts && gapOf(lookup, parts)
    if (gap === undefined) return undefined
    const requestTime = clock.wallTime()
    this.#levels.purges.asked(requestTime)
    const response = await send(gapRequest(lookup.headers, gap))
    const times = { requestTime, responseTime: clock.wallTime() }
    if (!OF_RANGES.has(response.status)) return this.#answeredAnew(lookup, undefined, response, times, fill)
    const storable = this.#storables.of(lookup, response, times)
    const part = partOf(response)
    const { head } = storable
    if (head === undefined || part === undefined || !storable.isOfParts)
      return this.#notCompleted(gap, response, storable.why)
    if (!fills(gap, head, part, response.body.length)) return this.#notCompleted(gap, response)
    const combined = this.#parts.combinedHead(lookup.key, gap.parts, head)
    const own = freshenedHead(gap.parts.head.headers, storable.own, times.responseTime)
    if (gap.isWhole) {
      const whole = filledGap(gap, response.body.take()).take()
      const kept = { head: combined, own, isOfParts: true }
      return { ...this.#keeping.whole(lookup, kept, whole, undefined, fill), completes: true }
    }
    const body = this.#keeping.part(lookup, head, part, false, response.body.take(), fill)
    const headers = reusedHead(own, currentAgeMs(combined.terms, times.responseTime))
    headers.set('Content-Range', formatContentRange(gap.wanted, part.size))
    return {
      kind: 'part',
      response: new ResponseMessage(206, headers, filledGap(gap, body)),
      completes: true,
    }
  }

  #notCompleted({ parts }: Gap, response: ResponseMessage, why?: NotStored): undefined {
    response.body.discard()
    // What is for one client alone says nothing of what is stored for others.
    if (why === undefined || !isOfOneRequest(why)) this.#levels.memory.remove(parts)
  }

  /** What the second level has found answers, and goes into memory if there is room for it. */
  promoted(lookup: Lookup, found: Stored, { reason }: Reuse, fill: Fill): Filled {
    if (found instanceof HeldResponse) {
      if (!fill.outdated) this.#levels.promote(found)
      return { kind: 'stored', stored: found, because: 'found' }
    }
    // What is stale is refreshed: it will be another then.
    if (found.length > this.#settings.maxEntryBytes || reason !== 'fresh')
      return { kind: 'stored', stored: found, because: 'found' }
    return this.#keeping.whole(lookup, { head: found.head }, wholeBody(found).take(), found.level, fill)
  }

  /** Whether an error takes nothing away. What is asked for in the background is not what anyone waits for. */
  #staysOnError(stored: Stored | undefined, lookup: Lookup, { inBackground }: Fill): boolean {
    if (this.#isUsableOnError(stored, lookup)) return true
    return (
      inBackground && stored !== undefined && unpurged(this.#levels.purges, lookup.key, stored) !== undefined
    )
  }

  #isUsableOnError(stored: Stored | undefined, { key, directives, exchange }: Lookup): boolean {
    const left = stored && unpurged(this.#levels.purges, key, stored)
    return (
      left !== undefined && reuseOnError(left.head.terms, directives, exchange.clock.wallTime()) !== undefined
    )
  }
}

/** Whether a 304 is about what only the client has. */
function isAboutClients(update: HeaderList, tags: readonly EntityTag[]): boolean {
  const etag = parseEntityTag(update.get('etag'))
  return etag !== undefined && tags.some((tag) => weakMatch(tag, etag))
}

/** Whether an answer that is not stored shows that what was stored is not what the service has now: a refusal does not. */
function tellsOfStored(status: number, why: NotStored): boolean {
  const tells = status < 400 ? status !== 206 : status === 404 || status === 410
  return tells && !isOfOneRequest(why)
}

/** Answers to a request for a part that are of no use to whoever has asked for something else. */
const OF_RANGES: ReadonlySet<number> = new Set([206, 304, 412, 416])

function partOf({ headers }: ResponseMessage): KnownPart | undefined {
  return knownPart(parseContentRange(headers.get('content-range')))
}

function copyFields(from: HeaderList, to: HeaderList, names: readonly string[]): void {
  for (const name of names) {
    const value = from.get(name)
    if (value !== undefined) to.set(name, value)
  }
}
