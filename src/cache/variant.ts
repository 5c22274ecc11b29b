import { type HeaderList, trimWhiteSpace } from '../core/headers.ts'
import { structuredKey } from './cache-key.ts'
import { isToken } from './token.ts'

/** The names of the request fields that a response depends on, in lower case, in order, once each; or on more than fields. */
export type VaryFields = readonly string[] | '*'

/** So many responses of one key are kept: whoever makes up values for a field of `Vary` pushes out no others. */
export const MAX_VARIANTS = 32

/** More names than anyone has a use for: each of them is looked up in each request. */
const MAX_VARY_FIELDS = 32

/**
 * Fields that the proxy itself writes of each client when it passes a request on. What a response depends on then is who the
 * client is, and that is not in the fields that the cache sees.
 */
const OF_THE_CLIENT: ReadonlySet<string> = new Set(['x-forwarded-for', 'forwarded'])

/** Reads `Vary` (RFC 9110 section 12.5.5). What cannot be read, or is too much, counts as `*`: no request matches it. */
export function varyFields(headers: HeaderList): VaryFields {
  if (!headers.has('vary')) return []
  const names = new Set<string>()
  for (const line of headers.getAll('vary')) {
    for (const element of line.split(',')) {
      const name = trimWhiteSpace(element).toLowerCase()
      if (name === '') continue
      if (name === '*' || !isToken(name) || OF_THE_CLIENT.has(name)) return '*'
      names.add(name)
      if (names.size > MAX_VARY_FIELDS) return '*'
    }
  }
  return [...names].sort()
}

/**
 * The fields and what a request has in them: requests with the same key match the same variant (RFC 9111 section 4.1), and
 * variants of different fields never have the same. A field that is not there is something else than one that is empty.
 */
export function variantKey(fields: readonly string[], request: HeaderList): string {
  if (fields.length === 0) return ''
  return structuredKey(fields.flatMap((name) => [name, comparableValue(name, request.get(name))]))
}

/** A stored response as far as the choice between several of one key is concerned. */
export interface Variant {
  readonly fields: VaryFields
  /** What the request that it answered had in these fields. */
  readonly key: string
  /** When it was made, in ms since 1970: see `dateOf`. */
  readonly date: number
  /** When it came. */
  readonly responseTime: number
}

/**
 * The most recent of the stored responses that match a request (RFC 9111 section 4.1). `Date` has whole seconds: of two that
 * were made in the same one, the one that came last.
 */
export function selectVariant<V extends Variant>(variants: Iterable<V>, request: HeaderList): V | undefined {
  let selected: V | undefined
  let fields: readonly string[] = []
  let key = variantKey(fields, request)
  for (const variant of variants) {
    if (variant.fields === '*') continue
    if (!sameNames(variant.fields, fields)) {
      fields = variant.fields
      key = variantKey(fields, request)
    }
    if (variant.key === key && (selected === undefined || isMoreRecent(variant, selected))) selected = variant
  }
  return selected
}

function isMoreRecent(one: Variant, other: Variant): boolean {
  return one.date === other.date ? one.responseTime > other.responseTime : one.date > other.date
}

function sameNames(one: readonly string[], other: readonly string[]): boolean {
  return one === other || (one.length === other.length && one.every((name, i) => name === other[i]))
}

/** Lists of which neither case nor the white space between elements means anything. */
const CASELESS_LISTS: ReadonlySet<string> = new Set(['accept-encoding', 'accept-language', 'accept-charset'])

/** A value in a form in which equal ones that are written differently are the same, for the fields of which that is known. */
function comparableValue(name: string, value: string | undefined): string | undefined {
  if (value === undefined || value.includes('"')) return value
  if (CASELESS_LISTS.has(name)) return value.replaceAll(/[ \t]+/g, '').toLowerCase()
  return name === 'accept' ? value.replaceAll(/[ \t]+/g, '') : value
}
