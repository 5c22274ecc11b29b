import { type Duration, durationMs, integer, knownOptions, type Size, sizeBytes } from '../core/options.ts'
import type { BodyLimits } from './http1/body-decoder.ts'
import type { ResponseHeadLimits } from './http1/response-head.ts'

/** How a pool treats the connections to each of its endpoints, and what it takes from them. */
export interface ConnectionOptions {
  /** Connections to one endpoint at a time. Default 512. */
  maxConnections?: number
  /** Exchanges that wait for a connection to one endpoint. Default 1024; past it 503 `pool_queue_full`. */
  maxPending?: number
  /** The longest wait for a connection. Default 5 s; past it 503 `pool_queue_timeout`. */
  pendingMs?: Duration
  /**
   * How long an unused connection is kept. Default 4 s, because many servers close after 5 s without saying so. A
   * server's own `Keep-Alive: timeout` shortens it.
   */
  idleMs?: Duration
  /** Until the connection is made, the look-up of its name included. Default 5 s; past it 504 `upstream_connect_timeout`. */
  connectMs?: Duration
  /** From there until TLS is made on it. Default 5 s; past it 504 `upstream_tls_timeout`. */
  tlsMs?: Duration
  /** From the end of the request to the response head. Default 60 s; past it 504 `upstream_head_timeout`. */
  headMs?: Duration
  /** Between two pieces of a response body. Default 60 s; past it the response breaks off. */
  bodyIdleMs?: Duration
  /** A request of which the endpoint takes no further piece (of up to 128 KiB). Default 60 s; past it 504 `upstream_write_timeout`. */
  sendIdleMs?: Duration
  /** A tunnel through which nothing goes. Default 1 hour. */
  tunnelIdleMs?: Duration
  /** Status line and header fields of a response together. Default 64 KiB; past it 502. */
  headBytes?: Size
  /** Header fields of a response. Default 200; past it 502. */
  headers?: number
  /** A response body. Default `Infinity`. */
  bodyBytes?: Size
}

export interface UpstreamLimits extends ResponseHeadLimits, BodyLimits {
  readonly maxConnections: number
  readonly maxPending: number
  readonly pendingMs: number
  readonly idleMs: number
  readonly connectMs: number
  readonly tlsMs: number
  readonly headMs: number
  readonly bodyIdleMs: number
  readonly sendIdleMs: number
  readonly tunnelIdleMs: number
}

const OWNER = 'pool'

/** The names of all of them. */
export const CONNECTION_OPTIONS: readonly string[] = [
  'maxConnections',
  'maxPending',
  'pendingMs',
  'idleMs',
  'connectMs',
  'tlsMs',
  'headMs',
  'bodyIdleMs',
  'sendIdleMs',
  'tunnelIdleMs',
  'headBytes',
  'headers',
  'bodyBytes',
] satisfies (keyof ConnectionOptions)[]

/** Checks the options and fills in the defaults. */
export function upstreamLimits(options: ConnectionOptions = {}): UpstreamLimits {
  knownOptions(OWNER, options, CONNECTION_OPTIONS)
  const {
    maxConnections = 512,
    maxPending = 1024,
    pendingMs = 5_000,
    idleMs = 4_000,
    connectMs = 5_000,
    tlsMs = 5_000,
    headMs = 60_000,
    bodyIdleMs = 60_000,
    sendIdleMs = 60_000,
    tunnelIdleMs = 3_600_000,
    headBytes = 65_536,
    headers = 200,
    bodyBytes = Number.POSITIVE_INFINITY,
  } = options
  const atLeastOne = { min: 1, unlimited: true }
  return {
    maxConnections: integer(OWNER, 'maxConnections', maxConnections, { min: 1, unlimited: true }),
    maxPending: integer(OWNER, 'maxPending', maxPending),
    pendingMs: durationMs(OWNER, 'pendingMs', pendingMs, atLeastOne),
    idleMs: durationMs(OWNER, 'idleMs', idleMs, { unlimited: true }),
    connectMs: durationMs(OWNER, 'connectMs', connectMs, atLeastOne),
    tlsMs: durationMs(OWNER, 'tlsMs', tlsMs, atLeastOne),
    headMs: durationMs(OWNER, 'headMs', headMs, atLeastOne),
    bodyIdleMs: durationMs(OWNER, 'bodyIdleMs', bodyIdleMs, atLeastOne),
    sendIdleMs: durationMs(OWNER, 'sendIdleMs', sendIdleMs, atLeastOne),
    tunnelIdleMs: durationMs(OWNER, 'tunnelIdleMs', tunnelIdleMs, atLeastOne),
    headBytes: sizeBytes(OWNER, 'headBytes', headBytes, { min: 64 }),
    headers: integer(OWNER, 'headers', headers, { min: 1 }),
    bodyBytes: sizeBytes(OWNER, 'bodyBytes', bodyBytes, { unlimited: true }),
    chunkExtensionBytes: 4_096,
    trailerBytes: 65_536,
    trailers: 200,
  }
}
