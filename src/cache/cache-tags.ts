import type { HeaderList } from '../core/headers.ts'

/** Tags that a response may have, and how many characters each. */
export const MAX_TAGS = 1_000
const MAX_TAG_LENGTH = 1_024

export const DEFAULT_TAG_FIELDS: readonly string[] = ['Surrogate-Key', 'Cache-Tag']

const SEPARATORS = /[ \t,]+/

/**
 * The tags of a response, once each: what stands between spaces and commas in these fields. `undefined` for more or longer ones
 * than are kept: what cannot be purged by each of its tags must not be stored.
 */
export function tagsOf(headers: HeaderList, fields: readonly string[]): readonly string[] | undefined {
  let tags: Set<string> | undefined
  for (const field of fields) {
    if (!headers.has(field)) continue
    tags ??= new Set()
    for (const line of headers.getAll(field)) {
      for (const tag of line.split(SEPARATORS)) {
        if (tag === '') continue
        if (tag.length > MAX_TAG_LENGTH) return undefined
        tags.add(tag)
      }
      if (tags.size > MAX_TAGS) return undefined
    }
  }
  return tags === undefined || tags.size === 0 ? NO_TAGS : [...tags]
}

const NO_TAGS: readonly string[] = Object.freeze([])

/** A tag as it stands in a field: each octet of its UTF-8 a character. */
export function tagText(tag: string): string {
  return Buffer.from(tag, 'utf8').toString('latin1')
}

/** Whether a response can have this tag. */
export function isTag(text: string): boolean {
  return text.length <= MAX_TAG_LENGTH && /^[!-+\--~\u0080-\u00ff]+$/.test(text)
}
