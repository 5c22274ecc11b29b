import { bounded } from '../../core/bounded-text.ts'
import type { HeaderList } from '../../core/headers.ts'

const MAX_FIELDS = 64

/** Fields whose values are nobody's business. Names that are made up are told by what they are made of. */
const SECRET_NAME =
  /auth|cookie|token|secret|pass|pwd|credential|key|session|sign|sig$|jwt|saml|ticket|assertion|csrf|xsrf|dpop|otp|query/
/** Credentials under any name. */
const SECRET_VALUE = /^(?:bearer|basic|digest|negotiate|token|aws4-hmac-sha256)\s/i

/** Fields as they may be shown: without secrets, none too long, not too many. */
export function maskedFields(headers: HeaderList): readonly (readonly [name: string, value: string])[] {
  const shown: [string, string][] = []
  for (const [name, value] of headers) {
    if (shown.length === MAX_FIELDS) break
    shown.push([bounded(name), bounded(maskedValue(name, value))])
  }
  return shown
}

/** What may be known of a field's value: no credentials, no queries of urls. */
export function maskedValue(name: string, value: string): string {
  return isSecret(name, value) ? '***' : withoutQuery(withoutUser(value))
}

function isSecret(name: string, value: string): boolean {
  // What JSON Web Tokens begin with.
  return SECRET_NAME.test(name.toLowerCase()) || SECRET_VALUE.test(value) || value.includes('eyJ')
}

function withoutQuery(value: string): string {
  const at = value.indexOf('?')
  return at >= 0 && (value.startsWith('/') || value.includes('://')) ? `${value.slice(0, at)}?…` : value
}

/** Of urls: up to the last `@` before their path, since some write passwords with an `@` in them. */
function withoutUser(value: string): string {
  return value.includes('://') ? value.replace(/:\/\/[^/?#\s]+@/g, '://***@') : value
}
