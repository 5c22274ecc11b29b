import type { HeaderList } from '../../core/headers.ts'
import { shortText } from '../short-text.ts'

const MAX_FIELDS = 64

/** Fields whose values are nobody's business. Names that are made up are told by what they are made of. */
const SECRET_NAME =
  /auth|cookie|token|secret|passw|credential|key|session|signature|jwt|assertion|csrf|xsrf|dpop|otp|query/
/** Credentials under any name. */
const SECRET_VALUE = /^(?:bearer|basic|digest|negotiate|token|aws4-hmac-sha256)\s/i

/** Fields as they may be shown: no credentials, no queries of urls, none too long, not too many. */
export function maskedFields(headers: HeaderList): readonly (readonly [name: string, value: string])[] {
  const shown: [string, string][] = []
  for (const [name, value] of headers) {
    if (shown.length === MAX_FIELDS) break
    shown.push([shortText(name), isSecret(name, value) ? '***' : shortText(withoutQuery(value))])
  }
  return shown
}

function isSecret(name: string, value: string): boolean {
  // What JSON Web Tokens begin with.
  return SECRET_NAME.test(name.toLowerCase()) || SECRET_VALUE.test(value) || value.includes('eyJ')
}

function withoutQuery(value: string): string {
  const at = value.indexOf('?')
  return at >= 0 && (value.startsWith('/') || value.includes('://')) ? `${value.slice(0, at)}?…` : value
}
