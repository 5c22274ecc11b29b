import { type BaggageEntry, baggageEntryMetadataFromString } from '@opentelemetry/api'
import { trimWhiteSpace } from '../../core/headers.ts'

/** So much must be passed on (W3C Baggage, section 3.3.2), and no more is. */
const MAX_MEMBERS = 64
const MAX_BYTES = 8_192

const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+"
const TEXT = '[\\x21\\x23-\\x2b\\x2d-\\x3a\\x3c-\\x5b\\x5d-\\x7e]*'
const KEY = new RegExp(`^${TOKEN}$`)
const VALUE = new RegExp(`^${TEXT}$`)

/**
 * The lines of a `baggage` as one. A member that is wrong is left out, and so is what comes behind the limits; the rest stays
 * as it was sent, but for white space. `undefined` where nothing is left.
 */
export function normalBaggage(lines: readonly string[]): string | undefined {
  let text = ''
  let members = 0
  for (const line of lines)
    for (const part of line.split(',')) {
      if (members === MAX_MEMBERS) return text
      const member = normalMember(part)
      if (member === undefined || text.length + member.length + 1 > MAX_BYTES) continue
      text = members === 0 ? member : `${text},${member}`
      members++
    }
  return members === 0 ? undefined : text
}

function normalMember(part: string): string | undefined {
  const [first, ...properties] = part.split(';')
  const pair = normalPair(first!, true)
  if (pair === undefined) return undefined
  let member = pair
  for (const property of properties) {
    const normal = normalPair(property, false)
    if (normal === undefined) return undefined
    member += `;${normal}`
  }
  return member
}

function normalPair(text: string, needsValue: boolean): string | undefined {
  const equals = text.indexOf('=')
  if (equals < 0) {
    const key = trimWhiteSpace(text)
    return !needsValue && KEY.test(key) ? key : undefined
  }
  const key = trimWhiteSpace(text, 0, equals)
  const value = trimWhiteSpace(text, equals + 1)
  return KEY.test(key) && VALUE.test(value) ? `${key}=${value}` : undefined
}

/** The members of a text that `normalBaggage` has given, for the API. Of a key that is there twice, the last one counts. */
export function baggageEntries(text: string): Record<string, BaggageEntry> {
  const entries: Record<string, BaggageEntry> = Object.create(null)
  for (const member of text.split(',')) {
    const semicolon = member.indexOf(';')
    const pair = semicolon < 0 ? member : member.slice(0, semicolon)
    const equals = pair.indexOf('=')
    const value = decoded(pair.slice(equals + 1))
    if (value === undefined) continue
    const entry: BaggageEntry = { value }
    if (semicolon >= 0) entry.metadata = baggageEntryMetadataFromString(member.slice(semicolon + 1))
    entries[pair.slice(0, equals)] = entry
  }
  return entries
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
