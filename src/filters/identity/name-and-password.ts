import { MalformedCredentials } from './bearer-token.ts'

export interface NameAndPassword {
  readonly name: string
  readonly password: string
}

const NO_BASE64 = new MalformedCredentials('the credentials are not in base64')
const NO_UTF8 = new MalformedCredentials('the credentials are not in UTF-8')
const NO_COLON = new MalformedCredentials('the credentials have no colon between name and password')
const CONTROL = new MalformedCredentials('the credentials have control characters')

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/

/** What stands behind `Basic` (RFC 7617 section 2), in UTF-8 and in the form of Unicode in which letters compare. */
export function nameAndPassword(credentials: string): NameAndPassword | MalformedCredentials {
  if (!BASE64.test(credentials)) return NO_BASE64
  let text: string
  try {
    text = UTF8.decode(Buffer.from(credentials, 'base64')).normalize('NFC')
  } catch {
    return NO_UTF8
  }
  if (/\p{Cc}/u.test(text)) return CONTROL
  const colon = text.indexOf(':')
  if (colon < 0) return NO_COLON
  return { name: text.slice(0, colon), password: text.slice(colon + 1) }
}
