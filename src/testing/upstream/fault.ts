import { type Duration, durationMs, integer, invalidOption, knownOptions } from '../../core/options.ts'
import { HTTP2_ERROR_CODES, type Http2ErrorCode } from '../http2/error-codes.ts'
import { checkDistribution, type Distribution } from './distribution.ts'

/**
 * Something that a service does wrong, or unusually, on the wire. Plain data, so that a script of faults can be printed,
 * kept and shrunk. `FakeUpstream.inject` says when it happens.
 */
export type Fault =
  /** Connections are refused (`ECONNREFUSED`). */
  | { readonly kind: 'refuse' }
  /** Connections are accepted, and then nothing is read and nothing is sent. */
  | { readonly kind: 'accept-and-stall' }
  /** The request is read, and nothing is sent. */
  | { readonly kind: 'no-answer' }
  /** The request is read whole; then a reset comes in place of the response. */
  | { readonly kind: 'reset-before-head' }
  /** A reset comes right behind the head of the response. */
  | { readonly kind: 'reset-after-head' }
  /** A reset comes behind so many bytes of the response, head and framing included. */
  | { readonly kind: 'reset-after-bytes'; readonly bytes: number }
  /** The service ends its side in place of the response, and goes on reading. Nothing is answered on the connection again. */
  | { readonly kind: 'half-close' }
  /**
   * The response ends, in an orderly way, behind so many bytes of its body: fewer than its framing has promised, hence at
   * most all but the last byte where there is a `Content-Length`.
   */
  | { readonly kind: 'truncate'; readonly bytes: number }
  /** The response comes `bytes` at a time, with a pause before each. */
  | { readonly kind: 'drip'; readonly bytes: number; readonly every: Duration }
  /** These bytes come in place of the response; a string as latin1. Then the service ends its side. */
  | { readonly kind: 'malformed'; readonly bytes: string | Uint8Array }
  /**
   * `Content-Length` says so many bytes more (or, when negative, fewer) than there are. Then the service ends its side. A
   * body that comes bit by bit is awaited whole.
   */
  | { readonly kind: 'wrong-content-length'; readonly by: number }
  /** The body is chunked, and what stands where its last size should is no number. Then the service ends its side. */
  | { readonly kind: 'bad-chunk' }
  /** A second response, that nobody asked for, follows the first in the same write. */
  | { readonly kind: 'extra-response' }
  /** The response comes as soon as the head of the request is there, before its body. */
  | { readonly kind: 'early-response' }
  /** An interim response goes before the final one, `times` times. */
  | {
      readonly kind: 'informational'
      readonly status: number
      readonly headers?: Readonly<Record<string, string>>
      readonly times?: number
    }
  /** The body is chunked, and these fields follow it. */
  | { readonly kind: 'trailers'; readonly fields: Readonly<Record<string, string>> }
  /** The response comes so much later. */
  | { readonly kind: 'latency'; readonly latency: Distribution }
  /**
   * HTTP/2: the stream is reset. Without `after` that comes in place of the response, as soon as the head of the request is
   * there; else behind the response's head, or behind so many bytes of its body.
   */
  | { readonly kind: 'reset-stream'; readonly code: Http2ErrorCode; readonly after?: 'head' | number }
  /** HTTP/2: as soon as the head of the request is there, the service says that it goes away. */
  | ({ readonly kind: 'goaway' } & GoawayOptions)
  /** HTTP/2: the body of the request is not read. What it has taken of the two windows is never given back. */
  | { readonly kind: 'window-stall' }

/** How a service goes away. */
export interface GoawayOptions {
  /**
   * The last stream that it says it has taken. `this`: that of the request that is hit, which is answered. `previous`: the one
   * before, so that this one may be sent again elsewhere. `all`: the highest number there is, as a service does that only
   * gives notice; streams are taken until none is open. Default `this`.
   */
  readonly last?: 'this' | 'previous' | 'all'
  /** Default `NO_ERROR`. */
  readonly code?: Http2ErrorCode
  /** The connection ends when what was taken is answered (`drained`), or right away. Default `drained`. */
  readonly closes?: 'drained' | 'at-once'
}

/** When a fault happens. All that is given must hold; nothing given: always. */
export interface FaultRule {
  /** Only for so many connections or requests, the next ones that the rest fits. */
  readonly next?: number | undefined
  /** Only for requests that fit `METHOD /path`, as for `on`. Not for faults of connections. */
  readonly match?: string | undefined
  /** With this probability, from 0 to 1. */
  readonly chance?: number | undefined
  /** Not before so much time from now has passed. */
  readonly after?: Duration | undefined
  /** For so long, from `after` on. */
  readonly lasts?: Duration | undefined
}

/** A fault that was injected. */
export interface Injection {
  readonly fault: Fault
  /**
   * How often it has happened: to how many connections or requests, and for an outage how often it has begun. On a real
   * socket nobody is told of a refused connection: there `refuse` counts how often it has begun too.
   */
  readonly hits: number
  /** Takes it back. What it has begun on a connection stays. */
  remove(): void
}

type Named<K extends Fault['kind']> = Extract<Fault, { kind: K }>

/**
 * The faults, by name. Each call throws `ERR_OPTION_INVALID` for what makes no sense.
 *
 * @example upstream.inject(fault.resetAfterBytes(100), { next: 2 })
 */
export const fault: {
  refuse(): Named<'refuse'>
  acceptAndStall(): Named<'accept-and-stall'>
  noAnswer(): Named<'no-answer'>
  resetBeforeHead(): Named<'reset-before-head'>
  resetAfterHead(): Named<'reset-after-head'>
  resetAfterBytes(bytes: number): Named<'reset-after-bytes'>
  halfClose(): Named<'half-close'>
  truncate(bytes: number): Named<'truncate'>
  drip(bytes: number, every: Duration): Named<'drip'>
  malformed(bytes: string | Uint8Array): Named<'malformed'>
  wrongContentLength(by: number): Named<'wrong-content-length'>
  badChunk(): Named<'bad-chunk'>
  extraResponse(): Named<'extra-response'>
  earlyResponse(): Named<'early-response'>
  informational(
    status: number,
    headers?: Readonly<Record<string, string>>,
    times?: number,
  ): Named<'informational'>
  trailers(fields: Readonly<Record<string, string>>): Named<'trailers'>
  latency(latency: Distribution): Named<'latency'>
  resetStream(code?: Http2ErrorCode, after?: 'head' | number): Named<'reset-stream'>
  goaway(options?: GoawayOptions): Named<'goaway'>
  windowStall(): Named<'window-stall'>
} = {
  refuse: () => ({ kind: 'refuse' }),
  acceptAndStall: () => ({ kind: 'accept-and-stall' }),
  noAnswer: () => ({ kind: 'no-answer' }),
  resetBeforeHead: () => ({ kind: 'reset-before-head' }),
  resetAfterHead: () => ({ kind: 'reset-after-head' }),
  resetAfterBytes: (bytes) => checked('fault.resetAfterBytes', { kind: 'reset-after-bytes', bytes }),
  halfClose: () => ({ kind: 'half-close' }),
  truncate: (bytes) => checked('fault.truncate', { kind: 'truncate', bytes }),
  drip: (bytes, every) => checked('fault.drip', { kind: 'drip', bytes, every }),
  malformed: (bytes) => checked('fault.malformed', { kind: 'malformed', bytes }),
  wrongContentLength: (by) => checked('fault.wrongContentLength', { kind: 'wrong-content-length', by }),
  badChunk: () => ({ kind: 'bad-chunk' }),
  extraResponse: () => ({ kind: 'extra-response' }),
  earlyResponse: () => ({ kind: 'early-response' }),
  informational: (status, headers = {}, times = 1) =>
    checked('fault.informational', { kind: 'informational', status, headers, times }),
  trailers: (fields) => checked('fault.trailers', { kind: 'trailers', fields }),
  latency: (latency) => checked('fault.latency', { kind: 'latency', latency }),
  resetStream: (code = 'INTERNAL_ERROR', after) =>
    checked('fault.resetStream', { kind: 'reset-stream', code, ...(after === undefined ? {} : { after }) }),
  goaway: (options = {}) => checked('fault.goaway', { kind: 'goaway', ...options }),
  windowStall: () => ({ kind: 'window-stall' }),
}

function checked<F extends Fault>(owner: string, given: F): F {
  checkFault(owner, given)
  return given
}

/** @throws `ERR_OPTION_INVALID` for what is no fault, or has fields that make no sense. */
export function checkFault(owner: string, given: Fault): void {
  if (!Object.hasOwn(FIELDS, given?.kind)) {
    const kinds = Object.keys(FIELDS).join(', ')
    throw invalidOption(
      owner,
      'fault',
      `a fault such as fault.refuse() (kinds: ${kinds})`,
      given?.kind ?? given,
    )
  }
  knownOptions(owner, given, ['kind', ...FIELDS[given.kind]])
  switch (given.kind) {
    case 'reset-after-bytes':
    case 'truncate':
      integer(owner, 'bytes', given.bytes)
      break
    case 'drip':
      integer(owner, 'bytes', given.bytes, { min: 1 })
      durationMs(owner, 'every', given.every)
      break
    case 'malformed':
      if (typeof given.bytes !== 'string' && !(given.bytes instanceof Uint8Array))
        throw invalidOption(owner, 'bytes', 'a string or bytes', given.bytes)
      break
    case 'wrong-content-length':
      integer(owner, 'by', given.by, { min: Number.MIN_SAFE_INTEGER })
      if (given.by === 0) throw invalidOption(owner, 'by', 'more or less than 0', 0)
      break
    case 'informational':
      integer(owner, 'status', given.status, { min: 100, max: 199 })
      integer(owner, 'times', given.times ?? 1, { min: 1 })
      checkFields(owner, 'headers', given.headers ?? {})
      break
    case 'trailers':
      checkFields(owner, 'fields', given.fields)
      break
    case 'latency':
      checkDistribution(owner, 'latency', given.latency)
      break
    case 'reset-stream':
      oneOf(owner, 'code', given.code, HTTP2_ERROR_CODES)
      if (given.after !== undefined && given.after !== 'head') integer(owner, 'after', given.after)
      break
    case 'goaway':
      oneOf(owner, 'last', given.last ?? 'this', ['this', 'previous', 'all'])
      oneOf(owner, 'code', given.code ?? 'NO_ERROR', HTTP2_ERROR_CODES)
      oneOf(owner, 'closes', given.closes ?? 'drained', ['drained', 'at-once'])
      break
  }
}

function oneOf(owner: string, option: string, given: string, known: readonly string[]): void {
  if (!known.includes(given)) throw invalidOption(owner, option, `one of ${known.join(', ')}`, given)
}

function checkFields(owner: string, option: string, given: Readonly<Record<string, string>>): void {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw invalidOption(owner, option, 'an object of names and values', given)
  for (const [name, value] of Object.entries(given)) {
    if (typeof value !== 'string') throw invalidOption(owner, `${option}.${name}`, 'a string', value)
  }
}

const FIELDS: Readonly<Record<Fault['kind'], readonly string[]>> = {
  refuse: [],
  'accept-and-stall': [],
  'no-answer': [],
  'reset-before-head': [],
  'reset-after-head': [],
  'reset-after-bytes': ['bytes'],
  'half-close': [],
  truncate: ['bytes'],
  drip: ['bytes', 'every'],
  malformed: ['bytes'],
  'wrong-content-length': ['by'],
  'bad-chunk': [],
  'extra-response': [],
  'early-response': [],
  informational: ['status', 'headers', 'times'],
  trailers: ['fields'],
  latency: ['latency'],
  'reset-stream': ['code', 'after'],
  goaway: ['last', 'code', 'closes'],
  'window-stall': [],
}
