import type { HeaderList } from '../core/headers.ts'
import { quotedString, tokenOrString } from '../core/structured-field.ts'
import { type ForwardReason, isMiss } from './reuse.ts'

/** Why a request went on to the service (RFC 9211 section 2.2). */
export type CacheStatusForward =
  | 'bypass'
  | 'method'
  | 'uri-miss'
  | 'vary-miss'
  | 'miss'
  | 'request'
  | 'stale'
  | 'partial'

/** What a cache did with a request: it answered from its store, or passed the request on. */
export type CacheStatus = (
  | { readonly hit: true }
  /** Nobody was asked, and nothing stored was used. */
  | { readonly refused: true }
  | {
      readonly fwd: CacheStatusForward
      /** The status that the service answered with, where it is not the one that is sent. */
      readonly fwdStatus?: number | undefined
      readonly stored?: boolean
      /** Whether it waited for the answer to another request (RFC 9211 section 2.6). */
      readonly collapsed?: boolean
    }
) & {
  /** How much longer the response is fresh; negative for one that is stale. */
  readonly ttlMs?: number | undefined
  readonly key?: string | undefined
  /** A word of the cache's own. */
  readonly detail?: string | undefined
}

/** The member that a cache of this name adds to `Cache-Status`. */
export function cacheStatusMember(cache: string, status: CacheStatus): string {
  let member = tokenOrString(cache)
  if ('hit' in status) member += '; hit'
  else if ('fwd' in status) {
    member += `; fwd=${status.fwd}`
    if (status.fwdStatus !== undefined) member += `; fwd-status=${status.fwdStatus}`
  }
  if (status.ttlMs !== undefined) member += `; ttl=${wholeSeconds(status.ttlMs)}`
  if ('fwd' in status) {
    if (status.stored === true) member += '; stored'
    if (status.collapsed === true) member += '; collapsed'
  }
  if (status.key !== undefined) member += `; key=${quotedString(status.key)}`
  if (status.detail === undefined) return member
  const { detail } = status
  return `${member}; detail=${tokenOrString(detail)}`
}

/** Adds it behind those of the caches nearer to the service (RFC 9211 section 2). */
export function addCacheStatus(headers: HeaderList, cache: string, status: CacheStatus): void {
  headers.append('Cache-Status', cacheStatusMember(cache, status))
}

/** The word of RFC 9211 for what `reuse` has decided. */
export function forwardWord(reason: ForwardReason): CacheStatusForward {
  if (isMiss(reason)) return reason
  return reason === 'stale' || reason === 'no-cache' ? 'stale' : 'request'
}

/** Down, so that what has a part of a second left is not called fresh for longer; an integer of at most 15 digits. */
function wholeSeconds(ms: number): number {
  const seconds = Math.floor(ms / 1_000)
  return Math.min(Math.max(seconds, -999_999_999_999_999), 999_999_999_999_999)
}
