import { systemClock } from '../core/clock.ts'
import type { Companion } from '../core/companion.ts'
import { toProxyError } from '../core/errors.ts'
import { assertFilter, type Filter, type Handler, noResponse } from '../core/handler.ts'
import { expandMatch, type Match, type MatchObject, within } from '../core/match.ts'
import { ResponseMessage } from '../core/message.ts'
import { invalidOption, knownOptions, OptionError } from '../core/options.ts'
import { systemRandom } from '../core/random.ts'
import { ConnectorRegistry } from '../transport/connector-registry.ts'
import { nodeNetwork } from '../transport/network.ts'
import { isCompilable, type Target } from '../transport/runtime.ts'
import { withCompanions } from './companions.ts'
import { CompiledProxy, routerOf } from './compiled-proxy.ts'
import { CompiledTargets } from './compiled-targets.ts'
import { type ConnectMethodOptions, connectSettings } from './connect-options.ts'
import {
  type ErrorHandler,
  type ListenOptions,
  listenerSettings,
  type ProxyDescription,
  type RouteEntry,
  refuseSameAddress,
  withListener,
} from './description.ts'
import { refuseEndpointsOf } from './endpoint-protocols.ts'
import { type Explanation, explain } from './explanation.ts'
import { listRoutes, type RouteDescription } from './route-listing.ts'
import type { Described, RunningProxy } from './running-proxy.ts'
import { type StartOptions, start } from './start.ts'

export interface ProxyOptions {
  /** Whether `/API` is another path than `/api`. Default true. Set it to false in front of services that ignore case. */
  caseSensitivePaths?: boolean
  /**
   * Lets paths through that a lenient service could read as another route's (an encoded slash before a dot segment is
   * refused in any case). Default false.
   */
  dangerouslyAllowAmbiguousPaths?: boolean
}

/** Where routes of a group are added. */
export interface GroupBuilder {
  /** Adds filters for every route of the group. Before the first route. */
  use(...filters: Filter[]): GroupBuilder
  /**
   * Adds a group within the group: its prefix comes behind this one's, its filters run inside this one's.
   * @throws `ERR_OPTION_INVALID`
   */
  group(prefix: string | MatchObject, build: (group: GroupBuilder) => RoutedGroup): RoutedGroup
  /**
   * Adds a route below the group's prefix: what it matches, filters around it, and what answers.
   * @throws `ERR_OPTION_INVALID`
   */
  route(match: Match, ...filtersAndTarget: [...Filter[], Target]): RoutedGroup
}

/** A group that has a route. */
export type RoutedGroup = Omit<GroupBuilder, 'use'>

/** A proxy that has a route: filters for all of it can no longer be added, because they would not surround that route. */
export interface RoutedProxy extends Described {
  /**
   * Adds a listener. Default port 8080 on 127.0.0.1; port 0 takes a free one.
   * @throws `ERR_OPTION_INVALID`
   */
  listen(at?: number | ListenOptions): RoutedProxy
  /**
   * Adds routes below a prefix, with filters of their own.
   *
   * @example .group('/admin', (admin) => admin.use(requireKey).route('/stats', stats))
   */
  group(prefix: string | MatchObject, build: (group: GroupBuilder) => RoutedGroup): RoutedProxy
  /**
   * Adds a route: what it matches, filters around it, and what answers.
   *
   * @example .route('GET /api/users/:id', stripPrefix('/api'), users)
   */
  route(match: Match, ...filtersAndTarget: [...Filter[], Target]): RoutedProxy
  /**
   * Answers CONNECT: clients name a host and a port, and get a tunnel to there, whatever is spoken in it. That makes a forward
   * proxy of this one, for the destinations that `allow` lists and no others. Filters stand before the options; those of `use`
   * run too. Whom they refuse gets their answer: a 407 may have a `Proxy-Authenticate`. Without this, CONNECT is answered 501.
   *
   * Addresses of inner networks are refused, whatever name stands for them, unless `allowAddresses` has them.
   *
   * @example proxy().listen(3128).connect(requireUser, { allow: ['api.example.com:443', '*.example.org:443'] })
   *
   * @throws `ERR_OPTION_INVALID` for options that are wrong, and where it was called before.
   */
  connect(...filtersAndOptions: [...Filter[], ConnectMethodOptions]): RoutedProxy
  /** Answers errors in place of the default problem documents. */
  onError(handler: ErrorHandler): RoutedProxy
  /**
   * Adds what goes with the proxy beside its exchanges, such as `admin()`: it begins before the listeners open, and ends
   * behind everything else. A reload that brings another one of its kind has that go on with what there was.
   *
   * @throws `ERR_OPTION_INVALID` for what is none.
   */
  attach(...companions: Companion[]): RoutedProxy
  /** Opens the listeners; 127.0.0.1:8080 if there are none. */
  start(options?: StartOptions): Promise<RunningProxy>
  /** The whole proxy as one function, without listeners; errors are answered as they would be. Pools connect when they are used. */
  handler(): Handler
  /** Every route with its filters and its target, in the order in which they were added. */
  readonly routes: readonly RouteDescription[]
  /** Which route, filters and endpoints would serve a request, and why. Its `toString()` is meant for people. */
  explain(request: string): Explanation
  /** @internal The same proxy with other targets behind its routes. */
  mapTargets(map: (target: Target) => Target): RoutedProxy
}

/** A proxy without routes yet. */
export interface ProxyBuilder extends RoutedProxy {
  listen(at?: number | ListenOptions): ProxyBuilder
  /** Adds filters around everything, outermost first. Before the first route; after it, use `group`. */
  use(...filters: Filter[]): ProxyBuilder
  connect(...filtersAndOptions: [...Filter[], ConnectMethodOptions]): ProxyBuilder
  onError(handler: ErrorHandler): ProxyBuilder
  attach(...companions: Companion[]): ProxyBuilder
}

/**
 * Begins the description of a proxy. Each method returns a new description; nothing is opened before `start`.
 *
 * @example
 * await proxy().listen(8080).route('/api', pool(['http://127.0.0.1:3001'])).start()
 */
export function proxy(options: ProxyOptions = {}): ProxyBuilder {
  knownOptions('proxy', options, ['caseSensitivePaths', 'dangerouslyAllowAmbiguousPaths'])
  const { caseSensitivePaths = true, dangerouslyAllowAmbiguousPaths = false } = options
  return new DescribedProxy({
    protocol: 'http',
    caseSensitivePaths,
    dangerouslyAllowAmbiguousPaths,
    listeners: [],
    filters: [],
    routes: [],
    connect: undefined,
    errorHandler: undefined,
    companions: [],
  })
}

class DescribedProxy implements ProxyBuilder {
  readonly description: ProxyDescription

  constructor(description: ProxyDescription) {
    this.description = description
  }

  listen(at: number | ListenOptions = {}): ProxyBuilder {
    const { listeners } = this.description
    const added = listenerSettings(at)
    refuseSameAddress(listeners, added)
    return this.#with({ listeners: [...listeners, added] })
  }

  use(...filters: Filter[]): ProxyBuilder {
    refuseLateUse('use', this.description.routes)
    for (const filter of filters) assertFilter('use', filter)
    return this.#with({ filters: [...this.description.filters, ...filters] })
  }

  group(prefix: string | MatchObject, build: (group: GroupBuilder) => RoutedGroup): RoutedProxy {
    return this.#withRoutes(groupRoutes(prefix, build))
  }

  route(match: Match, ...filtersAndTarget: [...Filter[], Target]): RoutedProxy {
    return this.#withRoutes([routeEntry(match, filtersAndTarget)])
  }

  connect(...filtersAndOptions: [...Filter[], ConnectMethodOptions]): ProxyBuilder {
    if (this.description.connect !== undefined)
      throw invalidOption('connect', 'options', 'given once', filtersAndOptions.at(-1))
    const settings = connectSettings(filtersAndOptions.at(-1) as ConnectMethodOptions)
    const filters = filtersAndOptions.slice(0, -1)
    for (const filter of filters) assertFilter('connect', filter)
    return this.#with({ connect: { filters: filters as Filter[], settings } })
  }

  onError(errorHandler: ErrorHandler): ProxyBuilder {
    if (typeof errorHandler !== 'function')
      throw invalidOption('onError', 'handler', 'a function (error, exchange) => response', errorHandler)
    return this.#with({ errorHandler })
  }

  attach(...companions: Companion[]): ProxyBuilder {
    return this.#with({ companions: withCompanions('attach', this.description.companions, companions) })
  }

  async start(options: StartOptions = {}): Promise<RunningProxy> {
    return start(withListener(this.description), options)
  }

  handler(): Handler {
    const connectors = new ConnectorRegistry(nodeNetwork, systemClock)
    const targets = new CompiledTargets({
      clock: systemClock,
      random: systemRandom,
      network: nodeNetwork,
      connectors,
    })
    const compiled = new CompiledProxy(this.description, targets)
    return async (exchange) => {
      try {
        const response = await compiled.handler(exchange)
        if (!(response instanceof ResponseMessage)) throw noResponse(response)
        return response
      } catch (thrown) {
        return compiled.answerError(toProxyError(thrown), exchange)
      }
    }
  }

  get routes(): readonly RouteDescription[] {
    return listRoutes(this.description)
  }

  explain(request: string): Explanation {
    return explain(this.description, request)
  }

  mapTargets(map: (target: Target) => Target): RoutedProxy {
    const { routes } = this.description
    return this.#with({ routes: routes.map((route) => ({ ...route, target: map(route.target) })) })
  }

  #withRoutes(added: readonly RouteEntry[]): RoutedProxy {
    const next = this.#with({ routes: [...this.description.routes, ...added] })
    // Routes that cannot be reached are found here, at the call that adds the second one of them.
    routerOf(next.description, () => undefined)
    return next
  }

  #with(change: Partial<ProxyDescription>): DescribedProxy {
    return new DescribedProxy({ ...this.description, ...change })
  }
}

class DescribedGroup implements GroupBuilder {
  readonly #filters: readonly Filter[]
  readonly routes: readonly RouteEntry[]

  constructor(filters: readonly Filter[], routes: readonly RouteEntry[]) {
    this.#filters = filters
    this.routes = routes
  }

  use(...filters: Filter[]): GroupBuilder {
    refuseLateUse('group.use', this.routes)
    for (const filter of filters) assertFilter('group.use', filter)
    return new DescribedGroup([...this.#filters, ...filters], this.routes)
  }

  group(prefix: string | MatchObject, build: (group: GroupBuilder) => RoutedGroup): RoutedGroup {
    return this.#add(groupRoutes(prefix, build))
  }

  route(match: Match, ...filtersAndTarget: [...Filter[], Target]): RoutedGroup {
    return this.#add([routeEntry(match, filtersAndTarget)])
  }

  #add(entries: readonly RouteEntry[]): DescribedGroup {
    const surrounded = entries.map((entry) => ({ ...entry, filters: [...this.#filters, ...entry.filters] }))
    return new DescribedGroup(this.#filters, [...this.routes, ...surrounded])
  }
}

function groupRoutes(
  prefix: string | MatchObject,
  build: (group: GroupBuilder) => RoutedGroup,
): RouteEntry[] {
  if (typeof build !== 'function')
    throw invalidOption('group', 'build', 'a function (group) => group.route(...)', build)
  const built = build(new DescribedGroup([], []))
  if (!(built instanceof DescribedGroup))
    throw invalidOption('group', 'build', 'a function that returns the group it was given', built)
  return built.routes.map((entry) => ({ ...entry, match: within(prefix, entry.match) }))
}

function routeEntry(match: Match, filtersAndTarget: readonly (Filter | Target)[]): RouteEntry {
  expandMatch(match)
  const target = filtersAndTarget.at(-1)
  if (!isCompilable(target) && typeof target !== 'function') {
    throw invalidOption(
      'route',
      'handler',
      'a pool, or a function (exchange) => response, as the last argument',
      target,
    )
  }
  if (typeof target === 'function' && target.length > 1) {
    throw invalidOption(
      'route',
      'handler',
      'a pool or a handler, behind its filters (this one takes `next`, as a filter does)',
      target,
    )
  }
  refuseEndpointsOf('tcp', 'route', 'handler', target)
  const filters = filtersAndTarget.slice(0, -1)
  for (const filter of filters) assertFilter('route', filter)
  return { match, filters: filters as Filter[], target: target as Target }
}

function refuseLateUse(owner: string, routes: readonly RouteEntry[]): void {
  if (routes.length === 0) return
  throw new OptionError(
    `${owner}: filters come before the first route, which they would not surround; for some routes only, write .group(prefix, g => g.use(...).route(...))`,
    'use',
  )
}
