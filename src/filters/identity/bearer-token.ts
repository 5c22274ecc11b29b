import type { HeaderList } from '../../core/headers.ts'

/** Credentials that are there and cannot be read in one way only, or not at all: no reason to look for others. */
export class MalformedCredentials {
  /** One sentence without a word of what was sent: fit for clients, and for `error_description`. */
  readonly reason: string

  constructor(reason: string) {
    this.reason = reason
  }
}

const SEVERAL = new MalformedCredentials('there is more than one Authorization field')
const EMPTY = new MalformedCredentials('the Authorization field names a scheme and has nothing behind it')
const NO_SPACE = new MalformedCredentials('the scheme in the Authorization field has no space behind it')
const TOO_LONG = new MalformedCredentials('the credentials are too long')
const NO_TOKEN = new MalformedCredentials('the token has characters that a token cannot have')

/** RFC 6750 section 2.1, `b64token`. */
const B64_TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/

/**
 * What stands behind the scheme in the one `Authorization` field (RFC 9110 section 11.6.2), at most `maxLength` characters
 * of it: `undefined` where there is no such field, or one of another scheme. `scheme` in lower case.
 *
 * What it gives may be a part of the text of a whole request head, and keep all of that in memory as long as it is kept.
 */
export function credentialsOf(
  headers: HeaderList,
  scheme: string,
  maxLength: number,
): string | MalformedCredentials | undefined {
  const { fields, values } = headers
  let value: string | undefined
  for (let i = 0; i < fields.length; i++) {
    if (fields[i]!.lower !== 'authorization') continue
    // Which of two counts, services disagree about.
    if (value !== undefined) return SEVERAL
    value = values[i]!
  }
  if (value === undefined || !hasScheme(value, scheme)) return undefined
  let start = scheme.length
  if (value.length > start && value.charCodeAt(start) !== 0x20) return NO_SPACE
  while (value.charCodeAt(start) === 0x20) start++
  if (start === value.length) return EMPTY
  return value.length - start > maxLength ? TOO_LONG : value.substring(start)
}

/** The token of the one `Authorization` field (RFC 6750 section 2.1), where that is of the scheme `Bearer`. */
export function bearerToken(
  headers: HeaderList,
  maxLength: number,
): string | MalformedCredentials | undefined {
  const token = credentialsOf(headers, 'bearer', maxLength)
  return typeof token !== 'string' || B64_TOKEN.test(token) ? token : NO_TOKEN
}

/** What can be in a scheme's name (RFC 9110 section 11.1). Whatever else stands behind one, a service may take for its end. */
const OF_NAME = /[!#$%&'*+\-.^_`|~0-9A-Za-z]/

function hasScheme(value: string, scheme: string): boolean {
  const { length } = scheme
  if (value.length > length && value.charCodeAt(length) !== 0x20 && OF_NAME.test(value[length]!)) return false
  return value.substring(0, length).toLowerCase() === scheme
}
