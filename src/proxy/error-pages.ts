import { Accept, type MediaType, mediaType } from '../core/accept.ts'
import { Body } from '../core/body.ts'
import type { ProxyError, ProxyErrorCode } from '../core/errors.ts'
import type { Exchange } from '../core/exchange.ts'
import { grpcAnswerType } from '../core/grpc-call.ts'
import type { ResponseMessage } from '../core/message.ts'
import { invalidOption } from '../core/options.ts'
import { errorResponse, problemResponse, publicDetail } from '../core/problem.ts'
import type { ErrorHandler } from './description.ts'
import { PageTemplate } from './page-template.ts'

/** What a page may tell of an error: what the default answer tells too, and the exchange's id. */
export interface ErrorPageFacts {
  readonly status: number
  readonly code: ProxyErrorCode
  /** The error in a few words. */
  readonly title: string
  /** One sentence that says more, where the fault is the client's. It may hold something of the request. */
  readonly detail: string | undefined
  /** The exchange's id, to find the exchange in a log. */
  readonly id: string
}

/**
 * A text in which `{{status}}`, `{{title}}`, `{{code}}`, `{{detail}}` and `{{id}}` stand for values; bytes; or a function that
 * gives one of them, which is then taken as it is.
 */
export type ErrorPage = string | Uint8Array | ((facts: ErrorPageFacts) => string | Uint8Array)

/** A page for each media type, `text/html` for example. */
export type ErrorPagesByType = Readonly<Record<string, ErrorPage>>

/** Pages by status: of one status, else of its class, else `default`. */
export interface ErrorPages {
  readonly [status: number]: ErrorPagesByType
  readonly '4xx'?: ErrorPagesByType
  readonly '5xx'?: ErrorPagesByType
  /** For every status that has no pages of its own. */
  readonly default?: ErrorPagesByType
}

const OWNER = 'errorPages'
const MAX_PAGE_BYTES = 1_048_576
/** Values of `Accept` for which the choice is kept. There are few in practice, and whoever makes up more gains nothing. */
const MAX_CHOICES = 50

/**
 * Pages for errors, in the type that the client asks for: for `proxy().onError`.
 *
 * `Accept` decides (RFC 9110 section 12.5.1). Between types that are equally welcome, the first that was written does, and the
 * default problem document comes last; but HTML is for those who name it, as browsers do, and not for programs that take
 * anything. Who takes nothing of what there is gets the problem document.
 *
 * Values in a text are escaped for its type: in HTML and XML all but letters, digits and a few marks. A page is a megabyte at
 * most. The status and the fields of the error (`Retry-After`, `Allow`, `Proxy-Status`) stay, and the answer is not stored
 * (`Cache-Control: no-store`).
 *
 * Trap: what a function returns is sent as it is. `detail` may hold something of the request: escape it.
 *
 * @example
 * proxy().onError(errorPages({
 *   404: { 'text/html': '<h1>Not found</h1>' },
 *   '5xx': { 'text/html': '<h1>{{title}}</h1><p>Tell us {{id}}.</p>' },
 * }))
 *
 * @throws `ERR_OPTION_INVALID` for a status or a type that is none, and for a page that is none or is too large.
 */
export function errorPages(pages: ErrorPages): ErrorHandler {
  if (typeof pages !== 'object' || pages === null || Object.keys(pages).length === 0)
    throw invalidOption(OWNER, 'pages', 'an object of pages by status, at least one', pages)
  const byStatus = new Map<string, PageChoice>()
  for (const [status, byType] of Object.entries(pages)) {
    if (!/^(?:[45]\d\d|4xx|5xx|default)$/.test(status))
      throw invalidOption(OWNER, 'status', 'a status from 400 to 599, "4xx", "5xx" or "default"', status)
    byStatus.set(status, new PageChoice(status, byType as ErrorPagesByType))
  }
  return (error, exchange) => {
    // Nobody looks at it: the proxy's own answer is of gRPC.
    if (grpcAnswerType(exchange) !== undefined) return undefined
    const { status } = error
    const choice =
      byStatus.get(`${status}`) ?? byStatus.get(status < 500 ? '4xx' : '5xx') ?? byStatus.get('default')
    return choice?.answer(error, exchange)
  }
}

/** The pages of one status, or of several. */
class PageChoice {
  readonly #pages: readonly Page[]
  /** By the value of `Accept`; `undefined` for the problem document. */
  readonly #choices = new Map<string | undefined, Page | undefined>()

  constructor(status: string, byType: ErrorPagesByType) {
    const types = typeof byType === 'object' && byType !== null ? Object.entries(byType) : []
    if (types.length === 0)
      throw invalidOption(OWNER, status, 'an object of pages by media type, such as "text/html"', byType)
    this.#pages = types.map(([type, page]) => new Page(status, type, page))
  }

  answer(error: ProxyError, exchange: Exchange): ResponseMessage {
    const page = this.#pageFor(exchange.request.headers.get('accept'))
    const response =
      page === undefined
        ? problemResponse(error)
        : errorResponse(error, page.contentType, page.body(error, exchange))
    response.headers.set('Cache-Control', 'no-store')
    return response
  }

  #pageFor(field: string | undefined): Page | undefined {
    if (this.#choices.has(field)) return this.#choices.get(field)
    const chosen = this.#choose(new Accept(field))
    if (this.#choices.size >= MAX_CHOICES) this.#choices.clear()
    // A long one would be kept for long.
    if (field === undefined || field.length < 1_000) this.#choices.set(field, chosen)
    return chosen
  }

  #choose(accept: Accept): Page | undefined {
    let best: Page | undefined
    let most = 0
    for (const page of this.#pages) {
      const { q, named } = accept.preference(page.type)
      if (q <= most || (page.isHtml && !named)) continue
      most = q
      best = page
    }
    return accept.preference(PROBLEM).q > most ? undefined : best
  }
}

const PROBLEM: MediaType = { type: 'application', subtype: 'problem+json', parameters: new Map() }

class Page {
  readonly type: MediaType
  readonly contentType: string
  readonly #where: string
  readonly #fixed: Buffer | undefined
  readonly #template: PageTemplate | undefined
  readonly #make: ((facts: ErrorPageFacts) => string | Uint8Array) | undefined

  constructor(status: string, contentType: string, page: ErrorPage) {
    this.#where = `${status} ${contentType}`
    const type = mediaType(contentType)
    if (type === undefined)
      throw invalidOption(OWNER, status, 'an object of pages by media type, such as "text/html"', contentType)
    const charset = type.parameters.get('charset')?.toLowerCase()
    const addsCharset = type.type === 'text' && charset === undefined
    this.contentType = addsCharset ? `${contentType}; charset=utf-8` : contentType
    this.type = addsCharset ? mediaType(this.contentType)! : type
    if (typeof page === 'function') this.#make = page
    else if (typeof page === 'string') {
      if (charset !== undefined && charset !== 'utf-8')
        throw invalidOption(OWNER, this.#where, 'bytes, where they are not of UTF-8', page)
      const template = new PageTemplate(OWNER, this.#where, page, type)
      if (template.maxBytes > MAX_PAGE_BYTES) throw this.#tooLarge(page)
      if (template.isFixed) this.#fixed = Buffer.from(page)
      else this.#template = template
    } else if (page instanceof Uint8Array) {
      if (page.byteLength > MAX_PAGE_BYTES) throw this.#tooLarge(page)
      this.#fixed = Buffer.from(page)
    } else
      throw invalidOption(OWNER, this.#where, 'a text, bytes, or a function that gives one of them', page)
  }

  get isHtml(): boolean {
    return this.type.subtype === 'html' || this.type.subtype === 'xhtml+xml'
  }

  body(error: ProxyError, exchange: Exchange): Body {
    if (this.#fixed !== undefined) return Body.from(this.#fixed)
    const facts = new Facts(error, exchange)
    if (this.#template !== undefined) return Body.from(this.#template.render(facts))
    const made = this.#make!(facts)
    if (typeof made !== 'string' && !(made instanceof Uint8Array))
      throw new TypeError(`${OWNER}: the function for ${this.#where} must return a text or bytes`)
    if (Buffer.byteLength(made) > MAX_PAGE_BYTES)
      throw new RangeError(
        `${OWNER}: what the function for ${this.#where} returns is larger than ${MAX_PAGE_BYTES} bytes`,
      )
    return Body.from(made)
  }

  #tooLarge(page: string | Uint8Array): Error {
    return invalidOption(
      OWNER,
      this.#where,
      `a page of at most ${MAX_PAGE_BYTES} bytes, its values included`,
      page,
    )
  }
}

class Facts implements ErrorPageFacts {
  readonly status: number
  readonly code: ProxyErrorCode
  readonly title: string
  readonly detail: string | undefined
  readonly #exchange: Exchange

  constructor(error: ProxyError, exchange: Exchange) {
    this.status = error.status
    this.code = error.code
    this.title = error.title
    this.detail = publicDetail(error)
    this.#exchange = exchange
  }

  /** Made only where it is shown. */
  get id(): string {
    return this.#exchange.id
  }
}
