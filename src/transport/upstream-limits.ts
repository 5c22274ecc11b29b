import {
  type Duration,
  durationMs,
  integer,
  invalidOption,
  knownOptions,
  type Size,
  sizeBytes,
} from '../core/options.ts'
import type { BodyLimits } from './http1/body-decoder.ts'
import type { ResponseHeadLimits } from './http1/response-head.ts'
import { windowSizes } from './http2/http2-options.ts'
import type { ProxyProtocolVersion } from './proxy-protocol/header-writer.ts'

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
  /**
   * How services are spoken to. Default `false`: HTTP/1.1. `true`: HTTP/2, by ALPN for `https:` endpoints and with prior
   * knowledge for `http:` ones. `'auto'`: what an `https:` endpoint prefers of the two, HTTP/1.1 for `http:` endpoints and for
   * requests that ask for another protocol (WebSocket). With options: as `true`, or as `mode` says.
   */
  http2?: boolean | 'auto' | UpstreamHttp2Options
  /**
   * Begins each connection with a PROXY protocol header of this version, before TLS, which tells of the client's connection.
   * Default none. Over HTTP/1.1 a connection then carries one request, since the next one may be another client's; over HTTP/2
   * there is none. A probe of the endpoint itself says that it is the proxy's own.
   */
  proxyProtocol?: ProxyProtocolVersion
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

/** HTTP/2 to services. Head sizes, body sizes and times are those of the pool. */
export interface UpstreamHttp2Options {
  /** As `http2: true` or `http2: 'auto'`. Default `true`. */
  mode?: true | 'auto'
  /**
   * Streams of one connection at a time, if the endpoint allows as many; a further connection is opened for the next one.
   * Default 100.
   */
  streams?: number
  /** Of one response's body, what may come before it is read: 64 KiB to 16 MiB. Default 256 KiB. */
  streamWindowBytes?: Size
  /** The same of all responses of a connection together: 64 KiB to 64 MiB. Default 1 MiB. */
  connectionWindowBytes?: Size
  /** How long a connection without a stream is kept. Default 60 s. */
  idleMs?: Duration
  /**
   * A connection with streams on which nothing came for so long is asked for a sign of life (PING). Default `Infinity`: only
   * when an attempt was given up without an answer, since some servers take regular pings for an attack.
   */
  pingMs?: Duration
  /** How long that sign may take; the connection takes no new streams meanwhile, and is given up without it. Default 5 s. */
  pingTimeoutMs?: Duration
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
  readonly http2: 'off' | 'on' | 'auto'
  readonly proxyProtocol: 'off' | ProxyProtocolVersion
  readonly streams: number
  readonly streamWindowBytes: number
  readonly connectionWindowBytes: number
  readonly sessionIdleMs: number
  readonly pingMs: number
  readonly pingTimeoutMs: number
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
  'http2',
  'proxyProtocol',
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
    http2 = false,
    proxyProtocol,
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
    ...http2Limits(http2),
    proxyProtocol: proxyProtocolVersion(proxyProtocol, http2),
  }
}

function proxyProtocolVersion(
  given: ConnectionOptions['proxyProtocol'],
  http2: ConnectionOptions['http2'],
): UpstreamLimits['proxyProtocol'] {
  if (given === undefined) return 'off'
  if (given !== 'v1' && given !== 'v2') throw invalidOption(OWNER, 'proxyProtocol', "'v1' or 'v2'", given)
  // Streams of many clients would share a connection that is told to be one's.
  if (http2 !== false) throw invalidOption(OWNER, 'http2', 'left out where "proxyProtocol" is given', http2)
  return given
}

type Http2Limits = Pick<
  UpstreamLimits,
  | 'http2'
  | 'streams'
  | 'streamWindowBytes'
  | 'connectionWindowBytes'
  | 'sessionIdleMs'
  | 'pingMs'
  | 'pingTimeoutMs'
>

function http2Limits(given: NonNullable<ConnectionOptions['http2']>): Http2Limits {
  if (typeof given !== 'boolean' && given !== 'auto' && (typeof given !== 'object' || given === null))
    throw invalidOption(OWNER, 'http2', "true, false, 'auto' or an object", given)
  const owner = 'pool.http2'
  const options: UpstreamHttp2Options = typeof given === 'object' ? given : {}
  knownOptions(owner, options, [
    'mode',
    'streams',
    'streamWindowBytes',
    'connectionWindowBytes',
    'idleMs',
    'pingMs',
    'pingTimeoutMs',
  ] satisfies (keyof UpstreamHttp2Options)[])
  const {
    mode = given === 'auto' ? 'auto' : true,
    streams = 100,
    streamWindowBytes = 262_144,
    connectionWindowBytes = 1_048_576,
    idleMs = 60_000,
    pingMs = Number.POSITIVE_INFINITY,
    pingTimeoutMs = 5_000,
  } = options
  if (mode !== true && mode !== 'auto') throw invalidOption(owner, 'mode', "true or 'auto'", mode)
  return {
    http2: given === false ? 'off' : mode === 'auto' ? 'auto' : 'on',
    streams: integer(owner, 'streams', streams, { min: 1, max: 10_000 }),
    ...windowSizes(owner, streamWindowBytes, connectionWindowBytes),
    sessionIdleMs: durationMs(owner, 'idleMs', idleMs, { unlimited: true }),
    pingMs: durationMs(owner, 'pingMs', pingMs, { min: 1, unlimited: true }),
    pingTimeoutMs: durationMs(owner, 'pingTimeoutMs', pingTimeoutMs, { min: 1 }),
  }
}
