import { Body, type BodyInit } from './body.ts'
import { HeaderList, type HeadersInit } from './headers.ts'
import type { Tunnel } from './network.ts'
import { integer, invalidOption } from './options.ts'
import { normalizePath } from './path.ts'

export type HttpVersion = '1.0' | '1.1' | '2'

export interface RequestInit {
  method?: string
  /** Path and query, as they go to the upstream. Default `/`. */
  target?: string
  /** What the client sent, before normalization. Default `target`. */
  rawTarget?: string
  host?: string
  scheme?: 'http' | 'https'
  version?: HttpVersion
  headers?: HeaderList
  body?: Body
}

const QUERY = /^[\x21\x24-\x7e]*$/
const METHOD = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/** A request on its way through. Filters may change it before they call `next`. */
export class RequestMessage {
  #body: Body | undefined
  #method: string
  #target: string
  #queryAt: number
  /** In wire order and case. Fields of the connection itself are still there for reading; they are never sent on. */
  readonly headers: HeaderList
  /** The target as the client sent it, before the path was normalized. For logs; never route by it. */
  readonly rawTarget: string
  /** Host and port that the request names, in lower case: from the target in absolute form, else from `Host`. */
  readonly host: string
  /** What the client used, as far as is known: see `Client.scheme`. */
  readonly scheme: 'http' | 'https'
  /** What the client spoke. What the service is spoken to in is its pool's to say. */
  readonly version: HttpVersion
  /** @internal The protocols that the client offers to switch to. */
  upgrade: string | undefined = undefined
  /** @internal Whether the client takes trailers (`TE: trailers`). */
  acceptsTrailers = false

  constructor({
    method = 'GET',
    target = '/',
    rawTarget = target,
    host = '',
    scheme = 'http',
    version = '1.1',
    headers = new HeaderList(),
    body,
  }: RequestInit = {}) {
    this.#method = method
    this.#target = target
    this.#queryAt = target.indexOf('?')
    this.headers = headers
    this.rawTarget = rawTarget
    this.host = host
    this.scheme = scheme
    this.version = version
    this.#body = body
  }

  /** The method, as it was sent: case matters. What is set must be a token (`ERR_OPTION_INVALID`). */
  get method(): string {
    return this.#method
  }

  set method(method: string) {
    if (typeof method !== 'string' || !METHOD.test(method))
      throw invalidOption('request', 'method', 'a token', method)
    this.#method = method
  }

  /** Path and query as they go to the upstream. */
  get target(): string {
    return this.#target
  }

  /** The normalized path, percent-encoded; `*` for `OPTIONS *`. What is set is normalized too. */
  get path(): string {
    return this.#queryAt < 0 ? this.#target : this.#target.slice(0, this.#queryAt)
  }

  set path(path: string) {
    const normal = path === '*' ? path : typeof path === 'string' ? normalizePath(path) : undefined
    if (normal === undefined) {
      throw invalidOption(
        'request',
        'path',
        'a percent-encoded path that begins with "/" and can be read in one way only',
        path,
      )
    }
    const query = this.query
    this.#target = query === '' ? normal : `${normal}?${query}`
    this.#queryAt = query === '' ? -1 : normal.length
  }

  /** What stands behind the `?`, percent-encoded; `''` when there is none. */
  get query(): string {
    return this.#queryAt < 0 ? '' : this.#target.slice(this.#queryAt + 1)
  }

  set query(query: string) {
    if (typeof query !== 'string' || !QUERY.test(query)) {
      throw invalidOption('request', 'query', 'a percent-encoded query without "?"', query)
    }
    const path = this.path
    this.#target = query === '' ? path : `${path}?${query}`
    this.#queryAt = query === '' ? -1 : path.length
  }

  /** The content. Unread until someone reads it or it is sent; another may be put in its place. */
  get body(): Body {
    this.#body ??= Body.empty()
    return this.#body
  }

  set body(body: Body) {
    this.#body = body
  }

  /** @internal A copy with its own head and the same body: what one attempt may change without the next one seeing it. */
  copy(): RequestMessage {
    const copy = new RequestMessage({
      method: this.#method,
      target: this.#target,
      rawTarget: this.rawTarget,
      host: this.host,
      scheme: this.scheme,
      version: this.version,
      headers: this.headers.clone(),
      body: this.body,
    })
    copy.upgrade = this.upgrade
    copy.acceptsTrailers = this.acceptsTrailers
    return copy
  }
}

/** A response on its way back. Filters may change it before they return it. */
export class ResponseMessage {
  #status: number
  /** In wire order and case. Fields that frame the body are written anew, whatever stands here. */
  headers: HeaderList
  /** The content. Who puts another in its place calls `discard()` on the first. */
  body: Body
  /** The reason phrase; `undefined` takes the usual one. */
  reason: string | undefined
  /** Set on a 101 answer: the bytes that follow. */
  tunnel: Tunnel | undefined

  constructor(
    status: number,
    headers: HeaderList = new HeaderList(),
    body: Body = Body.empty(),
    reason?: string,
  ) {
    this.#status = integer('ResponseMessage', 'status', status, { min: 101, max: 599 })
    this.headers = headers
    this.body = body
    this.reason = reason
    this.tunnel = undefined
  }

  /** From 200 to 599 for what is set, else it throws `ERR_OPTION_INVALID`; 101 only as it came from a service. */
  get status(): number {
    return this.#status
  }

  set status(status: number) {
    this.#status = integer('response', 'status', status, { min: 200, max: 599 })
  }
}

/**
 * Makes a response. A string body is `text/plain; charset=utf-8` unless `headers` names another type.
 *
 * @example respond(200, 'ok')
 */
export function respond(status: number, body?: BodyInit, headers?: HeadersInit): ResponseMessage {
  integer('respond', 'status', status, { min: 200, max: 599 })
  const list = HeaderList.from(headers)
  if (typeof body === 'string' && !list.has('content-type'))
    list.append('Content-Type', 'text/plain; charset=utf-8')
  return new ResponseMessage(status, list, Body.from(body))
}

/** Makes a JSON response. */
export function respondJson(status: number, value: unknown, headers?: HeadersInit): ResponseMessage {
  integer('respondJson', 'status', status, { min: 200, max: 599 })
  const list = HeaderList.from(headers)
  if (!list.has('content-type')) list.append('Content-Type', 'application/json')
  return new ResponseMessage(status, list, Body.from(JSON.stringify(value)))
}
