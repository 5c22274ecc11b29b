import type { HeaderList } from '../core/headers.ts'
import { dateOf } from './age.ts'
import { type EntityTag, parseEntityTag, strongMatch } from './entity-tag.ts'
import { parseHttpDate } from './http-date.ts'
import { singleValue } from './single-value.ts'

/** What a response can be compared by. */
export interface Validators {
  readonly etag: EntityTag | undefined
  /** In ms since 1970. */
  readonly lastModified: number | undefined
  /** Whether nothing can have changed within the second of `lastModified` (RFC 9110 section 8.8.2.2). */
  readonly lastModifiedIsStrong: boolean
}

export function validatorsOf(headers: HeaderList, responseTime: number): Validators {
  const etag = parseEntityTag(singleValue(headers, 'etag'))
  const field = singleValue(headers, 'last-modified')
  const lastModified = field === undefined ? undefined : parseHttpDate(field, responseTime)
  const lastModifiedIsStrong =
    lastModified !== undefined && headers.has('date') && dateOf(headers, responseTime) - lastModified >= 1_000
  return { etag, lastModified, lastModifiedIsStrong }
}

/** Whether two responses are surely of the same bytes: by their tags, else by their dates (RFC 9110 section 8.8.1). */
export function sameStrongValidator(one: Validators, other: Validators): boolean {
  if (one.etag !== undefined && other.etag !== undefined) return strongMatch(one.etag, other.etag)
  if (one.etag !== undefined || other.etag !== undefined) return false
  const strong = one.lastModifiedIsStrong && other.lastModifiedIsStrong
  return strong && one.lastModified === other.lastModified
}
