import type { Exchange } from '../core/exchange.ts'
import { type ResponseMessage, respondJson } from '../core/message.ts'
import type { RoutedProxy } from '../proxy/proxy.ts'
import type { RunningProxy } from '../proxy/running-proxy.ts'
import type { AdminSettings } from './admin-options.ts'
import type { AdminSnapshot } from './api.ts'
import { exchangesLimit } from './exchanges-limit.ts'
import { type AdminRoute, guardedApp, sharedApp } from './guarded-app.ts'
import { metricsAnswer } from './metrics-answer.ts'
import { cpuProfile } from './profile/cpu-profile.ts'
import { heapSnapshot } from './profile/heap-snapshot.ts'
import { SHARE_PATH, shareOf } from './share.ts'
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

/** What can be asked for alone: `/api/pools`, say. */
export const PARTS: readonly (keyof AdminSnapshot)[] = [
  'proxy',
  'listeners',
  'routes',
  'pools',
  'filters',
  'traffic',
  'failures',
]

/** The proxy that an admin listener is. */
export function adminApp(settings: AdminSettings, watched: Watched): RoutedProxy {
  return guardedApp(settings, watched.proxy.clock, routesOf(settings, watched))
}

/** The same in a worker, for its supervisor alone: who may ask for what is the supervisor's to guard. */
export function sharedAdminApp(settings: AdminSettings, watched: Watched): RoutedProxy {
  const parts = adminParts(watched.proxy, watched.traffic, settings.readOnly)
  return sharedApp([
    ...routesOf(settings, watched),
    ['GET', SHARE_PATH, () => respondJson(200, shareOf(parts, watched.traffic))],
  ])
}

function routesOf(settings: AdminSettings, watched: Watched): AdminRoute[] {
  return [...shown(settings, watched), ...steered(watched.proxy), ...profiled()]
}

function shown(
  { readOnly, tapBodies }: AdminSettings,
  { proxy: running, traffic, tap }: Watched,
): AdminRoute[] {
  const parts = adminParts(running, traffic, readOnly)
  return [
    ['GET', '/health', () => respondJson(200, { status: 'ok', phase: running.phase })],
    ['GET', '/ready', () => respondJson(running.ready ? 200 : 503, running.readiness)],
    ['GET', '/metrics', ({ request }) => metricsAnswer(running.expositions, request.headers.get('accept'))],
    ['GET', '/api/snapshot', () => respondJson(200, parts)],
    ...PARTS.map((part): AdminRoute => ['GET', `/api/${part}`, () => respondJson(200, parts[part])]),
    ['GET', '/api/exchanges', (exchange) => respondJson(200, traffic.exchanges(exchangesLimit(exchange)))],
    ['GET', '/api/explain', (exchange) => explained(running, exchange)],
    ['GET', '/api/tap', (exchange) => tap.open(exchange, tapBodies)],
    ['GET', '/api/log', logLevelAnswer],
    ['GET', '/api/configuration', configurationAnswer(running.surroundings.configuration)],
  ]
}

function steered(running: RunningProxy): AdminRoute[] {
  return [
    ['POST', '/api/endpoints/drain', drainCommand(running)],
    ['POST', '/api/endpoints/readmit', readmitCommand(running)],
    ['POST', '/api/endpoints/weight', weightCommand(running)],
    ['POST', '/api/caches/purge', purgeCommand(running)],
    ['PUT', '/api/log', logCommand],
    ['POST', '/api/configuration/reload', reloadCommand(running.surroundings.configuration)],
  ]
}

function profiled(): AdminRoute[] {
  return [
    ['POST', '/api/profile/cpu', cpuProfile],
    ['POST', '/api/profile/heap', heapSnapshot],
  ]
}

async function explained(running: RunningProxy, { request }: Exchange): Promise<ResponseMessage> {
  const asked = new URLSearchParams(request.query).get('request') ?? ''
  const explanation = await asAsked(() => running.explain(asked))
  return respondJson(200, { ...explanation, text: explanation.toString() })
}
