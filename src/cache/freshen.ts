import { HeaderList } from '../core/headers.ts'
import { strongMatch, weakMatch } from './entity-tag.ts'
import { formatHttpDate } from './http-date.ts'
import { leftOut } from './stored-head.ts'
import type { Validators } from './validators.ts'

/**
 * Fields that an update never changes (RFC 9111 section 3.2): the stored bytes are what they say. `Content-Type` is not among
 * them: the bytes are kept as they came, so it may be corrected.
 */
const BOUND_TO_CONTENT: ReadonlySet<string> = new Set(['content-length', 'content-encoding', 'content-range'])

/** Fields that tell of one message and are wrong beside another's: without them in the update, they are gone. */
const OF_ONE_MESSAGE: ReadonlySet<string> = new Set(['age', 'date'])

/**
 * A stored head brought up to date by a 304, or by the response to HEAD (RFC 9111 section 3.2): each field that the update has
 * takes the place of all stored ones of its name, but for those in `except` (lower case): what is for the client alone, such
 * as `Set-Cookie`. What has become of `Cache-Control` may forbid to keep it: terms and storability are to be worked out anew.
 */
export function freshenedHead(
  stored: HeaderList,
  update: HeaderList,
  responseTime: number,
  except: readonly string[] = [],
): HeaderList {
  const kept = leftOut(update)
  for (const name of except) kept.add(name)
  for (const name of BOUND_TO_CONTENT) kept.add(name)
  const replaced = new Set(OF_ONE_MESSAGE)
  for (const { lower } of update.fields) if (!kept.has(lower)) replaced.add(lower)
  const head = new HeaderList()
  for (const [name, value] of stored) if (!replaced.has(name.toLowerCase())) head.append(name, value)
  for (const [name, value] of update) if (!kept.has(name.toLowerCase())) head.append(name, value)
  if (!head.has('date')) head.set('Date', formatHttpDate(responseTime))
  return head
}

/** A stored response that a 304 may be about. */
export interface Freshenable {
  readonly validators: Validators
  /** When it was made, in ms since 1970: see `dateOf`. */
  readonly date: number
}

/**
 * Which of the stored responses a 304 is about (RFC 9111 section 4.3.4): by a strong tag or date all that have it, by a weak
 * one the most recent that has it. One without validators is about the stored response whose validators alone were sent:
 * `sentClientTags` says that those of the client were sent as well.
 */
export function freshenedBy<F extends Freshenable>(
  update: Validators,
  asked: readonly F[],
  sentClientTags: boolean,
): readonly F[] {
  const { etag, lastModified, lastModifiedIsStrong } = update
  if (etag !== undefined) {
    if (!etag.weak)
      return asked.filter(
        ({ validators }) => validators.etag !== undefined && strongMatch(validators.etag, etag),
      )
    return mostRecent(
      asked.filter(({ validators }) => validators.etag !== undefined && weakMatch(validators.etag, etag)),
    )
  }
  if (lastModified !== undefined) {
    const same = asked.filter(({ validators }) => validators.lastModified === lastModified)
    return lastModifiedIsStrong ? same : mostRecent(same)
  }
  return asked.length === 1 && !sentClientTags ? asked : []
}

/** What the response to HEAD means for a stored response to GET (RFC 9111 section 4.3.5). */
export type HeadUpdate =
  /** It is about the same content, and updates the head. */
  | 'freshen'
  /** The content has changed: what is stored is stale. */
  | 'stale'
  /** It says nothing of it. */
  | 'none'

export function headUpdate(
  stored: { readonly status: number; readonly headers: HeaderList; readonly length: number },
  head: { readonly status: number; readonly headers: HeaderList },
): HeadUpdate {
  if (head.status !== 200) return 'none'
  const { headers } = head
  const differs =
    stored.status !== 200 ||
    VALIDATORS.some((name) => headers.has(name) && headers.get(name) !== stored.headers.get(name)) ||
    (headers.has('content-length') && headers.get('content-length') !== String(stored.length))
  return differs ? 'stale' : 'freshen'
}

const VALIDATORS = ['etag', 'last-modified']

function mostRecent<F extends Freshenable>(all: readonly F[]): readonly F[] {
  let newest: F | undefined
  for (const one of all) if (newest === undefined || one.date >= newest.date) newest = one
  return newest === undefined ? [] : [newest]
}
