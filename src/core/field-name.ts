/**
 * What the engine must know of a field name without comparing strings again. A set of bits, fixed when the
 * name is first seen.
 */
export const FieldKind = {
  ordinary: 0,
  /** Ends at this hop, whatever the message says (RFC 9110 section 7.6.1). */
  hopByHop: 1,
  /** Decides where the message ends; written by the serializer alone. */
  framing: 2,
  /** Written by the proxy itself: what an untrusted peer sent of it is dropped. */
  forwarding: 4,
  host: 8,
  connection: 16,
  expect: 32,
  date: 64,
  via: 128,
  /** A line that is not written as `Name: value` with one space: it is written anew. */
  unusual: 256,
  /**
   * Spelled with an underscore where a name that means something has a hyphen. CGI and its heirs read both as one, so it would
   * pass as the real one behind our back; nginx drops such fields too.
   */
  disguised: 512,
  /** Names other places for the service, past this proxy and its filters. */
  alternative: 1024,
  /** Proves that a WebSocket handshake over HTTP/1.1 was understood. Over HTTP/2 there is none (RFC 8441 section 5). */
  handshake: 2048,
  /** Says which trace a request belongs to: what is rare enough not to be looked for line by line. */
  trace: 4096,
} as const

/** A field name as it stood on the wire, with everything that is looked up by it made once. */
export interface FieldName {
  readonly wire: string
  readonly lower: string
  readonly kind: number
}

/** The names that are of a kind. */
export const FIELD_KINDS: ReadonlyMap<string, number> = new Map<string, number>([
  ['connection', FieldKind.hopByHop | FieldKind.connection],
  ['proxy-connection', FieldKind.hopByHop],
  ['keep-alive', FieldKind.hopByHop],
  ['te', FieldKind.hopByHop],
  ['transfer-encoding', FieldKind.hopByHop | FieldKind.framing],
  ['upgrade', FieldKind.hopByHop],
  ['http2-settings', FieldKind.hopByHop],
  ['proxy-authenticate', FieldKind.hopByHop],
  ['proxy-authorization', FieldKind.hopByHop],
  ['proxy-authentication-info', FieldKind.hopByHop],
  ['content-length', FieldKind.framing],
  ['host', FieldKind.host],
  ['expect', FieldKind.expect],
  ['forwarded', FieldKind.forwarding],
  ['x-forwarded-for', FieldKind.forwarding],
  ['x-forwarded-proto', FieldKind.forwarding],
  ['x-forwarded-host', FieldKind.forwarding],
  ['x-forwarded-port', FieldKind.forwarding],
  ['x-real-ip', FieldKind.forwarding],
  ['date', FieldKind.date],
  ['via', FieldKind.via],
  ['alt-svc', FieldKind.alternative],
  ['sec-websocket-key', FieldKind.handshake],
  ['sec-websocket-accept', FieldKind.handshake],
  ['traceparent', FieldKind.trace],
  ['tracestate', FieldKind.trace],
  ['baggage', FieldKind.trace],
  ['b3', FieldKind.trace],
  ['x-b3-traceid', FieldKind.trace],
  ['x-b3-spanid', FieldKind.trace],
  ['x-b3-parentspanid', FieldKind.trace],
  ['x-b3-sampled', FieldKind.trace],
  ['x-b3-flags', FieldKind.trace],
])

const COMMON_NAMES = [
  'Accept',
  'Accept-Charset',
  'Accept-Encoding',
  'Accept-Language',
  'Accept-Ranges',
  'Access-Control-Allow-Credentials',
  'Access-Control-Allow-Headers',
  'Access-Control-Allow-Methods',
  'Access-Control-Allow-Origin',
  'Access-Control-Expose-Headers',
  'Access-Control-Max-Age',
  'Access-Control-Request-Headers',
  'Access-Control-Request-Method',
  'Age',
  'Allow',
  'Alt-Svc',
  'Authorization',
  'Cache-Control',
  'Cache-Status',
  'Content-Disposition',
  'Content-Encoding',
  'Content-Language',
  'Content-Location',
  'Content-Range',
  'Content-Security-Policy',
  'Content-Type',
  'Cookie',
  'DNT',
  'ETag',
  'Early-Data',
  'Expires',
  'If-Match',
  'If-Modified-Since',
  'If-None-Match',
  'If-Range',
  'If-Unmodified-Since',
  'Last-Modified',
  'Link',
  'Location',
  'Max-Forwards',
  'Origin',
  'Pragma',
  'Priority',
  'Proxy-Status',
  'Range',
  'Referer',
  'Referrer-Policy',
  'Retry-After',
  'Sec-CH-UA',
  'Sec-CH-UA-Mobile',
  'Sec-CH-UA-Platform',
  'Sec-Fetch-Dest',
  'Sec-Fetch-Mode',
  'Sec-Fetch-Site',
  'Sec-Fetch-User',
  'Sec-WebSocket-Accept',
  'Sec-WebSocket-Extensions',
  'Sec-WebSocket-Key',
  'Sec-WebSocket-Protocol',
  'Sec-WebSocket-Version',
  'Server',
  'Server-Timing',
  'Set-Cookie',
  'Strict-Transport-Security',
  'Trailer',
  'Upgrade-Insecure-Requests',
  'User-Agent',
  'Vary',
  'WWW-Authenticate',
  'X-Content-Type-Options',
  'X-Frame-Options',
  'X-Powered-By',
  'X-Request-Id',
  'X-XSS-Protection',
]

/** RFC 9110 section 6.5.1: what frames, routes or describes the connection has no place in trailers. */
export const NOT_IN_TRAILERS: number =
  FieldKind.hopByHop |
  FieldKind.framing |
  FieldKind.host |
  FieldKind.forwarding |
  FieldKind.expect |
  FieldKind.disguised

function kindOf(lower: string): number {
  const kind = FIELD_KINDS.get(lower)
  if (kind !== undefined) return kind
  return lower.includes('_') && FIELD_KINDS.has(lower.replaceAll('_', '-'))
    ? FieldKind.disguised
    : FieldKind.ordinary
}

/** Past this many different names, further ones are made anew each time: correct, a little slower, bounded. */
const MAX_INTERNED = 2048
/** A longer name is nobody's real one, and 2048 of them would be much memory. */
const MAX_INTERNED_LENGTH = 64
const interned = new Map<string, FieldName>()

function makeFieldName(wire: string): FieldName {
  const lower = wire.toLowerCase()
  const known = interned.get(lower)
  return { wire, lower: known?.lower ?? lower, kind: kindOf(lower) }
}

/** The shared `FieldName` of a name that was met before. */
export function knownFieldName(wire: string): FieldName | undefined {
  return interned.get(wire)
}

/** The shared `FieldName` of a name in exactly this spelling. The caller has checked that it is a token. */
export function fieldName(wire: string): FieldName {
  const found = interned.get(wire)
  if (found !== undefined) return found
  if (interned.size >= MAX_INTERNED || wire.length > MAX_INTERNED_LENGTH) return makeFieldName(wire)
  // A name cut out of a head would keep the whole head alive for as long as it is interned.
  const own = Buffer.from(wire, 'latin1').toString('latin1')
  const made = makeFieldName(own)
  interned.set(own, made)
  return made
}

for (const lower of FIELD_KINDS.keys()) {
  fieldName(lower)
  fieldName(lower.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase()))
}
for (const name of COMMON_NAMES) {
  fieldName(name.toLowerCase())
  fieldName(name)
}
