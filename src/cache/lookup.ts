import type { Exchange } from '../core/exchange.ts'
import type { Handler } from '../core/handler.ts'
import type { HeaderList } from '../core/headers.ts'
import type { RequestMessage } from '../core/message.ts'
import { preferredCoding } from './accept-encoding.ts'
import { type RequestDirectives, requestDirectives } from './cache-control.ts'
import { cacheKey } from './cache-key.ts'
import type { CacheSettings } from './cache-settings.ts'
import { hasConditions, isForOriginOnly } from './conditional.ts'
import { contentKey } from './request-content.ts'

/** A request that a stored response may answer. */
export interface Lookup {
  readonly exchange: Exchange
  readonly next: Handler
  /** The client's. */
  readonly method: string
  /** What its response is stored under. */
  readonly key: string
  readonly directives: RequestDirectives
  /** The client's fields: its conditions and ranges are judged by them, whatever the service is asked with. */
  readonly headers: HeaderList
}

/** Why a request goes past the cache: `content` is one that no key holds. */
export type Bypass = 'method' | 'conditions' | 'content'

/** `undefined` where it does not go past the cache. */
export function bypassOf(
  { method, upgrade, body, headers }: RequestMessage,
  { storability: { methods }, maxRequestBytes }: CacheSettings,
): Bypass | undefined {
  if (!methods.has(method)) return 'method'
  if (upgrade !== undefined || isForOriginOnly(headers)) return 'conditions'
  if (!hasContent(method)) return body.length === 0 ? undefined : 'content'
  // Of other methods, a condition that does not hold is an error (RFC 9110 section 13.2.2), and not the cache's to judge.
  if (hasConditions(headers)) return 'conditions'
  return (body.length ?? 0) > maxRequestBytes ? 'content' : undefined
}

/** Whether the content of a request with this method says what is asked for. */
export function hasContent(method: string): boolean {
  return method !== 'GET' && method !== 'HEAD'
}

/** `content`: of a request whose method says that it tells requests apart. */
export function lookupOf(
  exchange: Exchange,
  next: Handler,
  settings: CacheSettings,
  content?: Uint8Array,
): Lookup {
  const { method, headers } = exchange.request
  return {
    exchange,
    next,
    method,
    key: keyOf(exchange, settings, content),
    directives: requestDirectives(headers),
    headers: withPreferredCoding(headers, settings.codings),
  }
}

function keyOf(exchange: Exchange, { partition, furtherKey }: CacheSettings, content?: Uint8Array): string {
  const { scheme, host, target, method, headers } = exchange.request
  const further = furtherKey?.(exchange)
  if (content === undefined) return cacheKey({ partition, method: 'GET', scheme, host, target, further })
  return cacheKey({ partition, method, scheme, host, target, further, content: contentKey(headers, content) })
}

function withPreferredCoding(headers: HeaderList, codings: readonly string[] | undefined): HeaderList {
  if (codings === undefined) return headers
  const field = headers.get('accept-encoding')
  const preferred = preferredCoding(field, codings)
  return field === preferred ? headers : headers.clone().set('Accept-Encoding', preferred)
}

/** Whether the answer to it may be the answer to others too, so that they wait for it. */
export function isJoinable({ method, directives: { noStore }, headers }: Lookup): boolean {
  return method !== 'HEAD' && !noStore && !headers.has('range') && !headers.has('authorization')
}
