import { Body } from '../core/body.ts'
import type { Exchange } from '../core/exchange.ts'
import { type Filter, named } from '../core/handler.ts'
import { ResponseMessage } from '../core/message.ts'
import { integer, invalidOption, knownOptions, type Size, sizeBytes } from '../core/options.ts'
import { addVary } from '../core/vary.ts'
import { AcceptEncoding } from './content-coding/accept-encoding.ts'
import { contentChanged, notModified, saysNoTransform } from './content-coding/changed-content.ts'
import { EncodedSource } from './content-coding/encoded-source.ts'
import { type Coding, type Encoder, encoderOf } from './content-coding/encoder.ts'
import { OpenStreams } from './content-coding/open-streams.ts'
import { TypeList } from './content-coding/type-list.ts'

export interface CompressOptions {
  /**
   * The codings that are used, the one preferred first among those that a client wants equally. Default
   * `['zstd', 'br', 'gzip']`: at these levels zstd and brotli make about the same of a page, and zstd does it in half the time.
   */
  codings?: readonly Coding[]
  /** From 1 (fast) to 9 (small). Default 4: level 6 takes three times as long for 1 %. */
  gzipLevel?: number
  /** From 0 (fast) to 11 (small). Default 4. From 10 on, it is for files that are made once. */
  brotliQuality?: number
  /** From 1 (fast) to 19 (small). Default 3. */
  zstdLevel?: number
  /** Content that is known to be shorter goes as it is. Default `'1kb'`: below it, hardly a packet is saved. */
  minBytes?: Size
  /**
   * Media types that are compressed: `text/html`, `text/*`, `application/*+json`. Default: text, JSON, XML, JavaScript,
   * WebAssembly, SVG, fonts without compression of their own, and what is a kind of these.
   */
  types?: string | readonly string[]
  /**
   * So many bodies are compressed at a time as streams; beyond that, content goes as it is. Default 1000. A stream holds up to
   * 0.3 MiB (gzip), 0.75 MiB (br) or 0.5 MiB (zstd) outside the heap, for as long as its body lasts.
   */
  maxStreams?: number
}

/** A filter that compresses. */
export interface Compress extends Filter {
  /** Compressors that are open: one for each body that is compressed as it comes. */
  readonly streams: number
}

const OWNER = 'compress'

const OPTIONS: readonly string[] = [
  'codings',
  'gzipLevel',
  'brotliQuality',
  'zstdLevel',
  'minBytes',
  'types',
  'maxStreams',
] satisfies (keyof CompressOptions)[]

const CODINGS: readonly Coding[] = ['zstd', 'br', 'gzip']

const TYPES = [
  'text/*',
  'application/json',
  'application/*+json',
  'application/xml',
  'application/*+xml',
  'application/javascript',
  'application/x-javascript',
  'application/x-ndjson',
  'application/graphql',
  'application/wasm',
  'application/vnd.ms-fontobject',
  'application/x-www-form-urlencoded',
  'font/ttf',
  'font/otf',
  'image/svg+xml',
  'image/bmp',
  'image/x-icon',
  'image/vnd.microsoft.icon',
]

/**
 * Compresses responses with gzip, Brotli or Zstandard, as the client wants it.
 *
 * `Accept-Encoding` decides, as RFC 9110 section 12.5.3 has it, with weights, `*` and `identity;q=0`. Left as they are: responses that have a `Content-Encoding`, say `Cache-Control: no-transform` (or whose request does), are a
 * part (206, `Content-Range`) or without content (204, 205, 304), are of another type than `types`, or shorter than `minBytes`.
 * A client that refuses content without a coding (`identity;q=0`) gets short content compressed too. What cannot be coded as
 * the client wants it is sent without a coding, never refused.
 *
 * Every response that could have been compressed says `Vary: Accept-Encoding`, whatever this client wanted, and a 304 does. A
 * compressed one loses `Content-Length`, `Accept-Ranges`, and its checksums (`Content-Digest`, `Repr-Digest`, `Digest`,
 * `Content-MD5`, in trailers too); a strong `ETag` becomes weak, also in the 304 to a client that has asked by the weak one.
 * HEAD has the fields that GET would have.
 *
 * A body of unknown length may be a stream: each piece of it leaves as soon as it has come, so server-sent events arrive one by
 * one. Pieces that come while the one before is compressed are compressed together. A body whose length is known is compressed
 * for size. Either way at most 64 KiB and what the service sends in one go are held, and nothing is read for a client
 * that does not read.
 *
 * Traps: compression gives away what stands beside a text that an attacker can choose, by its length (BREACH). Do not compress
 * pages that hold both a secret, such as a CSRF token, and something out of the request: leave their route without this filter,
 * or mask the secret anew in each response. Place filters that change content (`bodyTransform`, `replaceText`) behind
 * this one, that is after it in the list: what is compressed they do not touch. The proxy's own error answers are not compressed.
 *
 * @example
 * proxy().use(compress())
 * proxy().use(compress({ codings: ['br', 'gzip'], brotliQuality: 5, types: ['text/*', 'application/json'] }))
 *
 * @throws `ERR_OPTION_INVALID` for an option that is wrong.
 */
export function compress(options: CompressOptions = {}): Compress {
  const compressor = new Compressor(options)
  const filter: Filter = (exchange, next) => {
    // Filters behind this one may ask the service for something else than the client has.
    const asked = new Asked(exchange)
    const response = next(exchange)
    if (response instanceof ResponseMessage) return compressor.answer(asked, response)
    return response.then((it) => compressor.answer(asked, it))
  }
  return Object.defineProperty(named(filter, OWNER), 'streams', {
    get: () => compressor.streams.count,
  }) as Compress
}

/** What the client has said that matters. */
class Asked {
  readonly head: boolean
  readonly acceptEncoding: string | undefined
  readonly ifNoneMatch: string | undefined
  readonly noTransform: boolean

  constructor({ request: { method, headers } }: Exchange) {
    this.head = method === 'HEAD'
    this.acceptEncoding = headers.get('accept-encoding')
    this.ifNoneMatch = headers.get('if-none-match')
    this.noTransform = saysNoTransform(headers)
  }
}

class Compressor {
  readonly streams = new OpenStreams()
  readonly #encoders: ReadonlyMap<Coding, Encoder>
  readonly #codings: readonly Coding[]
  readonly #minBytes: number
  readonly #types: TypeList
  readonly #maxStreams: number

  constructor(options: CompressOptions) {
    knownOptions(OWNER, options, OPTIONS)
    const { codings = CODINGS, gzipLevel = 4, brotliQuality = 4, zstdLevel = 3 } = options
    if (!Array.isArray(codings) || codings.length === 0 || codings.some((it) => !CODINGS.includes(it)))
      throw invalidOption(OWNER, 'codings', 'a list of "zstd", "br" and "gzip"', codings)
    const levels = {
      gzip: integer(OWNER, 'gzipLevel', gzipLevel, { min: 1, max: 9 }),
      br: integer(OWNER, 'brotliQuality', brotliQuality, { min: 0, max: 11 }),
      zstd: integer(OWNER, 'zstdLevel', zstdLevel, { min: 1, max: 19 }),
    }
    this.#codings = [...codings]
    this.#encoders = new Map(codings.map((it) => [it, encoderOf(it, levels)]))
    this.#minBytes = sizeBytes(OWNER, 'minBytes', options.minBytes ?? '1kb')
    this.#types = new TypeList(OWNER, 'types', options.types ?? TYPES)
    this.#maxStreams = integer(OWNER, 'maxStreams', options.maxStreams ?? 1_000, { min: 1, unlimited: true })
  }

  answer(asked: Asked, response: ResponseMessage): ResponseMessage {
    const { headers, status } = response
    // 1. Whether it could be compressed at all. If so, the answer depends on what was asked for.
    if (status === 304) {
      if (saysNoTransform(headers)) return response
      addVary(headers, 'Accept-Encoding')
      notModified(headers, asked.ifNoneMatch)
      return response
    }
    const length = lengthOf(response, asked)
    if (!this.#compressible(response) || length === 0) return response
    addVary(headers, 'Accept-Encoding')
    if (asked.acceptEncoding === undefined || asked.noTransform) return response
    // 2. Whether this client wants it, and it is worth it.
    const accepted = new AcceptEncoding(asked.acceptEncoding)
    const coding = accepted.best(this.#codings)
    if (coding === undefined) return response
    if (length !== undefined && length < this.#minBytes && !accepted.refusesIdentity) return response
    if (this.streams.count >= this.#maxStreams) return response
    // 3. The response becomes another one of the same thing.
    contentChanged(headers)
    headers.set('Content-Encoding', coding)
    if (!asked.head)
      response.body = new Body(
        new EncodedSource(response.body.take(), this.#encoders.get(coding)!, this.streams),
      )
    return response
  }

  #compressible({ headers, status, tunnel }: ResponseMessage): boolean {
    if (status < 200 || status === 204 || status === 205 || status === 206 || tunnel !== undefined)
      return false
    if (!this.#types.has(headers)) return false
    return !headers.has('content-encoding') && !headers.has('content-range') && !saysNoTransform(headers)
  }
}

/** Of what GET would be answered with. */
function lengthOf({ body, headers }: ResponseMessage, { head }: Asked): number | undefined {
  if (!head) return body.length
  const announced = headers.get('content-length')
  return announced !== undefined && /^\d{1,15}$/.test(announced) ? Number(announced) : undefined
}
