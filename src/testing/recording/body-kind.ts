import { isUtf8 } from 'node:buffer'

/**
 * What a body is, for one who looks for secrets in it.
 *
 * - `text`: it can be read.
 * - `media`: pictures, sound or fonts by its type, and not text. There is nothing to read.
 * - `opaque`: it cannot be read, and there may be anything in it; `why` says what it is.
 */
export type BodyKind =
  | { readonly kind: 'text'; readonly encoding: 'utf8' | 'latin1' }
  | { readonly kind: 'media' }
  | { readonly kind: 'opaque'; readonly why: string }

/** `type` is its `Content-Type` in lower case, or empty. */
export function bodyKind(bytes: Buffer, type: string): BodyKind {
  const charset = /charset\s*=\s*"?([^\s";]+)/.exec(type)?.[1]
  if (charset !== undefined && !READABLE_CHARSET.test(charset)) return opaque(`its charset ${charset}`)
  const utf8 = isUtf8(bytes)
  const readable = isReadable(bytes)
  const media = MEDIA_TYPE.test(type)
  // What says that it is a picture and can be read is read.
  if (utf8 && readable && (type === '' || media || TEXT_TYPE.test(type)))
    return { kind: 'text', encoding: 'utf8' }
  if (media && !beginsWith(bytes, PACKED)) return { kind: 'media' }
  if (!TEXT_TYPE.test(type)) return opaque(type === '' ? 'what is no text' : `its type ${mediaType(type)}`)
  return readable ? { kind: 'text', encoding: 'latin1' } : opaque('what is no text')
}

/** Without parameters. */
export function mediaType(type: string): string {
  return type.replace(/;.*$/s, '').trim()
}

function opaque(what: string): BodyKind {
  return { kind: 'opaque', why: `${what} cannot be looked into for secrets` }
}

const READABLE_CHARSET = /^(?:utf-?8|us-ascii|iso-8859-\d+|windows-125\d|latin1)$/
const TEXT_TYPE =
  /^(?:text|message)\/|[/+.-](?:json|xml|yaml|toml|html|graphql|sql)\b|json|(?:java|ecma|type)script|form-urlencoded|\/(?:jwt|ld\+|manifest)/
const MEDIA_TYPE = /^(?:image|audio|video|font)\/[^,]*$/
/** Tab, line ends, form feed, and what separates records in RFC 7464. */
const CONTROLS_OF_TEXT: ReadonlySet<number> = new Set([0x09, 0x0a, 0x0c, 0x0d, 0x1e])
/** gzip, zstd, zip, xz and bzip2: whatever the type says, there may be text in it. */
const PACKED: readonly Buffer[] = ['1f8b', '28b52ffd', '504b03', '504b05', 'fd377a585a', '425a68'].map((it) =>
  Buffer.from(it, 'hex'),
)
/** Of UTF-16, in either order. */
const BYTE_ORDER_MARKS: readonly Buffer[] = ['fffe', 'feff'].map((it) => Buffer.from(it, 'hex'))

function isReadable(bytes: Buffer): boolean {
  return !beginsWith(bytes, BYTE_ORDER_MARKS) && bytes.every((it) => it >= 0x20 || CONTROLS_OF_TEXT.has(it))
}

function beginsWith(bytes: Buffer, beginnings: readonly Buffer[]): boolean {
  return beginnings.some((it) => bytes.subarray(0, it.length).equals(it))
}
