import type { Exchange } from '../core/exchange.ts'
import type { Handler } from '../core/handler.ts'
import type { HeaderList } from '../core/headers.ts'
import type { RequestMessage } from '../core/message.ts'
import { type RequestDirectives, requestDirectives } from './cache-control.ts'
import { cacheKey } from './cache-key.ts'
import type { CacheSettings } from './cache-settings.ts'
import { isForOriginOnly } from './conditional.ts'

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

/** Why a request goes past the cache, `undefined` where it does not. */
export function bypassOf({
  method,
  upgrade,
  body,
  headers,
}: RequestMessage): 'method' | 'conditions' | undefined {
  if (method !== 'GET' && method !== 'HEAD') return 'method'
  return upgrade !== undefined || body.length !== 0 || isForOriginOnly(headers) ? 'conditions' : undefined
}

export function lookupOf(exchange: Exchange, next: Handler, settings: CacheSettings): Lookup {
  const { request } = exchange
  const { method, headers } = request
  return {
    exchange,
    next,
    method,
    key: keyOf(exchange, settings),
    directives: requestDirectives(headers),
    headers,
  }
}

function keyOf(exchange: Exchange, { partition, furtherKey }: CacheSettings): string {
  const { scheme, host, target } = exchange.request
  const further = furtherKey?.(exchange)
  return cacheKey({ partition, method: 'GET', scheme, host, target, further })
}

/** Whether the answer to it may be the answer to others too, so that they wait for it. */
export function isJoinable({ method, directives: { noStore }, headers }: Lookup): boolean {
  return method === 'GET' && !noStore && !headers.has('range') && !headers.has('authorization')
}
