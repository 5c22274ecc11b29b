import { Body } from '../core/body.ts'
import type { HeaderList } from '../core/headers.ts'
import { ResponseMessage } from '../core/message.ts'
import { randomId } from '../core/random.ts'
import { currentAgeMs } from './age.ts'
import type { CacheAccount } from './cache-account.ts'
import { type CacheOutcome, forwardedResult } from './cache-outcome.ts'
import { isNotModified, notModifiedHead } from './conditional.ts'
import type { KnownHead } from './held-response.ts'
import { KeptHead } from './kept-head.ts'
import type { Lookup } from './lookup.ts'
import { partsAnswer } from './parts-answer.ts'
import { type RangePlan, rangeAnswer } from './range.ts'
import type { ForwardReason } from './reuse.ts'
import { type Stored, wholeBody } from './stored.ts'
import { reusedHead } from './stored-head.ts'

/** Makes the answers to clients, and tells the account of each. */
export class Answers {
  readonly #account: CacheAccount

  constructor(account: CacheAccount) {
    this.#account = account
  }

  /** All of it, a part of it, or that the client has it already, in the order of RFC 9110 section 13.2.2. */
  stored(lookup: Lookup, stored: Stored, outcome: CacheOutcome): ResponseMessage {
    const { exchange, method, headers } = lookup
    const { head } = stored
    if (isNotModified(method, headers, head)) return this.whole(lookup, head, Body.empty(), outcome)
    const plan = headers.has('range') ? rangeAnswer({ method, headers }, head, stored.length) : WHOLE
    if (plan.answer === 'whole') return this.whole(lookup, head, wholeBody(stored), outcome)
    const bytes =
      plan.answer === 'parts' ? plan.ranges.reduce((sum, { first, last }) => sum + last + 1 - first, 0) : 0
    const fields = this.#headers(lookup, undefined, head, outcome, bytes)
    return partsAnswer(plan, fields, stored, () => randomId(exchange.random))
  }

  /** All of it, from wherever `body` comes. With `own` the service has answered this very request with these fields: their age is not ours to tell. */
  whole(
    lookup: Lookup,
    head: KnownHead,
    body: Body,
    outcome: CacheOutcome,
    own?: HeaderList,
  ): ResponseMessage {
    const { method, exchange } = lookup
    const isSame = isNotModified(method, lookup.headers, head)
    const left = isSame ? notModifiedHead(own ?? head.headers) : own?.clone()
    const bytes = isSame || method === 'HEAD' ? 0 : (body.length ?? 0)
    const headers = own === undefined ? this.#headers(lookup, left, head, outcome, bytes) : left!
    if (own !== undefined) this.#account.tell(exchange, headers, outcome, bytes)
    if (!isSame) return new ResponseMessage(head.status, headers, body, head.reason)
    body.discard()
    return new ResponseMessage(304, headers)
  }

  /** The fields of `head`, or those that are left of them. */
  #headers(
    { exchange }: Lookup,
    left: HeaderList | undefined,
    head: KnownHead,
    outcome: CacheOutcome,
    bytes: number,
  ): HeaderList {
    const ageMs = currentAgeMs(head.terms, exchange.clock.wallTime())
    const headers =
      left === undefined && head instanceof KeptHead
        ? head.aged(ageMs)
        : reusedHead(left ?? head.headers, ageMs)
    this.#account.tell(exchange, headers, outcome, bytes)
    return headers
  }

  /** The answer is an error. */
  failed({ exchange }: Lookup, thrown: unknown, reason: ForwardReason, refused = false): unknown {
    this.#account.tellError(exchange, { result: forwardedResult(reason), level: undefined, reason, refused })
    return thrown
  }

  /** An answer for one client alone, of whose conditions the service was not told: it may have it already. */
  forOne({ method, headers: asked, exchange }: Lookup, response: ResponseMessage): ResponseMessage {
    const { status, headers, body } = response
    if (!isNotModified(method, asked, { status, headers, responseTime: exchange.clock.wallTime() }))
      return response
    body.discard()
    return new ResponseMessage(304, notModifiedHead(headers))
  }
}

const WHOLE: RangePlan = { answer: 'whole' }
