import type { Exchange, RouteInfo } from './exchange.ts'
import { type HostPattern, hostPatternText, requestHost } from './host-pattern.ts'
import { type Branch, branchText, expandMatch, type Match, matchText, mismatch } from './match.ts'
import { knownOptions, OptionError } from './options.ts'
import { decodedComponent, lowerCased, matchingForm, otherReadings } from './path.ts'
import { newParams, type PathParam, pathParams, pathPatternText, rawParams } from './path-pattern.ts'
import { PathTree } from './path-tree.ts'
import { findUnreachable } from './reachability.ts'
import { compareSpecificity } from './specificity.ts'

export interface RouteDefinition<T> {
  readonly match: Match
  readonly value: T
  /** For logs and metrics. Default: the match, written out. */
  readonly name?: string | undefined
}

export interface RouterOptions {
  /** Whether `/API` is another path than `/api`. ASCII letters only. Default `true`. */
  caseSensitive?: boolean
  /**
   * Lets `/admin%2Fx` and `/admin;v=1/x` be served by whatever route they match as they stand, although a service that
   * decodes the slash, or cuts off path parameters, reads a path that belongs to another route, whose filters are then
   * passed by. Default `false`: such a request is `ambiguous`.
   */
  dangerouslyAllowAmbiguousPaths?: boolean
}

export interface FoundRoute<T> {
  readonly kind: 'found'
  readonly value: T
  readonly route: RouteInfo
  /** Decoded; without a prototype. */
  readonly params: Readonly<Record<string, string>>
}

/** What a look-up ends with. */
export type RouteLookup<T> =
  | FoundRoute<T>
  /** 404. */
  | { readonly kind: 'not-found' }
  /** 405: some route matches in everything but the method. */
  | { readonly kind: 'method-not-allowed'; readonly allow: readonly string[] }
  /** 400: see `dangerouslyAllowAmbiguousPaths`. */
  | { readonly kind: 'ambiguous'; readonly reading: string }

export interface ConsideredRoute {
  readonly name: string
  /** The match, or the alternative of it that this entry is about. */
  readonly match: string
  /** `outranked`: it matches, but a more specific one does too. */
  readonly verdict: 'chosen' | 'ambiguous' | 'outranked' | 'host' | 'path' | 'method' | 'condition'
  readonly reason: string
}

export interface RouteExplanation<T> {
  readonly lookup: RouteLookup<T>
  /** The path as patterns see it. */
  readonly path: string
  /** Most specific first. */
  readonly routes: readonly ConsideredRoute[]
}

export interface Router<T> {
  find(exchange: Exchange): RouteLookup<T>
  /** What `find` does, and why. Slow. */
  explain(exchange: Exchange): RouteExplanation<T>
}

/**
 * Makes a router of routes. The most specific route that matches wins, ties go by order (see `compareSpecificity`). Throws
 * `ERR_OPTION_INVALID` for a match that cannot be read and for a route that can never be reached.
 */
export function compileRoutes<T>(
  routes: readonly RouteDefinition<T>[],
  options: RouterOptions = {},
): Router<T> {
  knownOptions('router', options, ['caseSensitive', 'dangerouslyAllowAmbiguousPaths'])
  const { caseSensitive = true, dangerouslyAllowAmbiguousPaths = false } = options
  const leaves = routes.flatMap(({ match, value, name = matchText(match) }, order) => {
    const branches = expandMatch(match, { caseSensitive })
    if (branches.length === 0) {
      throw new OptionError(`route: "${name}" can never be reached: its methods exclude each other`, 'match')
    }
    return branches.map((branch) => new Leaf(branch, order, name, value))
  })
  const unreachable = findUnreachable(leaves)
  if (unreachable !== undefined) {
    const { route, by } = unreachable
    throw new OptionError(
      `route: "${route.route.name}" can never be reached: "${by.route.name}" takes all of its requests`,
      'match',
    )
  }
  leaves.sort((one, other) => compareSpecificity(one.branch, other.branch) || one.order - other.order)
  return new TreeRouter(leaves, { caseSensitive, dangerouslyAllowAmbiguousPaths })
}

/** One way to match one route, in the tree. */
class Leaf<T> {
  readonly branch: Branch
  readonly order: number
  readonly route: RouteInfo
  readonly value: T
  readonly params: readonly PathParam[]
  /** The same answer for every request, when there are no parameters. */
  readonly answer: FoundRoute<T>

  constructor(branch: Branch, order: number, name: string, value: T) {
    this.branch = branch
    this.order = order
    this.route = Object.freeze({ name, path: pathPatternText(branch.path) })
    this.value = value
    this.params = pathParams(branch.path)
    this.answer = Object.freeze({ kind: 'found', value, route: this.route, params: NO_PARAMS })
  }
}

const NO_PARAMS: Readonly<Record<string, string>> = Object.freeze(newParams())
const NOT_FOUND = Object.freeze({ kind: 'not-found' as const })

/** A look-up on its way through the trees. */
interface Search {
  readonly exchange: Exchange
  readonly method: string
  readonly path: string
  /** Where set: methods of the leaves that match in everything else. */
  readonly allow: Set<string> | undefined
}

class TreeRouter<T> implements Router<T> {
  readonly #leaves: readonly Leaf<T>[]
  readonly #caseSensitive: boolean
  readonly #allowAmbiguous: boolean
  readonly #hasMethods: boolean
  /** Routes that name no host. */
  readonly #anyHost = new PathTree<Leaf<T>>()
  /** By name, or by name and port: `example.com`, `example.com:8080`. */
  readonly #hosts = new Map<string, PathTree<Leaf<T>>>()
  readonly #wildcardHosts = new Map<string, PathTree<Leaf<T>>>()
  readonly #hasHosts: boolean
  /** The most labels that the name of a wildcard has. Names with more are not cut at all their dots. */
  #wildcardLabels = 0
  /** The trees for the host that was looked up last. */
  #lastHost = ''
  #lastScheme = ''
  #lastTrees: readonly PathTree<Leaf<T>>[]

  constructor(
    leaves: readonly Leaf<T>[],
    options: { caseSensitive: boolean; dangerouslyAllowAmbiguousPaths: boolean },
  ) {
    this.#leaves = leaves
    this.#caseSensitive = options.caseSensitive
    this.#allowAmbiguous = options.dangerouslyAllowAmbiguousPaths
    this.#hasMethods = leaves.some(({ branch }) => branch.methods !== undefined)
    for (const leaf of leaves) {
      const { host, path } = leaf.branch
      const place = this.#treeOf(host).place(path)
      const ends = path.rest !== undefined ? place.rest : path.exact ? place.exact : place.prefix
      // The leaves are sorted, so those at one place stand in the order in which they are tried.
      ends.push(leaf)
    }
    this.#hasHosts = this.#hosts.size + this.#wildcardHosts.size > 0
    this.#lastTrees = [this.#anyHost]
  }

  #treeOf(host: HostPattern | undefined): PathTree<Leaf<T>> {
    if (host === undefined) return this.#anyHost
    const trees = host.wildcard ? this.#wildcardHosts : this.#hosts
    if (host.wildcard) this.#wildcardLabels = Math.max(this.#wildcardLabels, host.name.split('.').length)
    const key = hostPatternText({ ...host, wildcard: false })
    let tree = trees.get(key)
    if (tree === undefined) {
      tree = new PathTree()
      trees.set(key, tree)
    }
    return tree
  }

  find(exchange: Exchange): RouteLookup<T> {
    const { path } = exchange.request
    const form = this.#form(path)
    const found = this.#search(exchange, form)
    if (found === undefined) {
      const allow = this.#hasMethods ? this.#allowed(exchange, form) : undefined
      return allow === undefined ? NOT_FOUND : { kind: 'method-not-allowed', allow }
    }
    if (!this.#allowAmbiguous && (form.includes('%') || form.includes(';'))) {
      const reading = this.#conflictingReading(exchange, form, found)
      if (reading !== undefined) return { kind: 'ambiguous', reading }
    }
    if (found.params.length === 0) return found.answer
    const params = newParams()
    rawParams(found.params, path, params)
    if (path.includes('%')) decodeAll(found.params, params)
    return { kind: 'found', value: found.value, route: found.route, params }
  }

  #form(path: string): string {
    const form = matchingForm(path)
    return this.#caseSensitive ? form : lowerCased(form)
  }

  #search(exchange: Exchange, path: string, allow?: Set<string>): Leaf<T> | undefined {
    const search: Search = { exchange, method: exchange.request.method, path, allow }
    // `OPTIONS *` is about the proxy as a whole: only what stands for every path takes it.
    const trees = this.#hasHosts ? this.#treesFor(exchange) : this.#lastTrees
    for (let i = 0; i < trees.length; i++) {
      const tree = trees[i]!
      const found =
        path === '*' ? firstAcceptable(tree.prefix, search) : tree.find(path, firstAcceptable<T>, search)
      if (found !== undefined) return found
    }
    return undefined
  }

  /** Trees that the host leads to, most specific first. */
  #treesFor({ request }: Exchange): readonly PathTree<Leaf<T>>[] {
    if (request.host === this.#lastHost && request.scheme === this.#lastScheme) return this.#lastTrees
    const { name, port } = requestHost(request)
    const trees: PathTree<Leaf<T>>[] = []
    const add = (from: Map<string, PathTree<Leaf<T>>>, key: string) => {
      const tree = from.get(key)
      if (tree !== undefined) trees.push(tree)
    }
    add(this.#hosts, `${name}:${port}`)
    add(this.#hosts, name)
    const parents: string[] = []
    for (let dot = name.length; parents.length < this.#wildcardLabels; ) {
      dot = dot > 0 ? name.lastIndexOf('.', dot - 1) : -1
      if (dot < 1) break
      parents.push(name.slice(dot + 1))
    }
    for (const parent of parents.reverse()) {
      add(this.#wildcardHosts, `${parent}:${port}`)
      add(this.#wildcardHosts, parent)
    }
    trees.push(this.#anyHost)
    this.#lastHost = request.host
    this.#lastScheme = request.scheme
    this.#lastTrees = trees
    return trees
  }

  #allowed(exchange: Exchange, path: string): readonly string[] | undefined {
    const allow = new Set<string>()
    this.#search(exchange, path, allow)
    return allow.size === 0 ? undefined : [...allow]
  }

  /** The reading of the path under which another route, or its refusal of the method, would have applied. */
  #conflictingReading(exchange: Exchange, path: string, found: Leaf<T>): string | undefined {
    return otherReadings(path).find((reading) => {
      const other = this.#search(exchange, reading)
      if (other !== undefined) return other.order !== found.order
      return this.#hasMethods && this.#allowed(exchange, reading) !== undefined
    })
  }

  explain(exchange: Exchange): RouteExplanation<T> {
    const path = this.#form(exchange.request.path)
    const lookup = this.find(exchange)
    const chosen = this.#search(exchange, path)
    const routes = this.#leaves.map((leaf): ConsideredRoute => {
      const match = branchText(leaf.branch)
      const { name } = leaf.route
      const why = mismatch(leaf.branch, exchange, path)
      if (why !== undefined) return { name, match, verdict: why.part, reason: why.text }
      if (leaf !== chosen) {
        const reason = `"${chosen?.route.name}" is more specific or comes first`
        return { name, match, verdict: 'outranked', reason }
      }
      const reason =
        lookup.kind === 'ambiguous'
          ? `refused: a service may read the path as ${lookup.reading}, which is not for this route`
          : 'the most specific match'
      return { name, match, verdict: lookup.kind === 'ambiguous' ? 'ambiguous' : 'chosen', reason }
    })
    return { lookup, path, routes }
  }
}

function firstAcceptable<T>(leaves: readonly Leaf<T>[], search: Search): Leaf<T> | undefined {
  for (let i = 0; i < leaves.length; i++) {
    const leaf = leaves[i]!
    const { methods, conditions } = leaf.branch
    const methodFits = methods === undefined || methods.includes(search.method)
    if (!methodFits && search.allow === undefined) continue
    if (conditions.length > 0 && !conditions.every((it) => it.test(search.exchange, search.path))) continue
    if (methodFits) return leaf
    for (const method of methods) search.allow!.add(method)
  }
  return undefined
}

function decodeAll(names: readonly PathParam[], params: Record<string, string>): void {
  for (const { name } of names) params[name] = decodedComponent(params[name]!)
}
