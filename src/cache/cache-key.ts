/**
 * One text of several, from which they can be told apart again: each with its length before it, one that is not there as a
 * dash. So no two different lists of parts make the same key, whatever stands in them.
 */
export function structuredKey(parts: readonly (string | undefined)[]): string {
  let key = ''
  for (const part of parts) key += part === undefined ? '-' : `${part.length}:${part}`
  return key
}

/** The first `count` parts that a text of `structuredKey` was made of; fewer where it is no such text. */
export function partsOfKey(key: string, count: number): (string | undefined)[] {
  const parts: (string | undefined)[] = []
  let at = 0
  while (parts.length < count && at < key.length) {
    if (key[at] === '-') {
      parts.push(undefined)
      at++
      continue
    }
    const colon = key.indexOf(':', at)
    const length = colon < 0 ? Number.NaN : Number(key.slice(at, colon))
    if (!Number.isSafeInteger(length) || length < 0 || length > key.length - colon - 1) break
    parts.push(key.slice(colon + 1, colon + 1 + length))
    at = colon + 1 + length
  }
  return parts
}

/** What a URL names. */
export interface Resource {
  readonly scheme: 'http' | 'https'
  /** Host and port, as `request.host` has them. */
  readonly host: string
  /** Path and query. */
  readonly target: string
}

/** What a response is stored under: the primary key of RFC 9111 section 2. */
export interface CacheKeyParts {
  /** Of whom the cache is: routes with caches of their own, tenants. Those with different ones share nothing. */
  readonly partition?: string | undefined
  /** In capitals. A request by HEAD is looked up under GET first. */
  readonly method: string
  readonly scheme: 'http' | 'https'
  /** Host and port, as `request.host` has them. */
  readonly host: string
  /** Path and query, as they go to the service. */
  readonly target: string
  /** Whatever else tells responses apart. */
  readonly further?: string | readonly string[] | undefined
  /** For methods whose content says what is asked for (RFC 10008 section 2.7). */
  readonly content?: {
    readonly hash: string
    readonly type: string | undefined
    readonly encoding: string | undefined
  }
}

export function cacheKey(asked: CacheKeyParts): string {
  const { partition, method, scheme, host, target, further, content } = asked
  const parts = [partition, method, scheme, comparableHost(scheme, host), target]
  if (further !== undefined || content !== undefined)
    parts.push(typeof further === 'object' ? structuredKey(further) : further)
  if (content !== undefined) parts.push(content.hash, content.type, content.encoding)
  return structuredKey(parts)
}

/** In lower case and without the port that the scheme has anyway (RFC 9110 section 4.2.3). */
export function comparableHost(scheme: 'http' | 'https', host: string): string {
  const lower = host.toLowerCase()
  const port = scheme === 'https' ? ':443' : ':80'
  return lower.endsWith(port) ? lower.slice(0, -port.length) : lower
}

/** Whose response is stored under a key of `cacheKey`: all methods and variants of a resource have the same. */
export function resourceOfKey(key: string): Resource {
  const [, , scheme, host = '', target = ''] = partsOfKey(key, 5)
  return { scheme: scheme === 'https' ? 'https' : 'http', host, target }
}
