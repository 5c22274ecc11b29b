/**
 * One text of several, from which they can be told apart again: each with its length before it, one that is not there as a
 * dash. So no two different lists of parts make the same key, whatever stands in them.
 */
export function structuredKey(parts: readonly (string | undefined)[]): string {
  let key = ''
  for (const part of parts) key += part === undefined ? '-' : `${part.length}:${part}`
  return key
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
