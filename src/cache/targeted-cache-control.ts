import type { HeaderList } from '../core/headers.ts'
import {
  fieldNames,
  noResponseDirectives,
  type ResponseDirectives,
  responseDirectives,
} from './cache-control.ts'
import { MAX_DELTA_SECONDS } from './delta-seconds.ts'
import { type DictionaryMember, parseDictionary } from './structured-field.ts'

/** What of a response's directives is meant for this cache. */
export interface EffectiveDirectives {
  readonly directives: ResponseDirectives
  /** The targeted field, in lower case, that they come from: `Cache-Control` and `Expires` say nothing then. */
  readonly target: string | undefined
}

/** The fields that are meant for this cache, in lower case, the most specific first. */
export const DEFAULT_TARGETS: readonly string[] = ['cdn-cache-control']

/**
 * The directives of the first targeted field (RFC 9213) that is there, well formed and not empty; else those of
 * `Cache-Control`. A field in which a known directive has a value of the wrong type is malformed as a whole.
 */
export function effectiveDirectives(
  headers: HeaderList,
  targets: readonly string[] = DEFAULT_TARGETS,
): EffectiveDirectives {
  for (const target of targets) {
    const field = headers.get(target)
    const members = field === undefined ? undefined : parseDictionary(field)
    if (members === undefined || members.size === 0) continue
    const directives = directivesOf(members)
    if (directives !== undefined) return { directives, target }
  }
  return { directives: responseDirectives(headers), target: undefined }
}

type Flag = 'noStore' | 'public' | 'mustRevalidate' | 'proxyRevalidate' | 'mustUnderstand' | 'immutable'
type Time = 'maxAge' | 'sMaxage' | 'staleWhileRevalidate' | 'staleIfError'
type Scope = 'noCache' | 'private'

const FLAGS: ReadonlyMap<string, Flag> = new Map([
  ['no-store', 'noStore'],
  ['public', 'public'],
  ['must-revalidate', 'mustRevalidate'],
  ['proxy-revalidate', 'proxyRevalidate'],
  ['must-understand', 'mustUnderstand'],
  ['immutable', 'immutable'],
])
const TIMES: ReadonlyMap<string, Time> = new Map([
  ['max-age', 'maxAge'],
  ['s-maxage', 'sMaxage'],
  ['stale-while-revalidate', 'staleWhileRevalidate'],
  ['stale-if-error', 'staleIfError'],
])
const SCOPES: ReadonlyMap<string, Scope> = new Map([
  ['no-cache', 'noCache'],
  ['private', 'private'],
])

function directivesOf(members: ReadonlyMap<string, DictionaryMember>): ResponseDirectives | undefined {
  const found = noResponseDirectives()
  for (const [key, member] of members) {
    const flag = FLAGS.get(key)
    if (flag !== undefined) {
      if (member.kind !== 'boolean') return undefined
      found[flag] = member.value
    }
    const time = TIMES.get(key)
    if (time !== undefined) {
      if (member.kind !== 'integer' || member.value < 0) return undefined
      found[time] = Math.min(member.value, MAX_DELTA_SECONDS)
    }
    const scope = SCOPES.get(key)
    if (scope !== undefined) {
      if (member.kind !== 'boolean' && member.kind !== 'string' && member.kind !== 'token') return undefined
      found[scope] = member.kind === 'boolean' ? (member.value ? 'all' : undefined) : fieldNames(member.value)
    }
  }
  return found
}
