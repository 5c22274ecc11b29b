import { STATIC_FIELDS } from './static-table.ts'

/** How the encoder writes a field that is in no table yet (RFC 7541 section 6.2). */
export const Indexing = {
  /** Into the table: it is likely to come again. */
  table: 0,
  /** Not into the table: the next one will have another value. */
  none: 1,
  /** Into no table, at any hop: it is a secret (RFC 7541 section 7.1.3). */
  never: 2,
} as const

/** What the encoder knows of a name before anyone has used it. */
export interface KnownName {
  /** Its place among the known names. */
  readonly id: number
  /** The first entry of the static table with this name, or 0. */
  readonly staticIndex: number
  /** Values of the static table, the first of them at `staticIndex`. */
  readonly staticValues: readonly string[]
  readonly indexing: number
}

/**
 * Secrets. On a connection to a service, clients share one table; one who could see how long its blocks are could find a
 * secret out by guessing (RFC 7541 section 7.1).
 */
const SECRETS = ['authorization', 'proxy-authorization', 'cookie', 'set-cookie']

/** Values that hardly ever come twice in a row. What else does not repeat is found out: see `HpackEncoder`. */
const CHANGING = [
  ':path',
  'age',
  'content-length',
  'content-range',
  'etag',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'last-modified',
  'location',
  'range',
]

/** Names that are common and not in the static table: to know them saves a look-up. */
const COMMON = [
  'access-control-allow-credentials',
  'access-control-allow-headers',
  'access-control-allow-methods',
  'alt-svc',
  'content-security-policy',
  'forwarded',
  'grpc-encoding',
  'grpc-message',
  'grpc-status',
  'origin',
  'pragma',
  'priority',
  'referrer-policy',
  'sec-ch-ua',
  'sec-ch-ua-mobile',
  'sec-ch-ua-platform',
  'sec-fetch-dest',
  'sec-fetch-mode',
  'sec-fetch-site',
  'sec-fetch-user',
  'server-timing',
  'te',
  'traceparent',
  'tracestate',
  'upgrade-insecure-requests',
  'x-content-type-options',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-frame-options',
  'x-powered-by',
  'x-request-id',
  'x-xss-protection',
]

export const KNOWN_NAMES: ReadonlyMap<string, KnownName> = knownNames()

function knownNames(): Map<string, KnownName> {
  const names = new Map<string, KnownName>()
  for (const name of [...STATIC_FIELDS.map(([it]) => it), ...CHANGING, ...COMMON]) {
    if (names.has(name)) continue
    names.set(name, {
      id: names.size,
      staticIndex: STATIC_FIELDS.findIndex(([it]) => it === name) + 1,
      staticValues: STATIC_FIELDS.filter(([it]) => it === name).map(([, value]) => value),
      indexing: SECRETS.includes(name)
        ? Indexing.never
        : CHANGING.includes(name)
          ? Indexing.none
          : Indexing.table,
    })
  }
  return names
}
