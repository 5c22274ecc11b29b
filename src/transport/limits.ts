import { type Duration, durationMs, integer, knownOptions, type Size, sizeBytes } from '../core/options.ts'
import type { BodyLimits } from './http1/body-decoder.ts'
import type { HeadLimits } from './http1/request-head.ts'

/** What a client may cost. Every size in bytes or as `'64kb'`, every time in milliseconds or as `'30s'`. */
export interface LimitOptions {
  /** Start line and header fields of a request together. Default 16 KiB; past it 431. */
  headBytes?: Size
  /** Header fields of a request. Default 100; past it 431. */
  headers?: number
  /** The request target. Default 8 KiB; past it 414. */
  targetBytes?: Size
  /** A request body. Default 1 GiB; `Infinity` for no limit; past it 413. */
  bodyBytes?: Size
  /** Extensions of one chunk. Default 256 bytes; past it 400. */
  chunkExtensionBytes?: Size
  /** The trailer section of a request. Default 8 KiB; past it 431. */
  trailerBytes?: Size
  /** Trailer fields. Default 64; past it 431. */
  trailers?: number
  /** From the first byte of a head, or from a new connection, to the end of the head. Default 15 s; past it 408. */
  headMs?: Duration
  /** Between two looks at a request body's progress. Default 30 s. */
  bodyIdleMs?: Duration
  /** The least progress of a request body over `bodyIdleMs`. Default 240 bytes per second, as in Kestrel; past it 408. */
  minBodyBytesPerSecond?: number
  /** A response of which the client takes no further piece (of up to 128 KiB). Default 60 s; past it the connection is reset. */
  sendIdleMs?: Duration
  /** Between two requests. Default 60 s; past it the connection is closed. */
  keepAliveMs?: Duration
  /** Bytes read ahead of what is being served: pipelined requests, a body that nobody reads yet. Default 64 KiB. */
  readAheadBytes?: Size
  /** What is read and dropped of a request body that nobody wanted, to keep the connection. Default 64 KiB. */
  drainBytes?: Size
  /** How long a closing connection waits for the client to read our last answer. Default 2 s. */
  lingerMs?: Duration
  /** What is read and dropped meanwhile. Default 1 MiB. */
  lingerBytes?: Size
  /** Open connections of one listener, those in a TLS handshake included. Default 20 000; past it new ones are closed at once. */
  connections?: number
  /** The TLS handshake of a new connection. Default 10 s; past it the connection is closed. */
  handshakeMs?: Duration
  /** TLS handshakes under way. Default 1000; past it the one that has lasted the longest is closed. */
  handshakes?: number
}

export interface Limits extends HeadLimits, BodyLimits {
  readonly headMs: number
  readonly bodyIdleMs: number
  readonly minBodyBytesPerSecond: number
  readonly sendIdleMs: number
  readonly keepAliveMs: number
  readonly readAheadBytes: number
  readonly drainBytes: number
  readonly lingerMs: number
  readonly lingerBytes: number
  readonly connections: number
  readonly handshakeMs: number
  readonly handshakes: number
}

const OWNER = 'limits'

const LIMIT_OPTIONS: readonly string[] = [
  'headBytes',
  'headers',
  'targetBytes',
  'bodyBytes',
  'chunkExtensionBytes',
  'trailerBytes',
  'trailers',
  'headMs',
  'bodyIdleMs',
  'minBodyBytesPerSecond',
  'sendIdleMs',
  'keepAliveMs',
  'readAheadBytes',
  'drainBytes',
  'lingerMs',
  'lingerBytes',
  'connections',
  'handshakeMs',
  'handshakes',
] satisfies (keyof LimitOptions)[]

/** Checks the options and fills in the defaults. */
export function limits(options: LimitOptions = {}): Limits {
  knownOptions(OWNER, options, LIMIT_OPTIONS)
  const {
    headBytes = 16_384,
    headers = 100,
    targetBytes = 8_192,
    bodyBytes = 1024 ** 3,
    chunkExtensionBytes = 256,
    trailerBytes = 8_192,
    trailers = 64,
    headMs = 15_000,
    bodyIdleMs = 30_000,
    minBodyBytesPerSecond = 240,
    sendIdleMs = 60_000,
    keepAliveMs = 60_000,
    readAheadBytes = 65_536,
    drainBytes = 65_536,
    lingerMs = 2_000,
    lingerBytes = 1_048_576,
    connections = 20_000,
    handshakeMs = 10_000,
    handshakes = 1_000,
  } = options
  const atLeastOne = { min: 1, unlimited: true }
  return {
    headBytes: sizeBytes(OWNER, 'headBytes', headBytes, { min: 64 }),
    headers: integer(OWNER, 'headers', headers, { min: 1 }),
    targetBytes: sizeBytes(OWNER, 'targetBytes', targetBytes, { min: 1 }),
    bodyBytes: sizeBytes(OWNER, 'bodyBytes', bodyBytes, { unlimited: true }),
    chunkExtensionBytes: sizeBytes(OWNER, 'chunkExtensionBytes', chunkExtensionBytes),
    trailerBytes: sizeBytes(OWNER, 'trailerBytes', trailerBytes, { min: 2 }),
    trailers: integer(OWNER, 'trailers', trailers),
    headMs: durationMs(OWNER, 'headMs', headMs, atLeastOne),
    bodyIdleMs: durationMs(OWNER, 'bodyIdleMs', bodyIdleMs, atLeastOne),
    minBodyBytesPerSecond: integer(OWNER, 'minBodyBytesPerSecond', minBodyBytesPerSecond),
    sendIdleMs: durationMs(OWNER, 'sendIdleMs', sendIdleMs, atLeastOne),
    keepAliveMs: durationMs(OWNER, 'keepAliveMs', keepAliveMs, atLeastOne),
    readAheadBytes: sizeBytes(OWNER, 'readAheadBytes', readAheadBytes),
    drainBytes: sizeBytes(OWNER, 'drainBytes', drainBytes),
    lingerMs: durationMs(OWNER, 'lingerMs', lingerMs, { min: 1 }),
    lingerBytes: sizeBytes(OWNER, 'lingerBytes', lingerBytes),
    connections: integer(OWNER, 'connections', connections, { min: 1, unlimited: true }),
    handshakeMs: durationMs(OWNER, 'handshakeMs', handshakeMs, atLeastOne),
    handshakes: integer(OWNER, 'handshakes', handshakes, { min: 1, unlimited: true }),
  }
}
