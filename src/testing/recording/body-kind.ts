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
  const readable =
    !CONTROL.test(bytes.toString('latin1')) && !BYTE_ORDER_MARK.test(bytes.toString('latin1', 0, 2))
  const media = MEDIA_TYPE.test(type)
  // What says that it is a picture and can be read is read.
  if (utf8 && readable && (type === '' || media || TEXT_TYPE.test(type)))
    return { kind: 'text', encoding: 'utf8' }
  if (media && !PACKED.test(bytes.toString('latin1', 0, 6))) return { kind: 'media' }
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
/** Of the controls that text may have, RFC 7464 separates records with one. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what it looks for.
const CONTROL = /[\x00-\x07\x0b\x0e-\x1a\x1c\x1d\x1f]/
const BYTE_ORDER_MARK = /^(?:\xff\xfe|\xfe\xff)/
/** gzip, zstd, zip, xz, bzip2: whatever the type says, there may be text in it. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is how they begin.
const PACKED = /^(?:\x1f\x8b|\x28\xb5\x2f\xfd|PK[\x03\x05]|\xfd7zXZ|BZh)/
