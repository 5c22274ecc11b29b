import { FieldKind, type FieldName, fieldName, knownFieldName } from '../../core/field-name.ts'
import { areAllOf, FIELD_VALUE, TARGET, TOKEN } from '../http1/syntax.ts'

/**
 * The pseudo-header fields that exist (RFC 9113 section 8.3, RFC 8441 section 4). A set of bits, so that it can be told which
 * of them a block has.
 */
export const Pseudo = {
  none: 0,
  method: 1,
  scheme: 2,
  authority: 4,
  path: 8,
  protocol: 16,
  status: 32,
} as const

/** What is known of a name without its value. A name that nobody may send is kept too: the tables must stay in step. */
export interface CheckedName {
  readonly name: string
  /** The shared name, for a field that may be sent; `undefined` for a pseudo-header field, and for one that is flawed. */
  readonly field: FieldName | undefined
  readonly pseudo: number
  /** Why a message that has it is malformed. */
  readonly nameFlaw: string | undefined
}

const PSEUDO_NAMES = new Map<string, CheckedName>(
  (['method', 'scheme', 'authority', 'path', 'protocol', 'status'] as const).map((name) => [
    `:${name}`,
    { name: `:${name}`, field: undefined, pseudo: Pseudo[name], nameFlaw: undefined },
  ]),
)

/** RFC 9113 section 8.2.2. `te` is told by its value. */
const CONNECTION_SPECIFIC: ReadonlySet<string> = new Set([
  'connection',
  'proxy-connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
])

const LOWER_CASE_TOKEN = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/
const TAB = 0x09
const SPACE = 0x20

/** Checks a name (RFC 9113 sections 8.2.1, 8.2.2 and 8.3). */
export function checkName(name: string): CheckedName {
  if (name.charCodeAt(0) === 0x3a)
    return PSEUDO_NAMES.get(name) ?? flawed(name, 'an unknown pseudo-header field')
  const known = knownFieldName(name)
  // The list of known names has other spellings too, and they are flawed.
  if (known?.lower !== name && !LOWER_CASE_TOKEN.test(name))
    return flawed(name, 'a field name that is no token in lower case')
  const field = known ?? fieldName(name)
  if ((field.kind & FieldKind.hopByHop) !== 0 && CONNECTION_SPECIFIC.has(name))
    return flawed(name, 'a field of the connection')
  return { name, field, pseudo: Pseudo.none, nameFlaw: undefined }
}

function flawed(name: string, nameFlaw: string): CheckedName {
  return { name, field: undefined, pseudo: Pseudo.none, nameFlaw }
}

/** Whether a value is made of bytes that it may be made of (RFC 9110 section 5.5). */
export function isPlainValue(bytes: Uint8Array, from: number, to: number): boolean {
  return areAllOf(FIELD_VALUE, bytes, from, to)
}

/** Why a message with this value is malformed. The bytes are known to be of those that a value may have. */
export function valueFlaw(
  { name, field, pseudo }: CheckedName,
  bytes: Uint8Array,
  from: number,
  to: number,
): string | undefined {
  if (from < to && (isWhiteSpace(bytes[from]!) || isWhiteSpace(bytes[to - 1]!)))
    return 'white space around a field value'
  if (pseudo !== Pseudo.none) return isPseudoValue(pseudo, bytes, from, to) ? undefined : `a bad ${name}`
  if (
    field !== undefined &&
    field.kind === FieldKind.hopByHop &&
    name === 'te' &&
    !isTrailers(bytes, from, to)
  )
    return 'a TE other than "trailers"'
  return undefined
}

function isWhiteSpace(byte: number): boolean {
  return byte === SPACE || byte === TAB
}

function isTrailers(bytes: Uint8Array, from: number, to: number): boolean {
  return Buffer.from(bytes.subarray(from, to)).toString('latin1').toLowerCase() === 'trailers'
}

/** What no authority has: what ends one in a URI, user information, and what clients encode. */
const AUTHORITY = new Uint8Array(256)
for (let byte = 0x21; byte < 0x7f; byte++) {
  if (!'@/?#\\"<>^`{|}'.includes(String.fromCharCode(byte))) AUTHORITY[byte] = 1
}

const SLASH = 0x2f
const ASTERISK = 0x2a

function isPseudoValue(pseudo: number, bytes: Uint8Array, from: number, to: number): boolean {
  if (from === to) return false
  switch (pseudo) {
    case Pseudo.path:
      // The same bytes as in a target of HTTP/1.1.
      if (bytes[from] === SLASH) return areAllOf(TARGET, bytes, from, to)
      return bytes[from] === ASTERISK && to === from + 1
    case Pseudo.authority:
      for (let i = from; i < to; i++) if (AUTHORITY[bytes[i]!] === 0) return false
      return true
    case Pseudo.status:
      return to === from + 3 && isStatus(bytes[from]!, bytes[from + 1]!, bytes[from + 2]!)
    default:
      // A method, a protocol and a scheme are tokens; what else a scheme may not be is for who knows which ones it serves.
      return areAllOf(TOKEN, bytes, from, to)
  }
}

/** A number from 100 to 599. */
function isStatus(hundreds: number, tens: number, ones: number): boolean {
  return hundreds >= 0x31 && hundreds <= 0x35 && isDigit(tens) && isDigit(ones)
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39
}
