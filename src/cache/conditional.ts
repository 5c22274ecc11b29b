import type { HeaderList } from '../core/headers.ts'
import { dateOf } from './age.ts'
import {
  type EntityTag,
  formatEntityTag,
  parseEntityTag,
  parseEntityTags,
  strongMatch,
  weakMatch,
} from './entity-tag.ts'
import { formatHttpDate, parseHttpDate } from './http-date.ts'
import { singleValue } from './single-value.ts'
import { type Validators, validatorsOf } from './validators.ts'

/** A stored response as far as conditions are concerned. */
export interface StoredResponse {
  readonly status: number
  readonly headers: HeaderList
  /** When it came, in ms since 1970. */
  readonly responseTime: number
}

/** Whether a request has conditions that only the service can judge (RFC 9111 section 4.3.2): it goes past the cache. */
export function isForOriginOnly(request: HeaderList): boolean {
  return request.has('if-match') || request.has('if-unmodified-since')
}

/** Whether a request has conditions that a cache judges, or asks for a part. */
export function hasConditions(request: HeaderList): boolean {
  return CONDITIONS.some((name) => request.has(name))
}

/**
 * Whether a client has a stored response already, so that 304 answers it (RFC 9111 section 4.3.2). `If-None-Match` comes
 * first, with the weak comparison; only without it `If-Modified-Since` counts. Conditions on anything but a success, and
 * those of other methods than GET and HEAD, mean nothing.
 */
export function isNotModified(method: string, request: HeaderList, stored: StoredResponse): boolean {
  if ((method !== 'GET' && method !== 'HEAD') || stored.status < 200 || stored.status > 299) return false
  if (request.has('if-none-match')) return matchesNone(request, stored)
  const since = singleValue(request, 'if-modified-since')
  const time = since === undefined ? undefined : parseHttpDate(since, stored.responseTime)
  if (time === undefined) return false
  if (!stored.headers.has('last-modified')) return dateOf(stored.headers, stored.responseTime) <= time
  const { lastModified } = validatorsOf(stored.headers, stored.responseTime)
  return lastModified !== undefined && lastModified <= time
}

/** Whether `If-Range` lets a part of a stored response answer (RFC 9110 section 13.1.5): it compares strongly. */
export function ifRangeHolds(request: HeaderList, stored: StoredResponse): boolean {
  if (!request.has('if-range')) return true
  const value = singleValue(request, 'if-range')
  if (value === undefined) return false
  const { etag, lastModified, lastModifiedIsStrong } = validatorsOf(stored.headers, stored.responseTime)
  const wanted = parseEntityTag(value)
  if (wanted !== undefined) return etag !== undefined && strongMatch(wanted, etag)
  return lastModifiedIsStrong && parseHttpDate(value, stored.responseTime) === lastModified
}

/** More than any client or key has a use for; a longer list would only fill heads. */
const MAX_TAGS = 32

/** What conditions of its own the cache asks the service with. */
export interface ValidationRequest {
  readonly headers: HeaderList
  /** Tags that the client has and the cache does not: a 304 with one of them answers the client, and updates nothing. */
  readonly clientTags: readonly EntityTag[]
}

/**
 * The head of a request that validates stored responses of one key, the selected one first (RFC 9111 section 4.3.1). All of
 * their tags are in it, those of the client too. Its conditions and ranges are left out: they are judged by the answer.
 *
 * `undefined` when nothing stored has a validator; then the client's request goes as it is.
 */
export function validationRequest(
  request: HeaderList,
  stored: readonly Validators[],
): ValidationRequest | undefined {
  const tags = stored.flatMap(({ etag }) => etag ?? [])
  const lastModified = stored[0]?.lastModified
  if (tags.length === 0 && lastModified === undefined) return undefined
  const clientTags =
    tags.length === 0 ? [] : tagsOf(request).filter((tag) => !tags.some((own) => sameTag(own, tag)))
  const headers = withoutConditions(request)
  const all = [...tags, ...clientTags].slice(0, MAX_TAGS)
  if (all.length > 0) headers.set('If-None-Match', [...new Set(all.map(formatEntityTag))].join(', '))
  if (lastModified !== undefined) headers.set('If-Modified-Since', formatHttpDate(lastModified))
  return { headers, clientTags: clientTags.slice(0, Math.max(0, MAX_TAGS - tags.length)) }
}

/** A request for all of a representation, whatever the client has of it. */
export function withoutConditions(request: HeaderList): HeaderList {
  const headers = request.clone()
  for (const name of CONDITIONS) headers.delete(name)
  return headers
}

const CONDITIONS = ['If-None-Match', 'If-Modified-Since', 'If-Range', 'Range']

/**
 * The head of a 304 of a stored response (RFC 9110 section 15.4.5): what describes the content is left out, but for what a
 * client's own cache goes by.
 */
export function notModifiedHead(stored: HeaderList): HeaderList {
  const headers = stored.clone()
  for (const name of OF_CONTENT) headers.delete(name)
  return headers
}

const OF_CONTENT = ['Content-Length', 'Content-Type', 'Content-Encoding', 'Content-Language', 'Content-Range']

function matchesNone(request: HeaderList, { headers, responseTime }: StoredResponse): boolean {
  const tags = parseEntityTags(request.get('if-none-match')!)
  if (tags === undefined) return false
  if (tags === '*') return true
  const { etag } = validatorsOf(headers, responseTime)
  return etag !== undefined && tags.some((tag) => weakMatch(tag, etag))
}

function tagsOf(request: HeaderList): readonly EntityTag[] {
  const field = request.get('if-none-match')
  const tags = field === undefined ? undefined : parseEntityTags(field)
  return tags === undefined || tags === '*' ? [] : tags.slice(0, MAX_TAGS)
}

function sameTag(one: EntityTag, other: EntityTag): boolean {
  return one.weak === other.weak && one.opaque === other.opaque
}
