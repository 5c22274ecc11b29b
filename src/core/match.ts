import {
  type Condition,
  cookieCondition,
  headerCondition,
  predicateCondition,
  queryCondition,
} from './condition.ts'
import type { Client, Exchange } from './exchange.ts'
import { type HostPattern, hostMatches, hostPatternText, parseHostPattern } from './host-pattern.ts'
import type { RequestMessage } from './message.ts'
import { invalidOption, knownOptions, type OptionError } from './options.ts'
import {
  EVERY_PATH,
  joinPathPatterns,
  type PathPattern,
  parsePathPattern,
  pathFits,
  pathPatternText,
} from './path-pattern.ts'

/** Decides by anything that stands in the request. Synchronous. Cannot be compared, so it never makes another route unreachable. */
export type MatchPredicate = (request: RequestMessage, client: Client) => boolean

/** What a value must be: equal, matched by an expression, or `true` for just being there. */
export type ValueMatch = string | RegExp | true

export interface MatchObject {
  /** `/api`, `/users/:id`, `/files/*`: a prefix by segment. Default: every path. */
  path?: string
  /** Nothing may follow `path`. Default `false`. */
  exact?: boolean
  /** `api.example.com`, `*.example.com` (one label or more), with `:port` where the port matters. */
  host?: string
  /** `GET` stands for `HEAD` too. */
  methods?: readonly string[]
  /** All of them. Of a field on several lines, one line must match. */
  headers?: Readonly<Record<string, ValueMatch>>
  /** All of them, form-decoded. Of a name that stands there several times, one value must match. */
  query?: Readonly<Record<string, ValueMatch>>
  /** All of them, not decoded. Of a name that stands there several times, one value must match. */
  cookies?: Readonly<Record<string, ValueMatch>>
}

/** What a route is for: `'/api'`, `'GET /users/:id'`, `'*.example.com/'`, an object, a predicate, or a combination. */
export type Match = string | MatchObject | MatchPredicate | CombinedMatch

type Combination =
  | { readonly kind: 'all' | 'any'; readonly matches: readonly Match[] }
  | { readonly kind: 'not'; readonly match: Match }
  | { readonly kind: 'within'; readonly outer: string | MatchObject; readonly match: Match }

/** What `all`, `any` and `not` make. */
export class CombinedMatch {
  /** @internal */
  readonly combination: Combination

  /** @internal */
  constructor(combination: Combination) {
    this.combination = combination
  }
}

/** Matches what every one of `matches` does. Only one of them may name a path, only one a host. */
export function all(...matches: readonly Match[]): CombinedMatch {
  if (matches.length === 0) throw invalidOption('all', 'matches', 'one match or more', matches)
  return new CombinedMatch({ kind: 'all', matches })
}

/** Matches what at least one of `matches` does. Each counts with its own specificity. */
export function any(...matches: readonly Match[]): CombinedMatch {
  if (matches.length === 0) throw invalidOption('any', 'matches', 'one match or more', matches)
  return new CombinedMatch({ kind: 'any', matches })
}

/** Matches what `match` does not. Counts as one condition; a method in it makes no 405. */
export function not(match: Match): CombinedMatch {
  return new CombinedMatch({ kind: 'not', match })
}

/** @internal `match` below a prefix: its paths are joined to the path of `outer`, the rest of `outer` must match too. */
export function within(outer: string | MatchObject, match: Match): CombinedMatch {
  return new CombinedMatch({ kind: 'within', outer, match })
}

/**
 * @internal One way to match. A `Match` is expanded to a list of these, of which one must match: the router places
 * each of them in its tree by host and path.
 */
export interface Branch {
  readonly host: HostPattern | undefined
  readonly path: PathPattern
  /** `GET` has brought `HEAD` with it. */
  readonly methods: readonly string[] | undefined
  readonly conditions: readonly Condition[]
}

interface Draft extends Omit<Branch, 'path'> {
  readonly path: PathPattern | undefined
}

interface Context {
  readonly caseSensitive: boolean
  /** What paths are joined to. */
  readonly base: PathPattern
}

const OWNER = 'route'
const MAX_BRANCHES = 256

/** @internal The ways to match. Empty when nothing can. Throws `ERR_OPTION_INVALID`. */
export function expandMatch(
  match: Match,
  { caseSensitive = true }: { caseSensitive?: boolean } = {},
): Branch[] {
  return branchesOf(match, { caseSensitive, base: EVERY_PATH })
}

function branchesOf(match: Match, context: Context): Branch[] {
  return expand(match, context).map((draft) => ({ ...draft, path: draft.path ?? context.base }))
}

function expand(match: Match, context: Context): Draft[] {
  if (typeof match === 'string') return [objectDraft(parseString(match), context)]
  if (typeof match === 'function') return [{ ...ANYTHING, conditions: [predicateCondition(match)] }]
  if (match instanceof CombinedMatch) return expandCombination(match.combination, context)
  if (typeof match !== 'object' || match === null || Array.isArray(match)) {
    throw invalidOption(
      OWNER,
      'match',
      'a string, an object, a function, all(...), any(...) or not(...)',
      match,
    )
  }
  return [objectDraft(match as MatchObject, context)]
}

const ANYTHING: Draft = { host: undefined, path: undefined, methods: undefined, conditions: [] }

function expandCombination(combination: Combination, context: Context): Draft[] {
  switch (combination.kind) {
    case 'any':
      return bounded(combination.matches.flatMap((match) => expand(match, context)))
    case 'all':
      return combination.matches
        .map((match) => expand(match, context))
        .reduce((some, others) =>
          bounded(some.flatMap((one) => others.map((other) => conjoin(one, other)).filter(possible))),
        )
    case 'not':
      return [{ ...ANYTHING, conditions: [notCondition(branchesOf(combination.match, context))] }]
    case 'within': {
      const outer = objectDraft(
        typeof combination.outer === 'string' ? parseString(combination.outer) : combination.outer,
        context,
      )
      const base = outer.path ?? context.base
      if (base.exact || base.rest !== undefined) {
        throw invalidOption(OWNER, 'prefix', 'a path that others can be joined to', pathPatternText(base))
      }
      return expand(combination.match, { ...context, base })
        .map((inner) => conjoin({ ...outer, path: undefined }, { ...inner, path: inner.path ?? base }))
        .filter(possible)
    }
  }
}

function bounded(drafts: Draft[]): Draft[] {
  if (drafts.length <= MAX_BRANCHES) return drafts
  throw invalidOption(OWNER, 'match', `a match of at most ${MAX_BRANCHES} alternatives`, drafts)
}

function conjoin(one: Draft, other: Draft): Draft {
  if (one.path !== undefined && other.path !== undefined) throw twice('path', pathPatternText(other.path))
  if (one.host !== undefined && other.host !== undefined) throw twice('host', hostPatternText(other.host))
  return {
    host: one.host ?? other.host,
    path: one.path ?? other.path,
    methods:
      one.methods === undefined || other.methods === undefined
        ? (one.methods ?? other.methods)
        : one.methods.filter((method) => other.methods!.includes(method)),
    conditions: distinct([...one.conditions, ...other.conditions]),
  }
}

function twice(option: string, value: string): OptionError {
  return invalidOption('all', option, 'given by one match only (others can be put into not(...))', value)
}

function possible({ methods }: Draft): boolean {
  return methods === undefined || methods.length > 0
}

/** The same condition twice is one, so that it does not count twice. */
function distinct(conditions: readonly Condition[]): Condition[] {
  const keys = new Set<string>()
  return conditions.filter(({ key }) => {
    if (key === undefined) return true
    if (keys.has(key)) return false
    keys.add(key)
    return true
  })
}

function notCondition(branches: readonly Branch[]): Condition {
  const keys = branches.map(branchKey)
  return {
    key: keys.includes(undefined) ? undefined : JSON.stringify(['not', sorted(keys)]),
    text: `not (${branches.map(branchText).join(' or ')})`,
    test: (exchange, path) => !branches.some((branch) => mismatch(branch, exchange, path) === undefined),
  }
}

function branchKey({ host, path, methods, conditions }: Branch): string | undefined {
  const keys = conditions.map(({ key }) => key)
  if (keys.includes(undefined)) return undefined
  const shape = { ...path, segments: path.segments.map((it) => (it.kind === 'static' ? [it.text] : [])) }
  const wildcard = path.rest !== undefined
  return JSON.stringify([host, { ...shape, rest: wildcard }, methods && sorted(methods), sorted(keys)])
}

function sorted(keys: readonly (string | undefined)[]): string[] {
  return keys
    .filter((key) => key !== undefined)
    .sort((one, other) => (one < other ? -1 : Number(one > other)))
}

/** @internal Why a branch does not match, or `undefined` when it does. The slow way; the router's tree is the fast one. */
export function mismatch(
  { host, path: pattern, methods, conditions }: Branch,
  exchange: Exchange,
  path: string,
): { readonly part: 'host' | 'path' | 'method' | 'condition'; readonly text: string } | undefined {
  const { request } = exchange
  if (host !== undefined && !hostMatches(host, request)) {
    return { part: 'host', text: `the host is not ${hostPatternText(host)}` }
  }
  if (!pathFits(pattern, path)) {
    const relation = pattern.exact || pattern.rest !== undefined ? 'does not match' : 'is not under'
    return { part: 'path', text: `the path ${relation} ${pathPatternText(pattern)}` }
  }
  const failing = conditions.find((condition) => !condition.test(exchange, path))
  if (failing !== undefined) return { part: 'condition', text: `${failing.text} does not hold` }
  if (methods !== undefined && !methods.includes(request.method)) {
    return { part: 'method', text: `the method is not ${methods.join(' or ')}` }
  }
  return undefined
}

/** `METHOD host/path`, of which method and host may be left out. */
function parseString(text: string): MatchObject {
  const found = /^(?:([!#$%&'*+\-.^_`|~0-9A-Za-z]+) +)?([^/\s]*)(\/.*)$/.exec(text)
  if (found === null) {
    throw invalidOption(OWNER, 'match', 'a path such as "/api", "GET /api" or "api.example.com/"', text)
  }
  const [, method, host, path] = found
  // Else "api/users", a path that lacks its slash, would be a host without any sign of it.
  if (host !== '' && !/[.:]|^localhost$/.test(host!)) {
    throw invalidOption(
      OWNER,
      'match',
      `a path that begins with "/" (or, for a host: { host: "${host}" })`,
      text,
    )
  }
  return {
    path: path!,
    ...(host === '' ? {} : { host: host! }),
    ...(method === undefined ? {} : { methods: [method] }),
  }
}

const KNOWN = ['path', 'exact', 'host', 'methods', 'headers', 'query', 'cookies']

function objectDraft(match: MatchObject, { caseSensitive, base }: Context): Draft {
  knownOptions(OWNER, match, KNOWN)
  const { path, exact = false, host, methods, headers = {}, query = {}, cookies = {} } = match
  if (typeof exact !== 'boolean') throw invalidOption(OWNER, 'exact', 'true or false', exact)
  if (exact && path === undefined) throw invalidOption(OWNER, 'exact', 'used together with "path"', exact)
  return {
    host: host === undefined ? undefined : parseHostPattern(OWNER, 'host', host),
    path:
      path === undefined
        ? undefined
        : joinPathPatterns(
            OWNER,
            'path',
            base,
            parsePathPattern(OWNER, 'path', path, { exact, caseSensitive }),
          ),
    methods: methods === undefined ? undefined : parseMethods(methods),
    conditions: distinct([
      ...entries('headers', headers).map(([name, value]) => headerCondition(OWNER, name, value)),
      ...entries('query', query).map(([name, value]) => queryCondition(OWNER, name, value)),
      ...entries('cookies', cookies).map(([name, value]) => cookieCondition(OWNER, name, value)),
    ]),
  }
}

function entries(option: string, record: Readonly<Record<string, ValueMatch>>): [string, ValueMatch][] {
  if (typeof record !== 'object' || record === null || Array.isArray(record)) {
    throw invalidOption(OWNER, option, 'an object of names and values', record)
  }
  return Object.entries(record)
}

function parseMethods(methods: readonly string[]): string[] {
  if (!Array.isArray(methods) || methods.length === 0) {
    throw invalidOption(OWNER, 'methods', 'a list of one method or more', methods)
  }
  const parsed = new Set<string>()
  for (const method of methods) {
    if (typeof method !== 'string' || !/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(method)) {
      throw invalidOption(OWNER, 'methods', 'a list of methods such as "GET"', method)
    }
    const upper = method.toUpperCase()
    parsed.add(upper)
    if (upper === 'GET') parsed.add('HEAD')
  }
  return [...parsed]
}

/** @internal */
export function branchText({ host, path, methods, conditions }: Branch): string {
  const where = `${host === undefined ? '' : hostPatternText(host)}${pathPatternText(path)}`
  return [
    ...(methods === undefined ? [] : [methods.join(',')]),
    where,
    ...(path.exact ? ['(exact)'] : []),
    ...conditions.map(({ text }) => `and ${text}`),
  ].join(' ')
}

/** @internal What a route is called that was given no name. */
export function matchText(match: Match): string {
  if (typeof match === 'string') return match
  if (typeof match === 'function') return predicateCondition(match).text
  return expandMatch(match).map(branchText).join(' or ')
}
