import { invalidOption, knownOptions } from '../core/options.ts'
import { isTag, MAX_TAGS, tagText } from './cache-tags.ts'
import { type PurgeSubject, patternSubject, resourceName } from './purge-subject.ts'
import { resourceOfUrl } from './resource-of-url.ts'

/** What to purge. */
export type PurgeSelector =
  /** All that is stored of one URL: each method, each variant, and whatever the option `key` adds. */
  | { readonly url: string }
  /** Each response that was stored with this tag: see the option `tagFields`. */
  | { readonly tag: string }
  /** Each response that has one of these tags. */
  | { readonly tags: readonly string[] }
  /**
   * Each response whose URL matches: the path as in a route (`/images/*`, `/users/:id/avatar`; without `*` it is a prefix by
   * segment), the host by its name (with a port: that port alone) or `*.example.com`. Without a host: of any.
   */
  | { readonly pattern: { readonly host?: string; readonly path: string } }
  | { readonly everything: true }

const OWNER = 'cache.purge'
/** The members of which a selector has one. */
export const SELECTORS = ['url', 'tag', 'tags', 'pattern', 'everything'] as const

/** @throws `ERR_OPTION_INVALID` for what selects nothing that could be stored, or more than one thing. */
export function purgeSubjects(what: PurgeSelector): readonly PurgeSubject[] {
  knownOptions(OWNER, what, SELECTORS)
  const given = SELECTORS.filter((name) => name in what)
  if (given.length !== 1) {
    const expectation = `an object with exactly one of ${SELECTORS.join(', ')}`
    throw invalidOption(OWNER, 'what', expectation, given.join(' and ') || 'none')
  }
  if ('url' in what) return [{ kind: 'url', name: resourceName(resourceOfUrl(OWNER, what.url)) }]
  if ('tag' in what) return [tagSubject('tag', what.tag)]
  if ('tags' in what) {
    const { tags } = what
    if (!Array.isArray(tags) || tags.length === 0 || tags.length > MAX_TAGS)
      throw invalidOption(OWNER, 'tags', `a list of 1 to ${MAX_TAGS} tags`, tags)
    return [...new Set<string>(tags)].map((tag) => tagSubject('tags', tag))
  }
  if ('pattern' in what) {
    knownOptions(OWNER, what.pattern, ['host', 'path'])
    return [patternSubject(what.pattern.host, what.pattern.path)]
  }
  if (what.everything !== true) throw invalidOption(OWNER, 'everything', 'true', what.everything)
  return [{ kind: 'everything' }]
}

function tagSubject(option: string, tag: string): PurgeSubject {
  const text = typeof tag === 'string' ? tagText(tag) : ''
  if (!isTag(text))
    throw invalidOption(OWNER, option, 'a tag: a text without spaces, commas and control characters', tag)
  return { kind: 'tag', tag: text }
}
