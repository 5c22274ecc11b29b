import { Body } from '../core/body.ts'
import type { BodySource } from '../core/body-source.ts'
import { ProxyError } from '../core/errors.ts'
import { type Filter, named } from '../core/handler.ts'
import { type RequestMessage, ResponseMessage } from '../core/message.ts'
import { invalidOption, knownOptions, type Size, sizeBytes } from '../core/options.ts'
import { contentChanged, notModified, saysNoTransform } from './content-coding/changed-content.ts'
import { decodersOf, MAX_CODINGS } from './content-coding/content-encoding.ts'
import { DecodedSource } from './content-coding/decoded-source.ts'
import type { DecodedCoding, Decoder } from './content-coding/decoder.ts'
import { OpenStreams } from './content-coding/open-streams.ts'

export interface DecompressOptions {
  /** Whether requests are decompressed on their way to the service. Default `false`. */
  requests?: boolean
  /** Whether responses are decompressed on their way to the client. Default `true`. */
  responses?: boolean
  /**
   * The codings that are read. Default `['zstd', 'br', 'gzip', 'deflate']`. A body holds, outside the heap and as long as it
   * lasts, up to 8 MiB for `zstd`, 16 MiB for `br`, and 50 KiB for the others, as its sender chooses.
   */
  codings?: readonly DecodedCoding[]
  /** What a body may expand to. Default `'100mb'`; `Infinity` for none. Nothing of it is collected. */
  maxBytes?: Size
  /** How many times its size a body may expand to, once that is more than a mebibyte. Default 100; `Infinity` for none. */
  maxRatio?: number
}

/** A filter that decompresses. */
export interface Decompress extends Filter {
  /** Decompressors that are open. */
  readonly streams: number
}

const OWNER = 'decompress'

const OPTIONS: readonly string[] = [
  'requests',
  'responses',
  'codings',
  'maxBytes',
  'maxRatio',
] satisfies (keyof DecompressOptions)[]

const CODINGS: readonly DecodedCoding[] = ['zstd', 'br', 'gzip', 'deflate']

/**
 * Takes the content coding off responses, and by option off requests, so that filters and services see the content itself.
 *
 * Codings may be stacked, up to three (`Content-Encoding: gzip, br`). A request in a coding that is not read here, or in too many,
 * is answered with 415 and an `Accept-Encoding` that names those that are; such a response goes on as it is. So do a part of a
 * response (206) and one that says `Cache-Control: no-transform`.
 *
 * The content goes on as it is decoded, and a reader that is slow slows its sender down. What expands to more than `maxBytes`, or to more
 * than `maxRatio` times its size, breaks off: with 413 for a request, with `upstream_body_too_large` for a response. Content that
 * is corrupt, broken off, or followed by something else is a 400 (`request_malformed`) or `upstream_response_malformed` (502), never
 * taken for the whole. Where a part has gone on already, the message breaks off. No bytes at all are an empty body.
 *
 * What has lost its coding loses `Content-Length`, `Accept-Ranges` and its checksums too, and a strong `ETag` becomes weak.
 *
 * Traps: the order of filters is that of requests. A filter that changes responses stands before this one, one that looks at
 * requests behind it. Services that see plain requests must be told of their limits in plain bytes: set `maxBytes` to what they take. A pool
 * that asks services for compressed answers only to decompress them here is work for both: remove `Accept-Encoding` from the
 * request instead, where every client's answer is to be changed.
 *
 * @example
 * proxy().route('/', compress(), replaceText('http://', 'https://'), decompress(), shop)
 * proxy().route('/api', decompress({ requests: true, responses: false, maxBytes: '1mb' }), validate({ body: schema }), api)
 *
 * @throws `ERR_OPTION_INVALID` for an option that is wrong.
 */
export function decompress(options: DecompressOptions = {}): Decompress {
  const decompressor = new Decompressor(options)
  const filter: Filter = (exchange, next) => {
    const { request } = exchange
    decompressor.request(request)
    if (!decompressor.responses) return next(exchange)
    const ifNoneMatch = request.headers.get('if-none-match')
    const head = request.method === 'HEAD'
    const response = next(exchange)
    if (response instanceof ResponseMessage) return decompressor.response(response, head, ifNoneMatch)
    return response.then((it) => decompressor.response(it, head, ifNoneMatch))
  }
  return Object.defineProperty(named(filter, OWNER), 'streams', {
    get: () => decompressor.streams.count,
  }) as Decompress
}

class Decompressor {
  readonly streams = new OpenStreams()
  readonly responses: boolean
  readonly #requests: boolean
  readonly #codings: readonly DecodedCoding[]
  readonly #maxBytes: number
  readonly #maxRatio: number

  constructor(options: DecompressOptions) {
    knownOptions(OWNER, options, OPTIONS)
    const { requests = false, responses = true, codings = CODINGS, maxRatio = 100 } = options
    for (const [name, value] of Object.entries({ requests, responses }))
      if (typeof value !== 'boolean') throw invalidOption(OWNER, name, 'true or false', value)
    if (!requests && !responses)
      throw invalidOption(OWNER, 'responses', 'true, where "requests" is not', responses)
    if (!Array.isArray(codings) || codings.length === 0 || codings.some((it) => !CODINGS.includes(it)))
      throw invalidOption(OWNER, 'codings', 'a list of "zstd", "br", "gzip" and "deflate"', codings)
    if (typeof maxRatio !== 'number' || !(maxRatio >= 1))
      throw invalidOption(OWNER, 'maxRatio', 'a number of at least 1', maxRatio)
    this.#requests = requests
    this.responses = responses
    this.#codings = [...codings]
    this.#maxBytes = sizeBytes(OWNER, 'maxBytes', options.maxBytes ?? '100mb', { unlimited: true })
    this.#maxRatio = maxRatio
  }

  request(request: RequestMessage): void {
    const { headers } = request
    if (!this.#requests || !headers.has('content-encoding')) return
    const decoders = decodersOf(headers, this.#codings)
    if (decoders === 'unknown')
      throw new ProxyError('request_content_unsupported', {
        detail: `the content is in a coding that is not read here, or in more than ${MAX_CODINGS}`,
        headers: { 'Accept-Encoding': this.#codings.join(', ') },
      })
    headers.delete('content-encoding')
    if (decoders.length === 0 || request.body.length === 0) return
    contentChanged(headers)
    request.body = this.#decoded(request.body, decoders, 'request')
  }

  response(response: ResponseMessage, head: boolean, ifNoneMatch: string | undefined): ResponseMessage {
    const { headers, status, tunnel } = response
    if (status === 304) notModified(headers, ifNoneMatch)
    if (!headers.has('content-encoding') || headers.has('content-range') || saysNoTransform(headers))
      return response
    if (status === 304 || status === 206 || tunnel !== undefined) return response
    const decoders = decodersOf(headers, this.#codings)
    if (decoders === 'unknown') return response
    headers.delete('content-encoding')
    if (decoders.length === 0 || (response.body.length === 0 && !head)) return response
    contentChanged(headers)
    if (!head) response.body = this.#decoded(response.body, decoders, 'response')
    return response
  }

  #decoded(body: Body, decoders: readonly Decoder[], side: 'request' | 'response'): Body {
    const limits = { maxBytes: this.#maxBytes, maxRatio: this.#maxRatio }
    let source: BodySource = body.take()
    for (const decoder of decoders) source = new DecodedSource(source, decoder, limits, side, this.streams)
    const decoded = new Body(source)
    return side === 'response' ? decoded.fromUpstream() : decoded
  }
}
