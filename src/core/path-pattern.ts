import { invalidOption } from './options.ts'
import { lowerCased, matchingForm, normalizePath } from './path.ts'

/** One segment of a pattern: a text in matching form, or a `:param`. */
export type Segment =
  | { readonly kind: 'static'; readonly text: string }
  | { readonly kind: 'param'; readonly name: string }

/**
 * What a path must look like. Without `exact` and `rest` it is a prefix by segment: `/api` stands for `/api`, `/api/`
 * and `/api/x`, not for `/apix`.
 */
export interface PathPattern {
  readonly segments: readonly Segment[]
  /** Nothing may follow. A trailing slash counts: `/a` is not `/a/`. */
  readonly exact: boolean
  /** Of an exact pattern only. */
  readonly trailingSlash: boolean
  /** The name of the `*` at the end, which stands for one segment or more. */
  readonly rest: string | undefined
}

export const EVERY_PATH: PathPattern = Object.freeze({
  segments: [],
  exact: false,
  trailingSlash: false,
  rest: undefined,
})

const NAME = /^[A-Za-z_]\w*$/

/** Reads a pattern: `/users/:id`, `/files/*`, `/files/*name`. `/` is the prefix of every path. */
export function parsePathPattern(
  owner: string,
  option: string,
  text: string,
  { exact = false, caseSensitive = true }: { exact?: boolean; caseSensitive?: boolean } = {},
): PathPattern {
  const wrong = (expectation: string) => invalidOption(owner, option, expectation, text)
  if (typeof text !== 'string' || !text.startsWith('/')) throw wrong('a path that begins with "/"')
  if (/[?#]/.test(text)) throw wrong('a path without "?" and "#" (use "query" to match the query)')

  const parts = text.slice(1).split('/')
  const trailingSlash = parts.length > 1 && parts.at(-1) === ''
  if (parts.at(-1) === '') parts.pop()

  const segments: Segment[] = []
  const names = new Set<string>()
  const named = (name: string) => {
    if (names.has(name)) throw wrong(`a path that names each parameter once, not ":${name}" twice`)
    names.add(name)
    return name
  }
  let rest: string | undefined
  for (const [i, part] of parts.entries()) {
    if (part.startsWith(':')) {
      const name = part.slice(1)
      if (!NAME.test(name)) {
        throw wrong(
          `a path whose parameters are whole segments such as ":id" (write a colon that begins a segment as "%3A")`,
        )
      }
      segments.push({ kind: 'param', name: named(name) })
    } else if (part.startsWith('*') && i === parts.length - 1 && !trailingSlash) {
      const name = part.slice(1)
      if (name !== '' && !NAME.test(name)) throw wrong('a path whose last segment is "*" or "*name"')
      rest = named(name === '' ? '*' : name)
    } else if (part.includes('*')) {
      throw wrong('a path with "*" as its last segment only (write an asterisk as "%2A")')
    } else {
      segments.push({ kind: 'static', text: staticText(part, caseSensitive, wrong) })
    }
  }
  if (exact && rest !== undefined) throw wrong('a path without "*" where "exact" is set')
  return { segments, exact, trailingSlash: exact && trailingSlash, rest }
}

function staticText(part: string, caseSensitive: boolean, wrong: (expectation: string) => Error): string {
  let encoded: string | undefined
  try {
    encoded = normalizePath(`/${part.replace(/[^\x21-\x7e]+/g, encodeURIComponent)}`)
  } catch {
    // A lone surrogate.
  }
  // An empty or dot segment and what `normalizePath` refuses stand in no path that reaches the router.
  if (encoded === undefined || encoded === '/') {
    throw wrong(
      'a path that a normalized request can have: no empty or dot segments, no backslash, no broken "%"',
    )
  }
  const form = matchingForm(encoded.slice(1))
  return caseSensitive ? form : lowerCased(form)
}

/** The pattern of what `inner` stands for below `outer`. */
export function joinPathPatterns(
  owner: string,
  option: string,
  outer: PathPattern,
  inner: PathPattern,
): PathPattern {
  const joined = { ...inner, segments: [...outer.segments, ...inner.segments] }
  const names = pathParams(joined).map(({ name }) => name)
  if (new Set(names).size < names.length) {
    throw invalidOption(owner, option, 'a path that names each parameter once', pathPatternText(joined))
  }
  return joined
}

/** Where a parameter stands: the number of its segment. */
export interface PathParam {
  readonly name: string
  readonly segment: number
  readonly rest: boolean
}

export function pathParams({ segments, rest }: PathPattern): PathParam[] {
  const params: PathParam[] = []
  for (const [i, segment] of segments.entries()) {
    if (segment.kind === 'param') params.push({ name: segment.name, segment: i, rest: false })
  }
  if (rest !== undefined) params.push({ name: rest, segment: segments.length, rest: true })
  return params
}

export function pathPatternText({ segments, rest, trailingSlash }: PathPattern): string {
  const parts = segments.map((segment) => (segment.kind === 'static' ? segment.text : `:${segment.name}`))
  if (rest !== undefined) parts.push(rest === '*' ? '*' : `*${rest}`)
  return `/${parts.join('/')}${trailingSlash ? '/' : ''}`
}

/** Whether a path in matching form fits. The slow way, for conditions and explanations; the tree is the fast one. */
export function pathFits(pattern: PathPattern, path: string): boolean {
  const { segments, exact, trailingSlash, rest } = pattern
  if (path === '*') return segments.length === 0 && !exact && rest === undefined
  let at = 0
  for (const segment of segments) {
    if (path.charCodeAt(at) !== 0x2f) return false
    const start = at + 1
    at = segmentEnd(path, start)
    if (segment.kind === 'param') {
      if (at === start) return false
    } else if (at - start !== segment.text.length || !path.startsWith(segment.text, start)) {
      return false
    }
  }
  if (rest !== undefined) return path.length > at + 1
  if (!exact) return at === path.length || path.charCodeAt(at) === 0x2f
  const slash = trailingSlash || segments.length === 0 ? 1 : 0
  return path.length === at + slash
}

/** Whether a pattern matches a path as it stands in a request, in whatever form. */
export function matchesPath(
  pattern: PathPattern,
  path: string,
  { caseSensitive }: { caseSensitive: boolean },
): boolean {
  const form = matchingForm(path)
  return pathFits(pattern, caseSensitive ? form : lowerCased(form))
}

/** Where the first `count` segments of a path end. */
export function segmentsEnd(path: string, count: number): number {
  let end = 0
  for (let i = 0; i < count; i++) end = segmentEnd(path, end + 1)
  return end
}

function segmentEnd(path: string, start: number): number {
  const end = path.indexOf('/', start)
  return end < 0 ? path.length : end
}

/** Values of the parameters, as they stand in the path. The pattern has matched it. */
export function rawParams(params: readonly PathParam[], path: string, into: Record<string, string>): void {
  let start = 1
  let segment = 0
  for (const param of params) {
    for (; segment < param.segment; segment++) start = segmentEnd(path, start) + 1
    into[param.name] = path.slice(start, param.rest ? path.length : segmentEnd(path, start))
  }
}

/** A record without anything inherited, so that a parameter may be called `__proto__` or `constructor`. */
export function newParams(): Record<string, string> {
  return new Params()
}

/** Ten times as fast as `Object.create(null)`, which makes a hash table each time. */
const Params = function Params() {} as unknown as new () => Record<string, string>
Params.prototype = Object.freeze(Object.create(null))
