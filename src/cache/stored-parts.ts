import type { HeaderList } from '../core/headers.ts'
import { type ByteRange, type ContentRange, parseContentRange } from './content-range.ts'
import { singleValue } from './single-value.ts'
import { sameStrongValidator, type Validators } from './validators.ts'

/** Which bytes of a representation are stored: in order, and never two that touch. */
export type StoredParts = readonly ByteRange[]

/** More pieces than this are not kept track of: a client that asks for every other byte would make a million. */
const MAX_PARTS = 64

/** The parts with one more; `undefined` where that would be too many pieces, so that it is not stored. */
export function withPart(parts: StoredParts, part: ByteRange): StoredParts | undefined {
  let { first, last } = part
  const before: ByteRange[] = []
  const after: ByteRange[] = []
  for (const one of parts) {
    if (one.last + 1 < first) before.push(one)
    else if (one.first > last + 1) after.push(one)
    else {
      first = Math.min(first, one.first)
      last = Math.max(last, one.last)
    }
  }
  const joined = [...before, { first, last }, ...after]
  return joined.length > MAX_PARTS ? undefined : joined
}

/** What of a range is not stored. */
export function missingFrom(parts: StoredParts, { first, last }: ByteRange): readonly ByteRange[] {
  const missing: ByteRange[] = []
  let at = first
  for (const part of parts) {
    if (part.last < at) continue
    if (part.first > last) break
    if (part.first > at) missing.push({ first: at, last: part.first - 1 })
    at = part.last + 1
  }
  if (at <= last) missing.push({ first: at, last })
  return missing
}

/** Whether all of a representation is stored, so that it answers as a 200 would (RFC 9111 section 3.3). */
export function isWhole(parts: StoredParts, size: number): boolean {
  return size === 0 || missingFrom(parts, { first: 0, last: size - 1 }).length === 0
}

/**
 * Whether a part that came now belongs to what is stored (RFC 9111 section 3.4): both have the same strong validator, and
 * nothing is known of the sizes that would contradict.
 */
export function isPartOf(
  stored: { readonly validators: Validators; readonly size: number | undefined },
  part: { readonly validators: Validators; readonly range: ContentRange },
): boolean {
  const { size, last } = part.range
  const fits = stored.size === undefined || (size === undefined ? last < stored.size : size === stored.size)
  return fits && sameStrongValidator(stored.validators, part.validators)
}

const LENGTH = /^\d{1,16}$/

/**
 * The part that is left of a response whose body broke off after so many bytes (RFC 9111 section 3.3), of a 200 or a 206;
 * `undefined` where it is of no use: nothing came, the size is not known, or it is another kind of response.
 */
export function brokenOffPart(
  response: { readonly status: number; readonly headers: HeaderList },
  receivedBytes: number,
): ContentRange | undefined {
  const whole =
    response.status === 206 ? parseContentRange(response.headers.get('content-range')) : wholeOf(response)
  if (whole === undefined || receivedBytes <= 0) return undefined
  return { ...whole, last: Math.min(whole.first + receivedBytes - 1, whole.last) }
}

function wholeOf({ status, headers }: { readonly status: number; readonly headers: HeaderList }) {
  const field = singleValue(headers, 'content-length')
  const size = field !== undefined && LENGTH.test(field) ? Number(field) : 0
  return status === 200 && size > 0 && Number.isSafeInteger(size)
    ? { first: 0, last: size - 1, size }
    : undefined
}

/** `Range` of a request for what is missing. Up to the end it needs no number. */
export function formatRange({ first, last }: ByteRange, size: number | undefined): string {
  return size !== undefined && last >= size - 1 ? `bytes=${first}-` : `bytes=${first}-${last}`
}
