import { PARTS } from '../../admin/admin-app.ts'
import type { AdminSettings } from '../../admin/admin-options.ts'
import type { AdminSnapshot, EndpointStatus, ExchangesStatus } from '../../admin/api.ts'
import { exchangesLimit } from '../../admin/exchanges-limit.ts'
import type { AdminRoute } from '../../admin/guarded-app.ts'
import { Refusal } from '../../admin/problem-answer.ts'
import { type AdminShare, SHARE_PATH } from '../../admin/share.ts'
import { logLevelAnswer } from '../../admin/steering/log-command.ts'
import { configurationAnswer, reloadCommand } from '../../admin/steering/reload-command.ts'
import type { Clock } from '../../core/clock.ts'
import type { ConfigurationControl } from '../../core/configuration-control.ts'
import type { Exchange } from '../../core/exchange.ts'
import type { Handler } from '../../core/handler.ts'
import { log } from '../../core/log.ts'
import { type ResponseMessage, respondJson } from '../../core/message.ts'
import type { Channel } from '../channel.ts'
import type { WorkerGroup, WorkerView } from '../worker-group.ts'
import { gatheredMetrics } from './figures/gathered-metrics.ts'
import type { WorkerFigures } from './figures/worker-figures.ts'
import type { GatheredTap } from './gathered-tap.ts'
import { mergedEndpoint } from './merging/merged-endpoint.ts'
import { mergedExchanges, mergedSnapshot } from './merging/merged-snapshot.ts'
import { commandForAll } from './steering-all.ts'
import { phaseOf, readinessOf, supervisorStatus } from './supervisor-status.ts'
import type { WorkerCalls } from './worker-calls.ts'

/** What the paths are answered from. */
export interface Gathering {
  readonly calls: WorkerCalls
  readonly tap: GatheredTap
  readonly figures: WorkerFigures
  readonly group: WorkerGroup
  readonly clock: Clock
  /** When the supervisor was started: milliseconds since 1970 UTC. */
  readonly startedAt: number
  /** What follows the files that all was made of; `undefined` where it was made by code. */
  readonly configuration: ConfigurationControl | undefined
}

/** A worker that takes longer is left out of what is shown, and told of. The dashboard asks each second. */
const LIMIT_MS = 2_000
/** Profiles take a minute, and snapshots of the heap as long as they are large. */
const PROFILE_MS = 600_000
const MAX_BYTES = 64 * 1_048_576

/** The paths of an admin listener, answered for all workers. */
export function gatheredRoutes(settings: AdminSettings, gathering: Gathering): AdminRoute[] {
  const { calls } = gathering
  return [...shown(settings, gathering), ...steered(gathering), ...profiled(calls)].map(
    ([method, path, handler]) => [method, path, calls.asking(path, handler)],
  )
}

function shown(settings: AdminSettings, gathering: Gathering): AdminRoute[] {
  const { calls, tap, figures, group } = gathering
  const snapshot = (exchange: Exchange): Promise<AdminSnapshot> => snapshotOf(exchange, settings, gathering)
  return [
    ['GET', '/health', () => respondJson(200, { status: 'ok', phase: phaseOf(group.workers) })],
    [
      'GET',
      '/ready',
      () => {
        const readiness = readinessOf(group.workers)
        return respondJson(readiness.ready ? 200 : 503, readiness)
      },
    ],
    ['GET', '/metrics', (exchange) => gatheredMetrics(exchange, figures, group)],
    ['GET', '/api/snapshot', async (exchange) => respondJson(200, await snapshot(exchange))],
    ...PARTS.map(
      (part): AdminRoute => [
        'GET',
        `/api/${part}`,
        async (exchange) => respondJson(200, (await snapshot(exchange))[part]),
      ],
    ),
    ['GET', '/api/exchanges', (exchange) => exchanges(exchange, calls)],
    ['GET', '/api/explain', (exchange) => passedTo(calls, anyOf(calls), exchange, LIMIT_MS)],
    ['GET', '/api/tap', (exchange) => tap.open(exchange, settings)],
    ['GET', '/api/log', logLevelAnswer],
    ['GET', '/api/configuration', configurationAnswer(gathering.configuration)],
  ]
}

function steered({ calls, configuration }: Gathering): AdminRoute[] {
  const endpoint = commandForAll(calls, (answers) => mergedEndpoint(answers as readonly EndpointStatus[]))
  return [
    ['POST', '/api/endpoints/drain', endpoint],
    ['POST', '/api/endpoints/readmit', endpoint],
    ['POST', '/api/endpoints/weight', endpoint],
    ['POST', '/api/caches/purge', commandForAll(calls, ([first]) => first)],
    [
      'PUT',
      '/api/log',
      commandForAll(calls, ([first]) => {
        // What the supervisor tells itself goes to the same log.
        log.level = (first as { level: typeof log.level }).level
        return first
      }),
    ],
    // Which has every worker read again, too.
    ['POST', '/api/configuration/reload', reloadCommand(configuration)],
  ]
}

function profiled(calls: WorkerCalls): AdminRoute[] {
  const profile: Handler = (exchange) => passedTo(calls, numbered(calls, exchange), exchange, PROFILE_MS)
  return [
    ['POST', '/api/profile/cpu', profile],
    ['POST', '/api/profile/heap', profile],
  ]
}

async function snapshotOf(
  exchange: Exchange,
  { readOnly }: AdminSettings,
  { calls, group, clock, startedAt, configuration }: Gathering,
): Promise<AdminSnapshot> {
  const answers = await calls.askAll(exchange, { target: SHARE_PATH }, { timeoutMs: LIMIT_MS }, json)
  const shares = new Map<Channel, AdminShare>()
  for (const { worker, answered } of answers)
    if (answered.status === 'fulfilled') shares.set(worker.channel, answered.value as AdminShare)
  const status = supervisorStatus({ clock, startedAt, readOnly, configuration }, group.workers, shares)
  return mergedSnapshot(status, [...shares.values()])
}

async function exchanges(exchange: Exchange, calls: WorkerCalls): Promise<ResponseMessage> {
  const limit = exchangesLimit(exchange)
  const target = `/api/exchanges?limit=${limit}`
  const answers = await calls.askAll(exchange, { target }, { timeoutMs: LIMIT_MS }, json)
  const all = answers.flatMap(({ answered }) => (answered.status === 'fulfilled' ? [answered.value] : []))
  return respondJson(200, mergedExchanges(all as ExchangesStatus[], limit))
}

/** Has a worker answer, as it does. */
async function passedTo(
  calls: WorkerCalls,
  worker: WorkerView,
  exchange: Exchange,
  timeoutMs: number,
): Promise<ResponseMessage> {
  const { method, target } = exchange.request
  return calls.ask(exchange, worker, { method, target }, { timeoutMs })
}

/** @throws `Refusal` 503 */
function anyOf({ workers }: WorkerCalls): WorkerView {
  const found = workers.find(({ phase }) => phase === 'serving') ?? workers[0]
  if (found !== undefined) return found
  throw new Refusal(503, 'Service unavailable', 'no worker serves')
}

/** The one that `worker=2` asks for, the first one where nothing is said. @throws `Refusal` 400, 404 */
function numbered(calls: WorkerCalls, { request }: Exchange): WorkerView {
  const given = new URLSearchParams(request.query).get('worker') ?? '1'
  if (!/^[1-9]\d{0,5}$/.test(given))
    throw new Refusal(400, 'Bad request', '"worker" must be the number of a worker')
  const own = calls.workers.filter(({ number }) => number === Number(given))
  // During a roll, the one that takes the other's place.
  const found = own.find(({ phase }) => phase === 'serving') ?? own[0]
  if (found !== undefined) return found
  const there = calls.workers.map(({ number }) => number).join(', ')
  throw new Refusal(
    404,
    'Not found',
    `there is no worker of this number; those that there are: ${there || 'none'}`,
  )
}

async function json({ status, body }: ResponseMessage): Promise<unknown> {
  if (status === 200) return body.json({ maxBytes: MAX_BYTES })
  body.discard()
  throw new Error(`it has answered ${status}`)
}
