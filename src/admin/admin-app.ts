import type { ProxyError } from '../core/errors.ts'
import type { Exchange } from '../core/exchange.ts'
import { type Filter, type Handler, named } from '../core/handler.ts'
import type { MatchObject } from '../core/match.ts'
import { type ResponseMessage, respond, respondJson } from '../core/message.ts'
import { problemResponse } from '../core/problem.ts'
import { proxy, type RoutedProxy } from '../proxy/proxy.ts'
import type { RunningProxy } from '../proxy/running-proxy.ts'
import type { AdminSettings } from './admin-options.ts'
import type { AdminSnapshot } from './api.ts'
import { dashboardFile } from './dashboard/files.ts'
import { guardedResponse } from './guards/guarded-response.ts'
import { ownHost } from './guards/own-host.ts'
import { requiredToken } from './guards/required-token.ts'
import { sameOrigin } from './guards/same-origin.ts'
import { metricsAnswer } from './metrics-answer.ts'
import { problemAnswer, Refusal } from './problem-answer.ts'
import { cpuProfile } from './profile/cpu-profile.ts'
import { heapSnapshot } from './profile/heap-snapshot.ts'
import { adminParts } from './status/admin-snapshot.ts'
import { asAsked } from './steering/command.ts'
import { drainCommand, readmitCommand, weightCommand } from './steering/endpoint-commands.ts'
import { logCommand, logLevelAnswer } from './steering/log-command.ts'
import { purgeCommand } from './steering/purge-command.ts'
import { configurationAnswer, reloadCommand } from './steering/reload-command.ts'
import type { Tap } from './tap/tap.ts'
import type { Traffic } from './traffic/traffic.ts'

/** What an admin listener looks at. */
export interface Watched {
  readonly proxy: RunningProxy
  readonly traffic: Traffic
  readonly tap: Tap
}

const PARTS = [
  'proxy',
  'listeners',
  'routes',
  'pools',
  'filters',
  'traffic',
  'failures',
] as const satisfies (keyof AdminSnapshot)[]

const MAX_EXCHANGES = 1_000

/** The proxy that an admin listener is. */
export function adminApp(settings: AdminSettings, watched: Watched): RoutedProxy {
  const { listen, host, allowedHosts, tokens } = settings
  const app = proxy()
    .listen(listen)
    .use(guarded(), ownHost(host, allowedHosts), sameOrigin())
    .use(...(tokens === undefined ? [] : [requiredToken(tokens, watched.proxy.clock)]))
    .use(dashboard(), refusalsAnswered())
  const routes = [...shown(settings, watched), ...steered(settings, watched.proxy), ...profiled(settings)]
  const listing = routes.map(([method, path]) => `${method} ${path}`)
  return routes
    .reduce<RoutedProxy>((it, [method, path, handler]) => it.route(exactly(method, path), handler), app)
    .onError((error, exchange) => guardedResponse(errorAnswer(error, exchange, listing)))
}

type Route = readonly [method: string, path: string, handler: Handler]

function shown({ readOnly, tapBodies }: AdminSettings, { proxy: running, traffic, tap }: Watched): Route[] {
  const parts = adminParts(running, traffic, readOnly)
  return [
    ['GET', '/health', () => respondJson(200, { status: 'ok', phase: running.phase })],
    ['GET', '/ready', () => respondJson(running.ready ? 200 : 503, running.readiness)],
    ['GET', '/metrics', ({ request }) => metricsAnswer(running.expositions, request.headers.get('accept'))],
    ['GET', '/api/snapshot', () => respondJson(200, parts)],
    ...PARTS.map((part): Route => ['GET', `/api/${part}`, () => respondJson(200, parts[part])]),
    ['GET', '/api/exchanges', (exchange) => respondJson(200, traffic.exchanges(limitOf(exchange)))],
    ['GET', '/api/explain', (exchange) => explained(running, exchange)],
    ['GET', '/api/tap', (exchange) => tap.open(exchange, tapBodies)],
    ['GET', '/api/log', logLevelAnswer],
    ['GET', '/api/configuration', configurationAnswer(running)],
  ]
}

function steered({ readOnly }: AdminSettings, running: RunningProxy): Route[] {
  const routes: Route[] = [
    ['POST', '/api/endpoints/drain', drainCommand(running)],
    ['POST', '/api/endpoints/readmit', readmitCommand(running)],
    ['POST', '/api/endpoints/weight', weightCommand(running)],
    ['POST', '/api/caches/purge', purgeCommand(running)],
    ['PUT', '/api/log', logCommand],
    ['POST', '/api/configuration/reload', reloadCommand(running)],
  ]
  return readOnly ? refusing(routes, 'this admin listener is readOnly: it steers nothing') : routes
}

function profiled({ profiling }: AdminSettings): Route[] {
  const routes: Route[] = [
    ['POST', '/api/profile/cpu', cpuProfile],
    ['POST', '/api/profile/heap', heapSnapshot],
  ]
  return profiling ? routes : refusing(routes, 'profiles are off: see the option "profiling" of admin()')
}

function refusing(routes: readonly Route[], detail: string): Route[] {
  const refuse = (): ResponseMessage => problemAnswer(new Refusal(403, 'Forbidden', detail))
  return routes.map(([method, path]) => [method, path, refuse])
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

async function explained(running: RunningProxy, { request }: Exchange): Promise<ResponseMessage> {
  const asked = new URLSearchParams(request.query).get('request') ?? ''
  const explanation = await asAsked(() => running.explain(asked))
  return respondJson(200, { ...explanation, text: explanation.toString() })
}

function limitOf({ request }: Exchange): number {
  const given = new URLSearchParams(request.query).get('limit') ?? '100'
  const limit = Number(given)
  if (/^\d+$/.test(given) && limit >= 1 && limit <= MAX_EXCHANGES) return limit
  throw new Refusal(400, 'Bad request', `"limit" must be a whole number from 1 to ${MAX_EXCHANGES}`)
}
