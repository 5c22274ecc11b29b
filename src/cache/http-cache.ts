import { Body } from '../core/body.ts'
import type { Clock } from '../core/clock.ts'
import { ProxyError, toProxyError } from '../core/errors.ts'
import type { Exchange } from '../core/exchange.ts'
import type { Handler } from '../core/handler.ts'
import type { HeaderList } from '../core/headers.ts'
import { type RequestMessage, ResponseMessage } from '../core/message.ts'
import { randomId } from '../core/random.ts'
import { SharedBody } from '../core/shared-body.ts'
import { currentAgeMs } from './age.ts'
import { type RequestDirectives, requestDirectives } from './cache-control.ts'
import { cacheKey } from './cache-key.ts'
import { addCacheStatus, type CacheStatus, forwardWord } from './cache-status.ts'
import {
  isForOriginOnly,
  isNotModified,
  notModifiedHead,
  validationRequest,
  withoutConditions,
} from './conditional.ts'
import { Fill, type Filled } from './fill.ts'
import { freshenedBy, freshenedHead } from './freshen.ts'
import { type HeadOptions, type KnownHead, knownHead } from './held-response.ts'
import { invalidatedBy } from './invalidation.ts'
import { type HeldResponse, MemoryLevel } from './memory-level.ts'
import { partsAnswer, wholeBody } from './parts-answer.ts'
import { type RangePlan, rangeAnswer } from './range.ts'
import { type ForwardReason, isErrorForReuse, type Reuse, reuse, reuseOnError } from './reuse.ts'
import { type StorabilityOptions, storability } from './storability.ts'
import { reusedHead, storedHead } from './stored-head.ts'
import { effectiveDirectives } from './targeted-cache-control.ts'
import { validatorsOf } from './validators.ts'
import { selectVariant, variantKey } from './variant.ts'

export interface CacheSettings extends HeadOptions {
  readonly name: string
  readonly maxBytes: number
  readonly maxEntryBytes: number
  readonly windowBytes: number
  readonly stallMs: number
  readonly storability: StorabilityOptions
}

type Answer = Extract<Reuse, { use: 'answer' }>

/** A shared cache as a filter: RFC 9111, and RFC 5861 for what is stale. */
export class HttpCache {
  readonly memory: MemoryLevel
  readonly #settings: CacheSettings
  /** What is being asked of the service, by key. */
  readonly #fills = new Map<string, Fill>()

  constructor(settings: CacheSettings) {
    this.#settings = settings
    this.memory = new MemoryLevel(settings.maxBytes)
  }

  /** Questions to the service that others can join. */
  get filling(): number {
    return this.#fills.size
  }

  serve(exchange: Exchange, next: Handler): Promise<ResponseMessage> | ResponseMessage {
    const { request } = exchange
    if (!isCached(request)) return this.#pass(exchange, next)
    const key = keyOf(request)
    const directives = requestDirectives(request.headers)
    const held = this.#find(key, request.headers)
    const verdict = reuse(held?.head.terms, directives, exchange.clock.wallTime())
    if (verdict.use === 'answer') {
      if (verdict.refresh) this.#refresh(key, held!, exchange, next)
      return this.#fromStore(exchange, held!, verdict)
    }
    if (verdict.use === 'refuse')
      throw new ProxyError('upstream_head_timeout', { detail: 'only a stored response was wanted' })
    return this.#forward(key, held, verdict.reason, directives, exchange, next)
  }

  #find(key: string, request: HeaderList): HeldResponse | undefined {
    const all = this.memory.find(key)
    if (all.length === 0) return undefined
    const head = selectVariant(
      all.map((it) => it.head),
      request,
    )
    return head === undefined ? undefined : all.find((it) => it.head === head)
  }

  async #forward(
    key: string,
    held: HeldResponse | undefined,
    reason: ForwardReason,
    directives: RequestDirectives,
    exchange: Exchange,
    next: Handler,
  ): Promise<ResponseMessage> {
    if (!isJoinable(exchange.request, directives)) return next(exchange)
    const running = this.#fills.get(key)
    const fill = running ?? this.#begin(key, held, directives, exchange, next)
    const collapsed = running !== undefined
    let filled: Filled
    try {
      filled = await fill.answer
    } catch (thrown) {
      // What the client of the one request has done wrong is not the others' fault.
      if (collapsed && toProxyError(thrown).side === 'downstream') return next(exchange)
      throw thrown
    }
    if (exchange.abortReason !== undefined) throw exchange.abortReason
    switch (filled.kind) {
      case 'shared': {
        const matches = selectVariant([filled.head], exchange.request.headers) !== undefined
        const source = matches && filled.content.whole ? filled.content.reader() : undefined
        if (source === undefined) return next(exchange)
        return this.#answer(exchange, filled.head, new Body(source), {
          fwd: forwardWord(reason),
          stored: true,
          collapsed,
        })
      }
      case 'held': {
        if (selectVariant([filled.held.head], exchange.request.headers) === undefined) return next(exchange)
        const status: CacheStatus =
          filled.because === 'validated'
            ? { fwd: forwardWord(reason), fwdStatus: 304, collapsed }
            : { hit: true, detail: filled.because }
        return this.#fromHeld(exchange, filled.held, status)
      }
      case 'own':
        return collapsed ? next(exchange) : filled.response
    }
  }

  /** Asks for a fresh response while a stale one answers. */
  #refresh(key: string, held: HeldResponse, exchange: Exchange, next: Handler): void {
    if (this.#fills.has(key)) return
    const fill = this.#begin(key, held, requestDirectives(exchange.request.headers), exchange, next)
    void fill.answer.then(
      (filled) => {
        if (filled.kind === 'own') filled.response.body.discard()
      },
      () => {},
    )
  }

  #begin(
    key: string,
    held: HeldResponse | undefined,
    directives: RequestDirectives,
    exchange: Exchange,
    next: Handler,
  ): Fill {
    const fill: Fill = new Fill(async () => {
      let over = true
      try {
        const filled = await this.#ask(key, held, directives, exchange, next, () => fill)
        over = filled.kind !== 'shared'
        return filled
      } finally {
        if (over) this.#done(key, fill)
      }
    })
    this.#fills.set(key, fill)
    return fill
  }

  #done(key: string, fill: Fill): void {
    if (this.#fills.get(key) === fill) this.#fills.delete(key)
  }

  async #ask(
    key: string,
    held: HeldResponse | undefined,
    directives: RequestDirectives,
    exchange: Exchange,
    next: Handler,
    fill: () => Fill,
  ): Promise<Filled> {
    const { clock } = exchange
    const request = exchange.request.copy()
    const conditions = held && validationRequest(request.headers, [held.head.validators])
    const headers = conditions?.headers ?? withoutConditions(request.headers)
    for (const [name] of [...request.headers]) request.headers.delete(name)
    for (const [name, value] of headers) request.headers.append(name, value)
    const requestTime = clock.wallTime()
    let response: ResponseMessage
    try {
      response = await exchange.call(next, request, { detached: true, timeoutMs: Number.POSITIVE_INFINITY })
    } catch (thrown) {
      const stale = held && toProxyError(thrown).side === 'upstream' ? held : undefined
      if (stale !== undefined && reuseOnError(stale.head.terms, directives, clock.wallTime()) !== undefined)
        return { kind: 'held', held: stale, because: 'stale-if-error' }
      throw thrown
    }
    const responseTime = clock.wallTime()
    if (held !== undefined) {
      if (response.status === 304) {
        const sentClientTags = (conditions?.clientTags.length ?? 0) > 0
        const fresh = this.#freshen(held, response, sentClientTags, requestTime, responseTime)
        if (fresh !== undefined && !fill().outdated) this.memory.put(fresh)
        if (fresh === undefined) return { kind: 'own', response }
        response.body.discard()
        return { kind: 'held', held: fresh, because: 'validated' }
      }
      if (
        isErrorForReuse(response.status) &&
        reuseOnError(held.head.terms, directives, responseTime) !== undefined
      ) {
        response.body.discard()
        return { kind: 'held', held, because: 'stale-if-error' }
      }
    }
    const head = this.#toStore(exchange.request, directives, response, requestTime, responseTime)
    if (head === undefined) return { kind: 'own', response }
    return { kind: 'shared', head, content: this.#keep(key, head, response, clock, fill()) }
  }

  #toStore(
    request: RequestMessage,
    directives: RequestDirectives,
    response: ResponseMessage,
    requestTime: number,
    responseTime: number,
  ): KnownHead | undefined {
    const { status, headers, reason } = response
    const known = knownHead(
      { status, reason, headers, requestTime, responseTime, variant: '', tags: [] },
      this.#settings,
    )
    const verdict = storability(
      { method: request.method, headers: request.headers, directives },
      {
        status,
        headers,
        effective: effectiveDirectives(headers, this.#settings.targets),
        terms: known.terms,
      },
      this.#settings.storability,
    )
    if (!verdict.store || known.fields === '*' || status === 206) return undefined
    const variant = variantKey(known.fields, request.headers)
    return { ...known, headers: storedHead(headers, verdict.without, responseTime), variant, key: variant }
  }

  #keep(key: string, head: KnownHead, response: ResponseMessage, clock: Clock, fill: Fill): SharedBody {
    const { maxEntryBytes, windowBytes, stallMs } = this.#settings
    const content = new SharedBody(response.body.take(), {
      clock,
      bufferBytes: windowBytes,
      stallMs,
      keepBytes: maxEntryBytes,
      onEnd: () => {
        const { complete } = content
        if (complete !== undefined && !fill.outdated) {
          const length = complete.chunks.reduce((sum, { byteLength }) => sum + byteLength, 0)
          this.memory.put({ key, head, ...complete, length })
        }
        this.#done(key, fill)
      },
    })
    content.open()
    return content
  }

  /** What is stored, with what a 304 has said of it; `undefined` where that was about something else. */
  #freshen(
    held: HeldResponse,
    response: ResponseMessage,
    sentClientTags: boolean,
    requestTime: number,
    responseTime: number,
  ): HeldResponse | undefined {
    const update = validatorsOf(response.headers, responseTime)
    if (freshenedBy(update, [held.head], sentClientTags).length === 0) return undefined
    const headers = freshenedHead(held.head.headers, response.headers, responseTime, ['set-cookie'])
    const { status, reason, variant, tags } = held.head
    const head = knownHead(
      { status, reason, headers, requestTime, responseTime, variant, tags },
      this.#settings,
    )
    return { ...held, head }
  }

  #fromStore(exchange: Exchange, held: HeldResponse, { remainingMs, reason }: Answer): ResponseMessage {
    this.memory.used(held)
    const detail = reason === 'fresh' ? undefined : reason
    return this.#fromHeld(exchange, held, { hit: true, ttlMs: remainingMs, detail })
  }

  /** All of it, a part of it, or that the client has it already, in the order of RFC 9110 section 13.2.2. */
  #fromHeld(exchange: Exchange, held: HeldResponse, status: CacheStatus): ResponseMessage {
    const { request } = exchange
    const { head } = held
    const plan =
      request.headers.has('range') && !isNotModified(request.method, request.headers, head)
        ? rangeAnswer(request, head, held.length)
        : WHOLE
    if (plan.answer === 'whole') return this.#answer(exchange, head, wholeBody(held), status)
    return partsAnswer(plan, this.#headers(exchange, head.headers, head, status), held, () =>
      randomId(exchange.random),
    )
  }

  #answer(exchange: Exchange, head: KnownHead, body: Body, status: CacheStatus): ResponseMessage {
    const { method, headers: asked } = exchange.request
    const isSame = isNotModified(method, asked, head)
    const stored = isSame ? notModifiedHead(head.headers) : head.headers
    const headers = this.#headers(exchange, stored, head, status)
    if (!isSame) return new ResponseMessage(head.status, headers, body, head.reason)
    body.discard()
    return new ResponseMessage(304, headers)
  }

  #invalidate(key: string): void {
    this.memory.removeAll(key)
    const fill = this.#fills.get(key)
    if (fill === undefined) return
    fill.outdated = true
    this.#fills.delete(key)
  }

  #headers(exchange: Exchange, stored: HeaderList, { terms }: KnownHead, status: CacheStatus): HeaderList {
    const headers = reusedHead(stored, currentAgeMs(terms, exchange.clock.wallTime()))
    addCacheStatus(headers, this.#settings.name, status)
    return headers
  }

  async #pass(exchange: Exchange, next: Handler): Promise<ResponseMessage> {
    const { method, scheme, host, target } = exchange.request
    const response = await next(exchange)
    for (const changed of invalidatedBy({ method, scheme, host, target }, response))
      this.#invalidate(cacheKey({ ...changed, method: 'GET' }))
    return response
  }
}

const WHOLE: RangePlan = { answer: 'whole' }

function addressOf({ scheme, host, target }: RequestMessage) {
  return { scheme, host, target }
}

function keyOf(request: RequestMessage): string {
  return cacheKey({ ...addressOf(request), method: 'GET' })
}

function isCached({ method, upgrade, body, headers }: RequestMessage): boolean {
  return (
    (method === 'GET' || method === 'HEAD') &&
    upgrade === undefined &&
    body.length === 0 &&
    !isForOriginOnly(headers)
  )
}

/** Whether its answer may be others' too. */
function isJoinable({ method, headers }: RequestMessage, { noStore }: RequestDirectives): boolean {
  return method === 'GET' && !noStore && !headers.has('range') && !headers.has('authorization')
}
