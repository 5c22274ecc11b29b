import { type HeaderList, listHasToken } from '../../core/headers.ts'
import type { ResponseMessage } from '../../core/message.ts'

/**
 * Whether a response may go to others than the one whose request was sent: one that says it is for a single client, or that is
 * not to be kept at all (RFC 9111 section 4), may not; nor may a stream without an end, or one that is too long to be kept for
 * whoever reads it slowly.
 */
export function isShareable({ headers, body, tunnel }: ResponseMessage, bufferBytes: number): boolean {
  if (tunnel !== undefined || headers.has('set-cookie')) return false
  const control = headers.get('cache-control')?.toLowerCase() ?? ''
  // `private="X-A"` is for a single client in part.
  if (listHasToken(control, 'no-store') || /(?:^|[\t ,])private(?:$|[\t ,=])/.test(control)) return false
  if (/^text\/event-stream\b/i.test(headers.get('content-type') ?? '')) return false
  return body.length === undefined || body.length <= bufferBytes
}

/** Whether a response depends on a field in which two requests differ. */
export function variesBetween(
  vary: readonly string[],
  one: HeaderList,
  other: HeaderList,
  same: ReadonlySet<string>,
): boolean {
  for (const name of vary.flatMap((line) => line.toLowerCase().split(','))) {
    const field = name.trim()
    if (field === '*') return true
    if (field !== '' && !same.has(field) && !sameLines(one.getAll(field), other.getAll(field))) return true
  }
  return false
}

function sameLines(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((it, i) => it === other[i])
}
