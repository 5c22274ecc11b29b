import { type HeaderList, trimWhiteSpace } from '../core/headers.ts'
import { parseDeltaSeconds } from './delta-seconds.ts'
import { matchAt } from './match-at.ts'
import { isToken } from './token.ts'

/** Which fields a `no-cache` or `private` is about: all of the response, or those of these lower-case names. */
export type FieldScope = 'all' | readonly string[]

/**
 * What a response's `Cache-Control` says to a shared cache. Times are in seconds; one that is there and makes no sense, or
 * is there twice with different values, is 0: the response is stale (RFC 9111 section 4.2.1).
 */
export interface ResponseDirectives {
  noStore: boolean
  noCache: FieldScope | undefined
  private: FieldScope | undefined
  public: boolean
  mustRevalidate: boolean
  proxyRevalidate: boolean
  mustUnderstand: boolean
  immutable: boolean
  maxAge: number | undefined
  sMaxage: number | undefined
  staleWhileRevalidate: number | undefined
  staleIfError: number | undefined
}

/** What a request's `Cache-Control` asks for, in seconds. `maxStale` is `Infinity` where it names no limit. */
export interface RequestDirectives {
  readonly noStore: boolean
  readonly noCache: boolean
  readonly onlyIfCached: boolean
  readonly maxAge: number | undefined
  readonly maxStale: number | undefined
  readonly minFresh: number | undefined
  readonly staleIfError: number | undefined
}

const NO_REQUEST_DIRECTIVES: RequestDirectives = Object.freeze({
  noStore: false,
  noCache: false,
  onlyIfCached: false,
  maxAge: undefined,
  maxStale: undefined,
  minFresh: undefined,
  staleIfError: undefined,
})

/** A response that says nothing. */
export function noResponseDirectives(): ResponseDirectives {
  return {
    noStore: false,
    noCache: undefined,
    private: undefined,
    public: false,
    mustRevalidate: false,
    proxyRevalidate: false,
    mustUnderstand: false,
    immutable: false,
    maxAge: undefined,
    sMaxage: undefined,
    staleWhileRevalidate: undefined,
    staleIfError: undefined,
  }
}

/**
 * Reads the `Cache-Control` of a response. What forbids counts in whatever form it comes; what allows counts only when it
 * is well formed. Names are compared without case; unknown directives are passed over.
 */
export function responseDirectives(headers: HeaderList): ResponseDirectives {
  const found = noResponseDirectives()
  for (const line of headers.getAll('cache-control')) {
    eachDirective(line, (name, argument) => {
      switch (name) {
        case 'no-store':
          found.noStore = true
          break
        case 'no-cache':
          found.noCache = widened(found.noCache, fieldScope(argument))
          break
        case 'private':
          found.private = widened(found.private, fieldScope(argument))
          break
        case 'must-revalidate':
          found.mustRevalidate = true
          break
        case 'proxy-revalidate':
          found.proxyRevalidate = true
          break
        case 'must-understand':
          found.mustUnderstand = true
          break
        case 'public':
          if (argument === undefined) found.public = true
          break
        case 'immutable':
          // RFC 8246 section 2: arguments have no meaning.
          if (argument !== MALFORMED) found.immutable = true
          break
        case 'max-age':
          found.maxAge = lifetime(found.maxAge, argument)
          break
        case 's-maxage':
          found.sMaxage = lifetime(found.sMaxage, argument)
          break
        case 'stale-while-revalidate':
          found.staleWhileRevalidate = lifetime(found.staleWhileRevalidate, argument)
          break
        case 'stale-if-error':
          found.staleIfError = lifetime(found.staleIfError, argument)
          break
      }
    })
  }
  return found
}

/**
 * Reads the `Cache-Control` of a request. Without one, `Pragma: no-cache` says `no-cache` (RFC 9111 section 5.4). Of limits
 * that are there twice, the stricter one counts; one that makes no sense is the strictest there is.
 */
export function requestDirectives(headers: HeaderList): RequestDirectives {
  if (!headers.has('cache-control')) {
    if (!headers.has('pragma') || !saysNoCache(headers.getAll('pragma'))) return NO_REQUEST_DIRECTIVES
    return { ...NO_REQUEST_DIRECTIVES, noCache: true }
  }
  const found = { ...NO_REQUEST_DIRECTIVES } as {
    -readonly [K in keyof RequestDirectives]: RequestDirectives[K]
  }
  for (const line of headers.getAll('cache-control')) {
    eachDirective(line, (name, argument) => {
      switch (name) {
        case 'no-store':
          found.noStore = true
          break
        case 'no-cache':
          found.noCache = true
          break
        case 'only-if-cached':
          found.onlyIfCached = true
          break
        case 'max-age':
          found.maxAge = Math.min(found.maxAge ?? Number.POSITIVE_INFINITY, seconds(argument) ?? 0)
          break
        case 'min-fresh':
          found.minFresh = Math.max(found.minFresh ?? 0, seconds(argument) ?? Number.POSITIVE_INFINITY)
          break
        case 'max-stale': {
          const most = argument === undefined ? Number.POSITIVE_INFINITY : (seconds(argument) ?? 0)
          found.maxStale = Math.min(found.maxStale ?? Number.POSITIVE_INFINITY, most)
          break
        }
        case 'stale-if-error':
          found.staleIfError = Math.min(
            found.staleIfError ?? Number.POSITIVE_INFINITY,
            seconds(argument) ?? 0,
          )
          break
      }
    })
  }
  return found
}

/** An argument that cannot be read: of a form that the grammar does not have, or behind a quote that never ends. */
const MALFORMED = Symbol('malformed')
type Argument = string | typeof MALFORMED | undefined

const TOKEN = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y
const QUOTED = /"((?:[^"\\]|\\.)*)"/sy
const ARGUMENT_END = /[ \t]*(?:,|$)/y

/**
 * Visits the directives of one line, names in lower case. A quoted string is one argument, whatever stands in it. What is not
 * of the grammar is gone through word by word up to the next comma, or where a quote never ends up to the end, so that
 * nothing that forbids can hide there; all arguments in it are malformed.
 */
function eachDirective(line: string, visit: (name: string, argument: Argument) => void): void {
  let at = 0
  let malformed = false
  let openQuote = false
  while (at < line.length) {
    const name = matchAt(TOKEN, line, at)?.[0]
    if (name === undefined) {
      if (line[at] === ',') malformed = openQuote
      else if (line[at] !== ' ' && line[at] !== '\t') malformed = true
      at++
      continue
    }
    at += name.length
    let argument: Argument
    if (line[at] === '=') {
      at++
      const quoted = line[at] === '"' ? matchAt(QUOTED, line, at) : undefined
      const token = quoted === undefined ? matchAt(TOKEN, line, at)?.[0] : undefined
      if (line[at] === '"' && quoted === undefined) openQuote = true
      argument = quoted === undefined ? (token ?? MALFORMED) : quoted[1]!.replaceAll(/\\(.)/gs, '$1')
      at += (quoted?.[0] ?? token ?? '').length
    }
    const end = matchAt(ARGUMENT_END, line, at)
    malformed ||= end === undefined
    visit(name.toLowerCase(), malformed ? MALFORMED : argument)
    if (end !== undefined) {
      malformed = openQuote
      at += end[0].length
    }
  }
}

function seconds(argument: Argument): number | undefined {
  return typeof argument === 'string' ? parseDeltaSeconds(argument) : undefined
}

function lifetime(before: number | undefined, argument: Argument): number {
  const value = seconds(argument) ?? 0
  return before === undefined || before === value ? value : 0
}

function fieldScope(argument: Argument): FieldScope {
  return typeof argument === 'string' ? fieldNames(argument) : 'all'
}

/** The lower-case names of a list; everything, where one of them is none. */
export function fieldNames(list: string): FieldScope {
  const names = list
    .split(',')
    .map((name) => trimWhiteSpace(name).toLowerCase())
    .filter((name) => name !== '')
  return names.length > 0 && names.every(isToken) ? names : 'all'
}

function widened(before: FieldScope | undefined, scope: FieldScope): FieldScope {
  if (before === undefined) return scope
  return before === 'all' || scope === 'all' ? 'all' : [...new Set([...before, ...scope])]
}

function saysNoCache(lines: readonly string[]): boolean {
  let found = false
  for (const line of lines) {
    eachDirective(line, (name) => {
      if (name === 'no-cache') found = true
    })
  }
  return found
}
