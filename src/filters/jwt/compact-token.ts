import { hasDuplicateMember } from './json-members.ts'

/** What counts of a token's header. Where a key could be had (`jku`, `x5u`) or what it would be (`jwk`, `x5c`) does not. */
export interface TokenHeader {
  readonly alg: string
  readonly kid: string | undefined
}

/**
 * The header of a token in the compact serialization (RFC 7515 section 7.1); `undefined` for what is none, or can be written
 * in more than one way. The signature is not looked at, so nothing of it is true yet.
 */
export function headerOf(token: string): TokenHeader | undefined {
  const parts = token.split('.', 4)
  if (parts.length !== 3 || !parts.every(isCanonical)) return undefined
  const header = objectOf(parts[0]!)
  if (header === undefined) return undefined
  const { alg, kid } = header
  if (typeof alg !== 'string' || (kid !== undefined && typeof kid !== 'string')) return undefined
  // Extensions that have to be understood, and a payload that is no base64url (RFC 7797), which a JWT must not have.
  if ('crit' in header || 'b64' in header) return undefined
  return { alg, kid }
}

/** Whether the claims of a token that was verified can be read in one way only. */
export function hasClearClaims(token: string): boolean {
  return objectOf(token.split('.', 2)[1]!) !== undefined
}

/** Buffers pass over what is no base64url, and over bits that are left at the end: one token would have many names. */
function isCanonical(part: string): boolean {
  return part !== '' && Buffer.from(part, 'base64url').toString('base64url') === part
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function objectOf(part: string): Record<string, unknown> | undefined {
  let text: string
  let value: unknown
  try {
    text = UTF8.decode(Buffer.from(part, 'base64url'))
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  return hasDuplicateMember(text) ? undefined : (value as Record<string, unknown>)
}
