import { Body } from '../core/body.ts'
import { type Clock, systemClock } from '../core/clock.ts'
import { ProxyError, toProxyError } from '../core/errors.ts'
import type { Exchange } from '../core/exchange.ts'
import type { Handler } from '../core/handler.ts'
import { HeaderList } from '../core/headers.ts'
import type { ResponseMessage } from '../core/message.ts'
import { Answers } from './answers.ts'
import { CacheAccount } from './cache-account.ts'
import { requestDirectives } from './cache-control.ts'
import { structuredKey } from './cache-key.ts'
import { type CacheOutcome, forwardedResult } from './cache-outcome.ts'
import type { CacheSettings } from './cache-settings.ts'
import { withoutConditions } from './conditional.ts'
import { isEarly } from './early-refresh.ts'
import { type CacheExplanation, type CacheQuestion, explain } from './explanation.ts'
import { type Fill, type Filled, Fills } from './fill.ts'
import { Filling } from './filling.ts'
import type { KnownHead } from './held-response.ts'
import { Invalidating } from './invalidating.ts'
import { Levels } from './levels.ts'
import { type Bypass, bypassOf, hasContent, isJoinable, type Lookup, lookupOf } from './lookup.ts'
import type { MemoryLevel } from './memory-level.ts'
import { PartialResponse } from './partial-response.ts'
import { Parts } from './parts.ts'
import type { PurgeSubject } from './purge-subject.ts'
import { Questions } from './questions.ts'
import { Refreshes } from './refreshes.ts'
import { requestContent } from './request-content.ts'
import { type ForwardReason, type Reuse, reuse } from './reuse.ts'
import type { StoreStats } from './second-level.ts'
import type { Stored } from './stored.ts'
import { Unshared } from './unshared.ts'
import { type VaryFields, variantKey } from './variant.ts'
import { Verdicts } from './verdicts.ts'

/** A shared cache as a filter: RFC 9111, and RFC 5861 for what is stale. */
export class HttpCache {
  readonly account: CacheAccount
  readonly #answers: Answers
  readonly #settings: CacheSettings
  readonly #levels: Levels
  readonly #parts: Parts
  readonly #fills: Fills
  readonly #unshared = new Unshared()
  readonly #refreshes: Refreshes
  readonly #invalidating: Invalidating
  readonly #verdicts: Verdicts
  readonly #questions: Questions

  /** That of those who ask. */
  #clock: Clock = systemClock

  constructor(settings: CacheSettings) {
    this.#settings = settings
    this.account = new CacheAccount(settings.name)
    this.#answers = new Answers(this.account)
    this.#levels = new Levels(settings)
    this.#fills = new Fills(this.#levels.purges)
    this.#refreshes = new Refreshes(settings.maxBackgroundFetches)
    this.#parts = new Parts(settings, this.#levels)
    this.#invalidating = new Invalidating(settings, this.#levels, this.#fills)
    this.#verdicts = new Verdicts(settings, this.#levels)
    this.#questions = new Questions({
      levels: this.#levels,
      fills: this.#fills,
      filling: new Filling(settings, this.#levels, this.#parts),
      invalidating: this.#invalidating,
      verdicts: this.#verdicts,
    })
  }

  get memory(): MemoryLevel {
    return this.#levels.memory
  }

  get store(): StoreStats | undefined {
    return this.#levels.second?.stats()
  }

  /** Questions to the service that are under way. */
  get filling(): number {
    return this.#fills.size
  }

  /** Holds here when it returns; resolves when the store has kept it too. */
  async purge(subjects: readonly PurgeSubject[], soft: boolean): Promise<void> {
    await Promise.all(subjects.map((subject) => this.#levels.purge(subject, soft, this.#clock)))
  }

  explain(question: CacheQuestion): Promise<CacheExplanation> {
    return explain(this.#settings, this.#levels, question, this.#clock)
  }

  close(): Promise<void> {
    return this.#levels.second?.close() ?? Promise.resolve()
  }

  serve(exchange: Exchange, next: Handler): Promise<ResponseMessage> | ResponseMessage {
    const bypass = bypassOf(exchange.request, this.#settings)
    if (bypass !== undefined) return this.#pass(bypass, exchange, next)
    if (hasContent(exchange.request.method)) return this.#withContent(exchange, next)
    return this.#lookUp(lookupOf(exchange, next, this.#settings))
  }

  async #withContent(exchange: Exchange, next: Handler): Promise<ResponseMessage> {
    const content = await requestContent(exchange.request, this.#settings.maxRequestBytes)
    if (content === undefined) return this.#pass('content', exchange, next)
    return this.#lookUp(lookupOf(exchange, next, this.#settings, content))
  }

  #lookUp(lookup: Lookup): Promise<ResponseMessage> | ResponseMessage {
    const whole = this.#levels.held(lookup.key, lookup.headers)
    const held = this.#parts.held(lookup, whole) ?? whole
    const verdict = this.#verdicts.reuse(held, lookup)
    if (verdict.use !== 'answer') return this.#miss(lookup, held, verdict)
    this.#levels.memory.used(held!)
    return this.#reused(lookup, held!, verdict)
  }

  /** What is stored answers. */
  #reused(lookup: Lookup, stored: Stored, verdict: Answer, collapsed = false): ResponseMessage {
    const { remainingMs: ttlMs, reason } = verdict
    if (verdict.refresh || this.#isEarly(lookup, stored.head, verdict)) this.#refresh(lookup, stored)
    const result = reason === 'fresh' ? 'hit' : 'stale'
    return this.#answers.stored(lookup, stored, { result, level: stored.level, reason, ttlMs, collapsed })
  }

  #isEarly({ exchange }: Lookup, { requestTime, responseTime }: KnownHead, { reason, remainingMs }: Answer) {
    const beta = this.#settings.earlyRefresh
    if (beta === 0 || reason !== 'fresh') return false
    return isEarly({ fetchMs: responseTime - requestTime, remainingMs, beta }, exchange.random)
  }

  /** Nothing in memory answers. */
  async #miss(
    lookup: Lookup,
    held: Stored | undefined,
    verdict: Exclude<Reuse, { use: 'answer' }>,
  ): Promise<ResponseMessage> {
    const { key } = lookup
    this.#clock = lookup.exchange.clock
    if (verdict.use === 'forward' && isJoinable(lookup) && !this.#unshared.has(key, lookup.exchange.clock))
      return this.#joined(lookup, held, verdict.reason)
    const stored = await this.#questions.newest(lookup, held)
    const again = this.#verdicts.reuse(stored, lookup)
    if (again.use === 'answer') return this.#reused(lookup, stored!, again)
    if (again.use === 'forward') return this.#alone(lookup, stored, again.reason)
    throw this.#answers.failed(lookup, new ProxyError('nothing_stored'), again.reason, true)
  }

  /** Its answer is the answer to all who ask for the same meanwhile. */
  async #joined(lookup: Lookup, held: Stored | undefined, reason: ForwardReason): Promise<ResponseMessage> {
    let fields = this.#levels.fieldsOf(lookup.key)
    // Those who wait learn what the response depends on; then each waits with those who have the same.
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const id = fillId(lookup, fields)
      const running = id === undefined ? undefined : this.#fills.find(id)
      const joins = running !== undefined && this.#mayJoin(running, lookup)
      const fill = joins ? running : this.#questions.begin(id, lookup, held)
      const purges = this.#levels.purges.sequence
      let filled: Filled
      try {
        filled = await fill.answer
      } catch (thrown) {
        // What the client of the one request has done wrong is not the others' fault.
        if (joins && toProxyError(thrown).side === 'downstream') break
        throw this.#answers.failed(lookup, thrown, reason)
      }
      if (lookup.exchange.abortReason !== undefined) {
        if (!joins) leave(filled)
        throw lookup.exchange.abortReason
      }
      const isOutdated = joins && fill.sequence < purges && this.#fills.isPurged(fill)
      const answer = isOutdated ? undefined : this.#answered(lookup, filled, fill.reason ?? reason, joins)
      if (answer !== undefined) return answer
      if (filled.kind === 'own' || filled.kind === 'part') break
      if (filled.kind === 'stored' && filled.isForOne === true) break
      fields = (filled.kind === 'shared' ? filled : filled.stored).head.fields
    }
    return this.#alone(lookup, held, reason)
  }

  /** Whether the answer that it has, if it has one already, is one for this request too. */
  #mayJoin(fill: Fill, lookup: Lookup): boolean {
    const { filled } = fill
    if (this.#fills.isPurged(fill)) return false
    if (filled === undefined) return true
    return filled.kind === 'shared' && filled.content.whole && this.#verdicts.isFor(lookup, filled.head)
  }

  /** What a fill has brought, for one of those who waited; `undefined` where it is not for this one. */
  #answered(
    lookup: Lookup,
    filled: Filled,
    reason: ForwardReason,
    joined: boolean,
  ): ResponseMessage | undefined {
    const { key, exchange } = lookup
    const result = forwardedResult(reason)
    if (filled.kind === 'own') {
      if (joined) return undefined
      const { response, why: notStored } = filled
      if (isJoinable(lookup) && response.status !== 304) this.#unshared.add(key, exchange.clock)
      this.account.tell(exchange, response.headers, { result, level: undefined, reason, notStored })
      return this.#answers.forOne(lookup, response)
    }
    if (filled.kind === 'part') {
      if (joined) return undefined
      const why = filled.completes ? 'partial' : reason
      this.account.tell(exchange, filled.response.headers, {
        result,
        level: undefined,
        reason: why,
        stored: true,
      })
      return filled.response
    }
    if (filled.kind === 'shared') {
      const { head, content, first, own, from } = filled
      if (!joined) this.#noteShared(lookup, head)
      if (joined && (!content.whole || !this.#verdicts.isFor(lookup, head))) return undefined
      const outcome: CacheOutcome =
        from === undefined
          ? {
              result,
              level: undefined,
              reason: filled.completes ? 'partial' : reason,
              stored: true,
              collapsed: joined,
            }
          : { result: 'hit', level: from, reason: 'fresh', collapsed: joined }
      const body = new Body(joined ? content.reader() : first)
      return this.#answers.whole(lookup, head, body, outcome, joined ? undefined : own)
    }
    const { stored, because } = filled
    const { level } = stored
    if (filled.isForOne === true) {
      if (joined) return undefined
      if (isJoinable(lookup)) this.#unshared.add(key, exchange.clock)
    }
    if (because === 'stale-if-error') {
      if (joined && !this.#verdicts.isForOnError(lookup, stored.head)) return undefined
      return this.#answers.stored(lookup, stored, {
        result: 'stale',
        level,
        reason: because,
        askedFor: reason,
        forwardStatus: filled.status,
        collapsed: joined,
      })
    }
    if ((joined || because === 'found') && !this.#verdicts.isFor(lookup, stored.head)) return undefined
    const verdict = because === 'found' ? this.#verdicts.reuse(stored, lookup) : undefined
    if (verdict?.use === 'answer') return this.#reused(lookup, stored, verdict, joined)
    const outcome: CacheOutcome = {
      result: 'revalidated',
      level,
      reason,
      forwardStatus: 304,
      collapsed: joined,
    }
    return this.#answers.stored(lookup, joined ? stored : (filled.own ?? stored), outcome)
  }

  /** Where nobody may have an answer without asking, nobody waits for another's. */
  #noteShared({ key, exchange: { clock } }: Lookup, { terms }: KnownHead): void {
    if (reuse(terms, NO_WISHES, clock.wallTime()).use === 'answer') this.#unshared.delete(key)
    else this.#unshared.add(key, clock)
  }

  /** The service is asked for this request by itself, as it came; what it answers may be stored all the same. */
  async #alone(lookup: Lookup, stored: Stored | undefined, reason: ForwardReason): Promise<ResponseMessage> {
    const own: Lookup = { ...lookup, headers: lookup.headers.clone() }
    const fill = this.#questions.alone(own, stored)
    try {
      return this.#answered(own, await fill.answer, reason, false)!
    } catch (thrown) {
      throw this.#answers.failed(lookup, thrown, reason)
    }
  }

  /** Asks for a fresh response while a stored one answers. */
  #refresh(lookup: Lookup, stored: Stored): void {
    const forWhole = fillId(lookup, stored.head.fields)
    // Parts are validated, which is no answer to those who want all of it.
    const id = forWhole && stored instanceof PartialResponse ? structuredKey(['parts', forWhole]) : forWhole
    const { clock } = lookup.exchange
    if (id === undefined || this.#fills.find(id) !== undefined || !this.#refreshes.mayBegin(id, clock)) return
    if (lookup.directives.noStore && this.#settings.storability.obeyClients) return
    // What the client has asked for of it is its own affair: all of it is refreshed.
    const method = lookup.method === 'HEAD' ? 'GET' : lookup.method
    const headers = withoutConditions(lookup.headers)
    for (const name of ['cache-control', 'pragma'])
      if (!stored.head.fields.includes(name)) headers.delete(name)
    const fill = this.#questions.begin(id, { ...lookup, method, headers, directives: NO_WISHES }, stored)
    fill.inBackground = true
    this.#refreshes.follow(id, fill, clock)
    void fill.answer.then(
      (filled) => {
        leave(filled)
      },
      () => {},
    )
  }

  async #pass(reason: Bypass, exchange: Exchange, next: Handler): Promise<ResponseMessage> {
    const asked = this.#invalidating.askedFor(exchange)
    const outcome: CacheOutcome = { result: 'bypass', level: undefined, reason }
    let response: ResponseMessage
    try {
      response = await next(exchange)
    } catch (thrown) {
      this.account.tellError(exchange, outcome)
      throw thrown
    }
    this.#invalidating.answered(asked, response, exchange.clock, false)
    this.account.tell(exchange, response.headers, outcome)
    return response
  }
}

type Answer = Extract<Reuse, { use: 'answer' }>

/** So often someone who waits looks whom to wait with. Then he asks for himself. */
const MAX_ROUNDS = 3

const NO_WISHES = requestDirectives(new HeaderList())

/** Nobody is there any more for whose request this came. */
function leave(filled: Filled): void {
  if (filled.kind === 'own' || filled.kind === 'part') filled.response.body.discard()
  else if (filled.kind === 'shared') new Body(filled.first).discard()
}

/** Those with the same id wait for one answer. */
function fillId({ key, headers }: Lookup, fields: VaryFields): string | undefined {
  return fields === '*' ? undefined : structuredKey([key, variantKey(fields, headers)])
}
