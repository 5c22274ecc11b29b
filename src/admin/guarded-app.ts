import type { Clock } from '../core/clock.ts'
import type { ProxyError } from '../core/errors.ts'
import type { Exchange } from '../core/exchange.ts'
import { type Filter, type Handler, named } from '../core/handler.ts'
import type { MatchObject } from '../core/match.ts'
import { type ResponseMessage, respond } from '../core/message.ts'
import { problemResponse } from '../core/problem.ts'
import { proxy, type RoutedProxy } from '../proxy/proxy.ts'
import type { AdminSettings } from './admin-options.ts'
import { dashboardFile } from './dashboard/files.ts'
import { guardedResponse } from './guards/guarded-response.ts'
import { ownHost } from './guards/own-host.ts'
import { requiredToken } from './guards/required-token.ts'
import { sameOrigin } from './guards/same-origin.ts'
import { problemAnswer, Refusal } from './problem-answer.ts'

/** One path of an admin listener. */
export type AdminRoute = readonly [method: string, path: string, handler: Handler]

/** What is behind the guards of an admin listener: its paths, those of them refused that its settings do not allow, and the dashboard. */
export function guardedApp(
  settings: AdminSettings,
  clock: Clock,
  routes: readonly AdminRoute[],
): RoutedProxy {
  const { listen, host, allowedHosts, tokens } = settings
  const app = proxy()
    .listen(listen)
    .use(guarded(), ownHost(host, allowedHosts), sameOrigin())
    .use(...(tokens === undefined ? [] : [requiredToken(tokens, clock)]))
    .use(dashboard(), refusalsAnswered())
  return withRoutes(app, allowed(routes, settings))
}

/** The same paths without any guard, at a place that nobody but the one reaches who guards them. */
export function sharedApp(routes: readonly AdminRoute[]): RoutedProxy {
  // Whoever has asked is the one that the supervisor names.
  const app = proxy().listen({ ...SHARED_ADDRESS, trustedProxies: ['loopback'] })
  return withRoutes(app.use(refusalsAnswered()), routes)
}

/** The same for all, so that a reload keeps the listener. */
const SHARED_ADDRESS = { host: '127.0.0.1', port: 9901 }

function withRoutes(app: RoutedProxy, routes: readonly AdminRoute[]): RoutedProxy {
  const listing = routes.map(([method, path]) => `${method} ${path}`)
  return routes
    .reduce<RoutedProxy>((it, [method, path, handler]) => it.route(exactly(method, path), handler), app)
    .onError((error, exchange) => guardedResponse(errorAnswer(error, exchange, listing)))
}

function allowed(
  routes: readonly AdminRoute[],
  { readOnly, profiling }: AdminSettings,
): readonly AdminRoute[] {
  return routes.map((route) => {
    const [method, path] = route
    if (path.startsWith('/api/profile/'))
      return profiling ? route : refusing(route, 'profiles are off: see the option "profiling" of admin()')
    return readOnly && method !== 'GET'
      ? refusing(route, 'this admin listener is readOnly: it steers nothing')
      : route
  })
}

function refusing([method, path]: AdminRoute, detail: string): AdminRoute {
  return [method, path, () => problemAnswer(new Refusal(403, 'Forbidden', detail))]
}

function exactly(method: string, path: string): MatchObject {
  return { path, exact: true, methods: [method] }
}

function guarded(): Filter {
  const filter: Filter = async (exchange, next) => guardedResponse(await next(exchange))
  return named(filter, 'guarded')
}

function dashboard(): Filter {
  const filter: Filter = (exchange, next) => {
    const { method, path } = exchange.request
    const file = method === 'GET' || method === 'HEAD' ? dashboardFile(path) : undefined
    return file === undefined
      ? next(exchange)
      : respond(200, file.bytes, { 'Content-Type': file.contentType })
  }
  return named(filter, 'dashboard')
}

function refusalsAnswered(): Filter {
  const filter: Filter = async (exchange, next) => {
    try {
      return await next(exchange)
    } catch (error) {
      if (error instanceof Refusal) return problemAnswer(error)
      throw error
    }
  }
  return named(filter, 'refusalsAnswered')
}

function errorAnswer(error: ProxyError, { request }: Exchange, listing: readonly string[]): ResponseMessage {
  if (error.code !== 'route_not_found') return problemResponse(error)
  const detail = `nothing is at ${request.path.slice(0, 100)}; see ${listing.join(', ')}`
  return problemAnswer(new Refusal(404, 'Not found', detail))
}
