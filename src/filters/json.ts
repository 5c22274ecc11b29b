import { Body } from '../core/body.ts'
import type { Exchange } from '../core/exchange.ts'
import { type Filter, named } from '../core/handler.ts'
import type { ResponseMessage } from '../core/message.ts'
import { invalidOption, knownOptions, type Size, sizeBytes } from '../core/options.ts'
import { contentChanged, notModified } from './content-coding/changed-content.ts'
import { isJson, readRequest, readResponse } from './json/read-document.ts'

/**
 * Gives the document that takes the place of one. What is returned is sent, so what is changed in place must be returned too.
 * What it throws is the answer; anything but a `ProxyError` is a failure of the proxy.
 */
export type JsonMap<T> = (document: T, exchange: Exchange) => unknown

export interface JsonOptions<Asked = unknown, Answered = unknown> {
  /** Changes the document of a request. Default: nothing is read of requests. */
  request?: JsonMap<Asked>
  /** Changes the document of a response. Default: nothing is read of responses. */
  response?: JsonMap<Answered>
  /** What a document may have, in bytes. Default `'1mb'`. Each is held whole while it is changed. */
  maxBytes?: Size
}

const OWNER = 'json'

const OPTIONS: readonly string[] = ['request', 'response', 'maxBytes'] satisfies (keyof JsonOptions)[]

/**
 * Changes JSON documents, of requests, of responses or of both, by functions that are given what they say.
 *
 * **Requests**: one with content must be JSON (`application/json` or `application/*+json`), in UTF-8 and without a coding, else
 * it is answered with 415. What is no JSON is a 400 (`request_malformed`), what is too large a 413. One without content passes.
 *
 * **Responses**: those with a status from 200 to 299 and a type of JSON are read; others pass, so that a page of an error stays
 * what it is. Where such a response is no JSON, is too large or has a coding, the client gets a 502: what a function was to hide is
 * never shown because it could not be read. A part cannot be read either, so `Range` is taken out of requests.
 *
 * **Documents** that could be read in two ways are none: with a name twice in one object, with `__proto__` or
 * `constructor.prototype`, with more than 200 levels. A byte order mark is read over. What is sent is written anew, in UTF-8
 * without white space; `Content-Length` and checksums are made or dropped to fit, and a strong `ETag` becomes weak.
 *
 * Traps: the types of the functions are a promise of yours; `validate` makes a client keep it. Numbers are those of JavaScript: a whole
 * number above 2^53 changes on its way. Services answer in a coding where the client takes one: put `decompress()` behind this
 * filter, or take `Accept-Encoding` out of requests.
 *
 * @example
 * proxy().route('/users/:id', json({ response: ({ password, ...user }: User) => user }), users)
 * proxy().route('/orders', json({ request: (order: Order, { client }) => ({ ...order, from: client.address }) }), orders)
 *
 * @throws `ERR_OPTION_INVALID` for an option that is wrong.
 */
export function json<Asked = unknown, Answered = unknown>(options: JsonOptions<Asked, Answered>): Filter {
  knownOptions(OWNER, options, OPTIONS)
  const { request: mapRequest, response: mapResponse } = options
  for (const [name, map] of Object.entries({ request: mapRequest, response: mapResponse }))
    if (map !== undefined && typeof map !== 'function')
      throw invalidOption(OWNER, name, 'a function of a document', map)
  if (mapRequest === undefined && mapResponse === undefined)
    throw invalidOption(OWNER, 'response', 'a function of a document, where "request" is none', mapResponse)
  const maxBytes = sizeBytes(OWNER, 'maxBytes', options.maxBytes ?? '1mb', { min: 1 })

  const filter: Filter = async (exchange, next) => {
    const { request } = exchange
    const { headers, method } = request
    const ifNoneMatch = headers.get('if-none-match')
    if (mapRequest !== undefined && request.body.length !== 0) {
      const document = await readRequest(request, maxBytes)
      request.body = Body.from(
        document === undefined ? '' : written(await mapRequest(document.value as Asked, exchange)),
      )
      contentChanged(headers)
    }
    if (mapResponse === undefined) return next(exchange)
    if (headers.has('range')) headers.delete('range').delete('if-range')
    const response = await next(exchange)
    if (response.status === 304) notModified(response.headers, ifNoneMatch)
    if (!isDocument(response)) return response
    if (method !== 'HEAD') {
      const document = await readResponse(response, maxBytes)
      response.body = Body.from(
        document === undefined ? '' : written(await mapResponse(document.value as Answered, exchange)),
      )
    }
    contentChanged(response.headers)
    return response
  }
  return named(filter, OWNER)
}

function isDocument({ status, headers, tunnel }: ResponseMessage): boolean {
  if (status < 200 || status > 299 || status === 204 || status === 205 || tunnel !== undefined) return false
  return isJson(headers)
}

function written(document: unknown): string {
  const text = JSON.stringify(document) as string | undefined
  if (text === undefined) throw new TypeError('json: a function must return the document that is to be sent')
  return text
}
