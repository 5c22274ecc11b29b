/** Anything but `/segment` after `/segment` of characters that stand for themselves. One scan clears nearly every request. */
const NOT_PLAIN = /[^!$&-;=@-[\]-z{|}~]|\/[./]/
/** Bytes that no request target may hold (the parser refuses them too), and the backslash, which some services take for a slash. */
const FORBIDDEN = /[^\x21-\x7e]|["#<>?\\]/
const MALFORMED_PERCENT = /%(?![0-9A-Fa-f]{2})/
/**
 * NUL, and over-long UTF-8 forms of NUL, `.`, `/` and `\`, which lenient decoders still take for the character
 * (RFC 3629 section 10). A valid path has none of them.
 */
const NEVER_LEGITIMATE =
  /%00|%C0%(?:80|AE|AF)|%C1%9C|%E0%(?:80%(?:80|AE|AF)|81%9C)|%F0%80%(?:80%(?:80|AE|AF)|81%9C)/
/**
 * A `.` or `..` that appears once a service decodes the segment, splits it at slashes and backslashes, or cuts off
 * path parameters (`..;x=1`).
 */
const HIDDEN_DOTS = /(?:^|%2F|%5C)\.\.?(?:$|;|%3B|%2F|%5C)/

const PERCENT = /%[0-9A-Fa-f]{2}/g

/**
 * The one form of a path that is matched, logged and sent to the upstream. `undefined` for a path that has none and
 * must be answered with 400. Applying it again changes nothing.
 *
 * 1. A character outside the grammar, a backslash, a broken `%`, `%00`, an over-long UTF-8 form: refused.
 * 2. Unreserved characters (RFC 3986 section 2.3) lose their encoding, `%41` becomes `A`; the hexadecimal digits of all
 *    others become upper case. What was encoded twice (`%252e`) is left encoded once too often.
 * 3. Several slashes become one; dot segments are resolved (section 5.2.4); one that climbs above the root: refused.
 * 4. `%2F` and `%5C` stay as they are and separate nothing, but a segment that would hold a dot segment if they did, or
 *    if path parameters were cut off, is refused.
 */
export function normalizePath(rawPath: string): string | undefined {
  if (rawPath.charCodeAt(0) !== 0x2f) return undefined
  if (!NOT_PLAIN.test(rawPath)) return rawPath
  if (FORBIDDEN.test(rawPath)) return undefined
  let path = rawPath
  if (path.includes('%')) {
    if (MALFORMED_PERCENT.test(path)) return undefined
    path = path.replace(PERCENT, normalizedOctet)
    if (NEVER_LEGITIMATE.test(path)) return undefined
  }
  return TO_RESOLVE.test(path) ? withoutDotSegments(path) : path
}

/** Without one of these a path holds no dot segment, hidden or not, and no doubled slash. */
const TO_RESOLVE = /(?:\/|%2F|%5C)[.]|\/\//

function withoutDotSegments(path: string): string | undefined {
  const segments = path.split('/')
  const last = segments.length - 1
  const kept: string[] = []
  for (let i = 1; i <= last; i++) {
    const segment = segments[i]!
    if (segment === '..') {
      if (kept.length === 0) return undefined
      kept.pop()
    } else if (segment !== '' && segment !== '.') {
      if (HIDDEN_DOTS.test(segment)) return undefined
      kept.push(segment)
    }
  }
  if (kept.length === 0) return '/'
  const end = segments[last]!
  // What ends in a slash or a dot segment names a directory and keeps its slash.
  const slash = end === '' || end === '.' || end === '..' ? '/' : ''
  return `/${kept.join('/')}${slash}`
}

const UNRESERVED = /[A-Za-z0-9\-._~]/
/** Visible ASCII that has a meaning of its own in a path, or would begin an encoding: never decoded for matching. */
const STRUCTURAL = new Set(['/', '\\', ';', '%'])

const octets = new Map<string, string>()
const matchedOctets = new Map<string, string>()
for (let byte = 0; byte < 256; byte++) {
  const upper = `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  const character = String.fromCharCode(byte)
  const visible = byte > 0x20 && byte < 0x7f
  for (const spelling of new Set([
    upper,
    upper.toLowerCase(),
    `%${upper[1]!.toLowerCase()}${upper[2]!}`,
    `%${upper[1]!}${upper[2]!.toLowerCase()}`,
  ])) {
    octets.set(spelling, UNRESERVED.test(character) ? character : upper)
    matchedOctets.set(spelling, visible && !STRUCTURAL.has(character) ? character : upper)
  }
}

function normalizedOctet(octet: string): string {
  return octets.get(octet)!
}

function matchedOctet(octet: string): string {
  return matchedOctets.get(octet)!
}

/**
 * The form of a normalized path that patterns are compared with. RFC 3986 does not let a proxy decode `%40` for the
 * upstream, but nearly every service reads it as `@`; so a route for `/@me` must see `/%40me`, or its filters could be
 * passed by. All visible ASCII is decoded, save what structures a path: `/`, `\`, `;` and `%`. Never sent anywhere.
 */
export function matchingForm(path: string): string {
  return path.includes('%') ? path.replace(PERCENT, matchedOctet) : path
}

/** For matching that ignores case: ASCII letters in lower case, encoded octets as they are. */
export function lowerCased(form: string): string {
  if (!form.includes('%')) return form.toLowerCase()
  return form.replace(/%..|[A-Z]+/g, (part) => (part.startsWith('%') ? part : part.toLowerCase()))
}

const SLASHES = /%2F|%5C/g
const PARAMETERS = /;[^/]*/g

/**
 * What services are known to make of a path in matching form: encoded slashes taken for slashes, path parameters cut
 * off, either one first. Empty for a path that can be read in one way only, as nearly all can.
 */
export function otherReadings(path: string): readonly string[] {
  const encoded = path.includes('%') && /%(?:2F|5C|3B)/.test(path)
  if (!encoded && !path.includes(';')) return NO_READINGS
  const decoded = path.replace(SLASHES, '/').replaceAll('%3B', ';')
  const cut = path.replace(PARAMETERS, '')
  const readings = new Set<string>()
  for (const reading of [decoded, cut, decoded.replace(PARAMETERS, ''), cut.replace(SLASHES, '/')]) {
    readings.add(`/${reading}`.replace(/\/+/g, '/'))
  }
  readings.delete(path)
  return [...readings]
}

const NO_READINGS: readonly string[] = Object.freeze([])

/** `decodeURIComponent`, but what is no UTF-8 stays encoded. */
export function decodedComponent(text: string): string {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
