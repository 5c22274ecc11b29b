import { invalidOption } from '../../core/options.ts'

export interface Challenge {
  /** `ApiKey` is registered nowhere, and is what is written for keys. */
  readonly scheme: 'Bearer' | 'Basic' | 'ApiKey'
  readonly realm: string
  /** Of `Bearer` alone (RFC 6750 section 3.1). Not where the request had no credentials at all. */
  readonly error?: 'invalid_request' | 'invalid_token' | 'insufficient_scope' | undefined
  /** One sentence for whoever develops the client. */
  readonly errorDescription?: string | undefined
  /** The scopes that would have been enough. */
  readonly scope?: readonly string[] | undefined
}

/**
 * The value of `WWW-Authenticate` for a refusal: RFC 9110 section 11.6.1, RFC 6750 section 3, RFC 7617. Whatever the texts
 * hold, it is a valid field, of one challenge.
 */
export function challenge({ scheme, realm, error, errorDescription, scope }: Challenge): string {
  let value = `${scheme} realm=${quoted(realm)}`
  // The user's name and password are UTF-8 (RFC 7617 section 2.1).
  if (scheme === 'Basic') value += ', charset="UTF-8"'
  if (error !== undefined) value += `, error="${error}"`
  if (errorDescription !== undefined) value += `, error_description="${plain(errorDescription)}"`
  if (scope !== undefined && scope.length > 0) value += `, scope="${plain(scope.join(' '))}"`
  return value
}

/** Checks a realm that someone has chosen. */
export function checkedRealm(owner: string, realm: string): string {
  if (typeof realm === 'string' && /^[\x20-\x7e]{1,200}$/.test(realm)) return realm
  throw invalidOption(owner, 'realm', 'a text of 1 to 200 printable ASCII characters', realm)
}

/** RFC 9110 section 5.6.4. */
function quoted(text: string): string {
  return `"${printable(text).replace(/["\\]/g, '\\$&')}"`
}

/** RFC 6750 section 3: the texts of errors and scopes must not include quotes and backslashes, not even escaped ones. */
function plain(text: string): string {
  return printable(text).replace(/["\\]/g, "'")
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?')
}
