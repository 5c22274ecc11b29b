import type { BodySource } from '../core/body-source.ts'
import { toProxyError } from '../core/errors.ts'
import type { HeaderList } from '../core/headers.ts'
import { KeepBudget } from '../core/keep-budget.ts'
import type { ResponseMessage } from '../core/message.ts'
import { SharedBody } from '../core/shared-body.ts'
import type { CacheSettings } from './cache-settings.ts'
import { validationRequest, withoutConditions } from './conditional.ts'
import type { Fill, Filled } from './fill.ts'
import { Freshening } from './freshening.ts'
import { type KnownHead, knownHead } from './held-response.ts'
import type { Levels } from './levels.ts'
import { hasContent, type Lookup } from './lookup.ts'
import { HeldResponse } from './memory-level.ts'
import { isErrorForReuse, reuseOnError } from './reuse.ts'
import { isOfOneRequest, type NotStored, storability } from './storability.ts'
import { type Stored, wholeBody } from './stored.ts'
import { storedHead } from './stored-head.ts'
import { effectiveDirectives } from './targeted-cache-control.ts'
import { variantKey } from './variant.ts'

/** How the service is asked: with these fields in the place of the client's. */
export type Send = (headers: HeaderList) => Promise<ResponseMessage> | ResponseMessage

type Storable =
  | { readonly head: KnownHead; readonly own: HeaderList; readonly why?: undefined }
  | { readonly head?: undefined; readonly why: NotStored }

/** Asks the service, and puts what it answers where it belongs. */
export class Filling {
  readonly #settings: CacheSettings
  readonly #levels: Levels
  readonly #freshening: Freshening
  /** Of all contents that are kept while they come. */
  readonly #budget: KeepBudget

  constructor(settings: CacheSettings, levels: Levels) {
    this.#settings = settings
    this.#levels = levels
    this.#freshening = new Freshening(settings, levels)
    this.#budget = new KeepBudget(settings.maxBytes)
  }

  /** Asks for a lookup, with the validators of what is stored, if something is. Rejects when the service cannot be asked. */
  async ask(lookup: Lookup, stored: Stored | undefined, send: Send, fill: Fill): Promise<Filled> {
    const { clock } = lookup.exchange
    // 1. Conditions of the cache's own, where something stored can be validated. A request that nobody joins keeps its own.
    const isValidated = stored !== undefined && !hasContent(lookup.method)
    const conditions = isValidated ? validationRequest(lookup.headers, [stored.head.validators]) : undefined
    const isAlone = fill.id === undefined
    const headers =
      conditions?.headers ?? (isAlone ? lookup.headers.clone() : withoutConditions(lookup.headers))
    const requestTime = clock.wallTime()
    // 2. The service is asked. Where it fails, what is stale may be better than nothing.
    let response: ResponseMessage
    try {
      response = await send(headers)
    } catch (thrown) {
      const error = toProxyError(thrown)
      if (error.side !== 'downstream' && isErrorForReuse(error.status) && isUsableOnError(stored, lookup))
        return { kind: 'stored', stored: stored!, because: 'stale-if-error' }
      throw thrown
    }
    const times = { requestTime, responseTime: clock.wallTime() }
    if (isErrorForReuse(response.status) && isUsableOnError(stored, lookup)) {
      response.body.discard()
      return { kind: 'stored', stored: stored!, because: 'stale-if-error', status: response.status }
    }
    // 3. What is stored is confirmed.
    // Where the conditions were the client's, so is the answer.
    if (stored !== undefined && conditions !== undefined && response.status === 304) {
      const sentClientTags = conditions.clientTags.length > 0
      const fresh = this.#freshening.confirmed(lookup, stored, response, sentClientTags, times, fill)
      if (fresh === undefined) return { kind: 'own', response, why: 'status' }
      response.body.discard()
      return { kind: 'stored', because: 'validated', ...fresh }
    }
    if (stored !== undefined && lookup.method === 'HEAD')
      this.#freshening.toldByHead(lookup, stored, response, times, fill)
    // 4. Something new.
    const storable = this.#storable(lookup, response, times)
    if (storable.head === undefined) {
      if (stored !== undefined && tellsOfStored(response.status, storable.why))
        this.#levels.remove(lookup.key, clock)
      return { kind: 'own', response, why: storable.why }
    }
    return this.#kept(lookup, storable, response.body.take(), undefined, fill)
  }

  /** What the second level has found answers, and goes into memory if there is room for it. */
  promoted(lookup: Lookup, found: Stored, fill: Fill): Filled {
    if (found instanceof HeldResponse) {
      if (!fill.outdated) this.#levels.promote(found)
      return { kind: 'stored', stored: found, because: 'found' }
    }
    if (found.length > this.#settings.maxEntryBytes)
      return { kind: 'stored', stored: found, because: 'found' }
    return this.#kept(lookup, { head: found.head }, wholeBody(found).take(), found.level, fill)
  }

  #storable(
    { key, method, headers: asked, directives }: Lookup,
    { status, headers, reason }: ResponseMessage,
    times: Times,
  ): Storable {
    // Terms are those of the head as it is stored, so that who finds it later makes the same of it.
    const dated = storedHead(headers, [], times.responseTime)
    const head = knownHead(
      { status, reason, headers: dated, ...times, variant: '', tags: [] },
      this.#settings,
      key,
    )
    const verdict = storability(
      { method, headers: asked, directives },
      { status, headers, effective: effectiveDirectives(headers, this.#settings.targets), terms: head.terms },
      this.#settings.storability,
    )
    if (!verdict.store) return { why: verdict.reason }
    // Of HEAD there is no content to store, and parts are not combined.
    if (method === 'HEAD') return { why: 'method' }
    if (status === 206) return { why: 'partial' }
    const variant = head.fields === '*' ? '' : variantKey(head.fields, asked)
    const kept = storedHead(dated, verdict.without, times.responseTime)
    return { head: { ...head, headers: kept, variant, key: variant }, own: dated }
  }

  /** A content is read along by all who wait, and is stored when all of it is here. */
  #kept(
    { key, exchange: { clock } }: Lookup,
    { head, own }: { readonly head: KnownHead; readonly own?: HeaderList },
    source: BodySource,
    from: string | undefined,
    fill: Fill,
  ): Filled {
    const { second } = this.#levels
    const content = new SharedBody(source, {
      clock,
      bufferBytes: WINDOW_BYTES,
      stallMs: STALL_MS,
      keepBytes: this.#settings.maxEntryBytes,
      keepBudget: this.#budget,
      onOutgrown: () => {
        if (from === undefined && !fill.outdated) second?.stream(key, head, content.reader(), clock)
      },
      onEnd: (error) => {
        const { complete } = content
        if (complete !== undefined && !fill.outdated) {
          const entry = new HeldResponse(key, head, complete)
          if (from === undefined) this.#levels.put(entry, clock)
          else this.#levels.promote(entry)
        }
        fill.end(error !== undefined)
      },
    })
    const first = content.reader()
    content.open()
    return { kind: 'shared', head, content, first, own, from }
  }
}

interface Times {
  readonly requestTime: number
  readonly responseTime: number
}

/** How far the fastest may be ahead of the slowest, where a content is too long to be kept. */
const WINDOW_BYTES = 1_048_576
const STALL_MS = 5_000

/** Whether an answer that is not stored shows that what was stored is not what the service has now: a refusal does not. */
function tellsOfStored(status: number, why: NotStored): boolean {
  const tells = status < 400 ? status !== 206 : status === 404 || status === 410
  return tells && !isOfOneRequest(why)
}

function isUsableOnError(stored: Stored | undefined, { directives, exchange }: Lookup): boolean {
  return (
    stored !== undefined &&
    reuseOnError(stored.head.terms, directives, exchange.clock.wallTime()) !== undefined
  )
}
