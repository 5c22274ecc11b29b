import { type HeaderList, trimWhiteSpace } from './headers.ts'

/**
 * The cookies of a request as they were sent, `name=value` without white space around, in their order (RFC 6265 section 5.4).
 * Clients of HTTP/2 send several lines.
 */
export function cookiePairs({ fields, values }: HeaderList): string[] {
  const pairs: string[] = []
  for (let i = 0; i < fields.length; i++) {
    if (fields[i]!.lower !== 'cookie') continue
    for (const part of values[i]!.split(';')) {
      const pair = trimWhiteSpace(part)
      if (pair !== '') pairs.push(pair)
    }
  }
  return pairs
}

/** The name of one; `''` for what has none. */
export function cookieName(pair: string): string {
  const equals = pair.indexOf('=')
  return equals < 0 ? '' : trimWhiteSpace(pair, 0, equals)
}

/** The values that a request has of a cookie; more than one where it was set for several paths or domains. */
export function cookieValues(headers: HeaderList, name: string): string[] {
  if (!headers.has('cookie')) return []
  return cookiePairs(headers)
    .filter((pair) => cookieName(pair) === name)
    .map((pair) => trimWhiteSpace(pair, pair.indexOf('=') + 1))
}

/** Gives a request these and no others, in one line. */
export function replaceCookies(headers: HeaderList, pairs: readonly string[]): void {
  if (pairs.length === 0) headers.delete('cookie')
  else headers.set('Cookie', pairs.join('; '))
}
