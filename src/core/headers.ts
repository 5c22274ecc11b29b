import { invalidOption } from './options.ts'

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
} as const

/** A field name as it stood on the wire, with everything that is looked up by it made once. */
export interface FieldName {
  readonly wire: string
  readonly lower: string
  readonly kind: number
}

const KINDS = new Map<string, number>([
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
  'Baggage',
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
  'traceparent',
  'tracestate',
]

/** Past this many different names, further ones are made anew each time: correct, a little slower, bounded. */
const MAX_INTERNED = 2048
const interned = new Map<string, FieldName>()

function makeFieldName(wire: string): FieldName {
  const lower = wire.toLowerCase()
  const known = interned.get(lower)
  return { wire, lower: known?.lower ?? lower, kind: KINDS.get(lower) ?? FieldKind.ordinary }
}

/** The shared `FieldName` of a name in exactly this spelling. The caller has checked that it is a token. */
export function fieldName(wire: string): FieldName {
  const found = interned.get(wire)
  if (found !== undefined) return found
  const made = makeFieldName(wire)
  if (interned.size < MAX_INTERNED) interned.set(wire, made)
  return made
}

for (const lower of KINDS.keys()) {
  fieldName(lower)
  fieldName(lower.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase()))
}
for (const name of COMMON_NAMES) {
  fieldName(name.toLowerCase())
  fieldName(name)
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
/** RFC 9110 section 5.5: visible characters, obs-text, space and tab; no white space at the ends. */
const VALUE = /^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/

export type HeadersInit =
  | HeaderList
  | Iterable<readonly [string, string]>
  | Readonly<Record<string, string | readonly string[]>>

/**
 * The header section of a message: one flat list of fields in wire order, names in the case they were sent in.
 *
 * Look-ups ignore case. A field that stands on several lines stays on several lines; `get` joins them with a
 * comma, except for `Set-Cookie`, for which it gives the first (use `getAll`).
 *
 * Names and values are checked when they are set (RFC 9110 section 5): a bad one throws `ERR_OPTION_INVALID`,
 * so that no filter can write a message that the next recipient would read differently.
 */
export class HeaderList implements Iterable<[name: string, value: string]> {
  /** @internal Parallel arrays; the parser fills them with names and values that it has already checked. */
  readonly fields: FieldName[] = []
  /** @internal */
  readonly values: string[] = []

  static from(init: HeadersInit | undefined): HeaderList {
    if (init instanceof HeaderList) return init.clone()
    const list = new HeaderList()
    if (init === undefined) return list
    const entries = Symbol.iterator in init ? init : Object.entries(init)
    for (const [name, value] of entries as Iterable<[string, string | readonly string[]]>) {
      if (typeof value === 'string') list.append(name, value)
      else for (const one of value) list.append(name, one)
    }
    return list
  }

  /** Number of field lines. */
  get size(): number {
    return this.fields.length
  }

  /** The value; several lines are joined with `, `. `undefined` when there is none. */
  get(name: string): string | undefined {
    const lower = lowerName(name)
    const { fields, values } = this
    let found: string | undefined
    for (let i = 0; i < fields.length; i++) {
      if (fields[i]!.lower !== lower) continue
      if (found === undefined) found = values[i]!
      else if (lower !== 'set-cookie') found += `, ${values[i]!}`
    }
    return found
  }

  /** The value of each line, in wire order. */
  getAll(name: string): string[] {
    const lower = lowerName(name)
    return this.values.filter((_, i) => this.fields[i]!.lower === lower)
  }

  has(name: string): boolean {
    const lower = lowerName(name)
    const { fields } = this
    for (let i = 0; i < fields.length; i++) if (fields[i]!.lower === lower) return true
    return false
  }

  /** Replaces every line of this name by one, where the first of them stood; adds it at the end when there was none. */
  set(name: string, value: string): this {
    const field = checkedName(name)
    const checked = checkedValue(name, value)
    const { fields, values } = this
    for (let i = 0; i < fields.length; i++) {
      if (fields[i]!.lower !== field.lower) continue
      fields[i] = field
      values[i] = checked
      this.#removeFrom(i + 1, field.lower)
      return this
    }
    fields.push(field)
    values.push(checked)
    return this
  }

  /** Adds a line at the end. */
  append(name: string, value: string): this {
    const field = checkedName(name)
    this.values.push(checkedValue(name, value))
    this.fields.push(field)
    return this
  }

  /** Removes every line of this name. */
  delete(name: string): this {
    this.#removeFrom(0, lowerName(name))
    return this
  }

  clone(): HeaderList {
    const copy = new HeaderList()
    const { fields, values } = this
    for (let i = 0; i < fields.length; i++) {
      copy.fields.push(fields[i]!)
      copy.values.push(values[i]!)
    }
    return copy
  }

  /** @internal Adds a line that the parser has checked. */
  appendParsed(field: FieldName, value: string): void {
    this.fields.push(field)
    this.values.push(value)
  }

  *[Symbol.iterator](): Generator<[name: string, value: string], void, undefined> {
    for (let i = 0; i < this.fields.length; i++) yield [this.fields[i]!.wire, this.values[i]!]
  }

  toJSON(): [string, string][] {
    return [...this]
  }

  #removeFrom(start: number, lower: string): void {
    const { fields, values } = this
    let kept = start
    for (let i = start; i < fields.length; i++) {
      if (fields[i]!.lower === lower) continue
      fields[kept] = fields[i]!
      values[kept] = values[i]!
      kept++
    }
    fields.length = kept
    values.length = kept
  }
}

function lowerName(name: string): string {
  return interned.get(name)?.lower ?? name.toLowerCase()
}

function checkedName(name: string): FieldName {
  const found = interned.get(name)
  if (found !== undefined) return found
  if (typeof name !== 'string' || !TOKEN.test(name))
    throw invalidOption('headers', 'name', 'a token (RFC 9110 section 5.6.2)', name)
  return fieldName(name)
}

function checkedValue(name: string, value: string): string {
  if (typeof value !== 'string' || !VALUE.test(value)) {
    throw invalidOption(
      'headers',
      name,
      'a field value without control characters or outer white space (RFC 9110 section 5.5)',
      value,
    )
  }
  return value
}

/** Whether a comma-separated field value holds this token. The token is given in lower case. */
export function listHasToken(value: string, token: string): boolean {
  if (value.length === token.length) return value.toLowerCase() === token
  for (const part of value.split(',')) if (part.trim().toLowerCase() === token) return true
  return false
}
