import { Body } from '../core/body.ts'
import { BytesSource } from '../core/body-source.ts'
import { ProxyError, toProxyError } from '../core/errors.ts'
import type { Exchange } from '../core/exchange.ts'
import type { Handler } from '../core/handler.ts'
import type { HeaderList } from '../core/headers.ts'
import { type RequestMessage, ResponseMessage } from '../core/message.ts'
import { SharedContent } from '../core/shared-content.ts'
import { ageValue } from './age.ts'
import { type RequestDirectives, requestDirectives } from './cache-control.ts'
import { cacheKey } from './cache-key.ts'
import {
  isForOriginOnly,
  isNotModified,
  notModifiedHead,
  validationRequest,
  withoutConditions,
} from './conditional.ts'
import { Fill, type Filled } from './fill.ts'
import { type HeadOptions, type KnownHead, knownHead, storableFields } from './held-response.ts'
import { type HeldResponse, MemoryLevel } from './memory-level.ts'
import { type ForwardReason, isErrorForReuse, type Reuse, reuse, reuseOnError } from './reuse.ts'
import { type StorabilityOptions, storability } from './storability.ts'
import { effectiveDirectives } from './targeted-cache-control.ts'
import { selectVariant, variantKey } from './variant.ts'

export interface CacheSettings extends HeadOptions {
  readonly name: string
  readonly maxBytes: number
  readonly maxEntryBytes: number
  readonly windowBytes: number
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
      return this.#fromStore(exchange, held!, verdict, 'hit')
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
        const source = matches ? filled.content.read() : undefined
        if (source === undefined) return next(exchange)
        return this.#answer(
          exchange,
          filled.head,
          new Body(source),
          `fwd=${fwd(reason)}${collapsed ? '; collapsed' : ''}; stored`,
        )
      }
      case 'held': {
        if (selectVariant([filled.held.head], exchange.request.headers) === undefined) return next(exchange)
        const status =
          filled.because === 'validated' ? `fwd=${fwd(reason)}; fwd-status=304` : 'hit; detail=stale-if-error'
        return this.#answer(exchange, filled.held.head, bodyOf(filled.held), status)
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
    const fill: Fill = new Fill(exchange, async () => {
      let over = true
      try {
        const filled = await this.#ask(key, held, directives, exchange, next, () => this.#done(key, fill))
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
    onEnd: () => void,
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
        response.body.discard()
        return {
          kind: 'held',
          held: this.#freshen(held, response, requestTime, responseTime),
          because: 'validated',
        }
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
    return { kind: 'shared', head, content: this.#keep(key, head, response, onEnd) }
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
    return { ...known, headers: storableFields(headers, verdict.without), variant, key: variant }
  }

  #keep(key: string, head: KnownHead, response: ResponseMessage, onEnd: () => void): SharedContent {
    const { maxEntryBytes, windowBytes } = this.#settings
    const content = new SharedContent(response.body.take(), {
      keepBytes: maxEntryBytes,
      windowBytes,
      onEnd: ({ complete, trailers, bytes }) => {
        if (complete !== undefined) this.memory.put({ key, head, chunks: complete, trailers, length: bytes })
        onEnd()
      },
    })
    content.open()
    return content
  }

  #freshen(
    held: HeldResponse,
    response: ResponseMessage,
    requestTime: number,
    responseTime: number,
  ): HeldResponse {
    const headers = held.head.headers.clone()
    for (const [name, value] of storableFields(response.headers, [])) {
      if (!NEVER_UPDATED.has(name.toLowerCase())) headers.set(name, value)
    }
    const { status, reason, variant, tags } = held.head
    const head = knownHead(
      { status, reason, headers, requestTime, responseTime, variant, tags },
      this.#settings,
    )
    const fresh: HeldResponse = { ...held, head }
    this.memory.put(fresh)
    return fresh
  }

  #fromStore(exchange: Exchange, held: HeldResponse, { remainingMs }: Answer, how: string): ResponseMessage {
    this.memory.used(held)
    return this.#answer(exchange, held.head, bodyOf(held), `${how}; ttl=${Math.floor(remainingMs / 1_000)}`)
  }

  #answer(exchange: Exchange, head: KnownHead, body: Body, how: string): ResponseMessage {
    const { method, headers: asked } = exchange.request
    const ageMs = head.terms.initialAgeMs + Math.max(0, exchange.clock.wallTime() - head.responseTime)
    const isSame = isNotModified(method, asked, head)
    const headers = isSame ? notModifiedHead(head.headers) : head.headers.clone()
    headers.set('Age', ageValue(ageMs))
    headers.append('Cache-Status', `${this.#settings.name}; ${how}`)
    if (!isSame) return new ResponseMessage(head.status, headers, body, head.reason)
    body.discard()
    return new ResponseMessage(304, headers)
  }

  async #pass(exchange: Exchange, next: Handler): Promise<ResponseMessage> {
    const { request } = exchange
    const response = await next(exchange)
    const unsafe = !SAFE.has(request.method)
    if (unsafe && response.status >= 200 && response.status < 400)
      this.memory.removeAll(cacheKey({ ...addressOf(request), method: 'GET' }))
    return response
  }
}

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'QUERY'])
const NEVER_UPDATED = new Set(['content-encoding', 'content-length', 'content-type', 'content-range', 'etag'])

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

function fwd(reason: ForwardReason): string {
  switch (reason) {
    case 'miss':
      return 'uri-miss'
    case 'stale':
    case 'no-cache':
      return 'stale'
    default:
      return 'request'
  }
}

function bodyOf({ chunks, length }: HeldResponse): Body {
  return length === 0
    ? Body.empty()
    : new Body(new BytesSource(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)))
}
