import { matchAt } from './match-at.ts'

/** RFC 9110 section 8.8.3. */
export interface EntityTag {
  readonly weak: boolean
  /** With its quotes. */
  readonly opaque: string
}

const TAG = /(W\/)?("[\x21\x23-\x7e\x80-\xff]*")/y
const SEPARATOR = /[ \t]*(?:,[ \t]*)+/y

/** The value of `ETag`; `undefined` for what is none. */
export function parseEntityTag(value: string | undefined): EntityTag | undefined {
  if (value === undefined) return undefined
  const tag = tagAt(value, 0)
  return tag !== undefined && TAG.lastIndex === value.length ? tag : undefined
}

/**
 * The tags of `If-None-Match` or `If-Match`, or `*`; `undefined` where anything in it is malformed: nothing can be said to
 * match then.
 */
export function parseEntityTags(value: string): readonly EntityTag[] | '*' | undefined {
  if (value === '*') return '*'
  const tags: EntityTag[] = []
  let at = matchAt(SEPARATOR, value, 0)?.[0].length ?? 0
  while (at < value.length) {
    const tag = tagAt(value, at)
    if (tag === undefined) return undefined
    tags.push(tag)
    at = TAG.lastIndex
    if (at === value.length) break
    const separator = matchAt(SEPARATOR, value, at)
    if (separator === undefined) return undefined
    at += separator[0].length
  }
  return tags
}

export function formatEntityTag({ weak, opaque }: EntityTag): string {
  return weak ? `W/${opaque}` : opaque
}

/** RFC 9110 section 8.8.3.2: the same bytes. */
export function strongMatch(one: EntityTag, other: EntityTag): boolean {
  return !one.weak && !other.weak && one.opaque === other.opaque
}

/** RFC 9110 section 8.8.3.2: the same for most uses. */
export function weakMatch(one: EntityTag, other: EntityTag): boolean {
  return one.opaque === other.opaque
}

function tagAt(value: string, at: number): EntityTag | undefined {
  const found = matchAt(TAG, value, at)
  return found === undefined ? undefined : { weak: found[1] !== undefined, opaque: found[2]! }
}
