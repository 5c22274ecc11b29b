import type { ProxyStatus, WorkerProcess } from '../../admin/api.ts'
import type { AdminShare } from '../../admin/share.ts'
import type { Clock } from '../../core/clock.ts'
import type { ConfigurationControl } from '../../core/configuration-control.ts'
import type { LifecyclePhase } from '../../core/lifecycle.ts'
import { log } from '../../core/log.ts'
import type { Readiness } from '../../core/readiness.ts'
import { VERSION } from '../../core/version.ts'
import type { Channel } from '../channel.ts'
import type { WorkerView } from '../worker-group.ts'
import { sum } from './merging/summed.ts'

/** What is known of a supervisor beside its workers. */
export interface SupervisorFacts {
  readonly clock: Clock
  readonly startedAt: number
  readonly readOnly: boolean
  readonly configuration?: ConfigurationControl | undefined
}

/** The supervisor, and how things stand with its workers. `shares`: of those that have answered. */
export function supervisorStatus(
  { clock, startedAt, readOnly, configuration }: SupervisorFacts,
  workers: readonly WorkerView[],
  shares: ReadonlyMap<Channel, AdminShare>,
): ProxyStatus {
  const { rss, heapUsed } = process.memoryUsage()
  const proxies = [...shares.values()].map(({ snapshot }) => snapshot.proxy)
  return {
    version: VERSION,
    node: process.versions.node,
    pid: process.pid,
    startedAt,
    now: Math.round(clock.wallTime()),
    phase: phaseOf(workers),
    readiness: readinessOf(workers),
    logLevel: log.level,
    readOnly,
    residentBytes: rss + sum(proxies, ({ residentBytes }) => residentBytes),
    heapUsedBytes: heapUsed + sum(proxies, ({ heapUsedBytes }) => heapUsedBytes),
    ...(configuration === undefined ? {} : { configuration: configuration.status }),
    workers: workers.map((worker) => processOf(worker, shares.get(worker.channel))),
  }
}

/** The phase of all: they serve while one of them does. */
export function phaseOf(workers: readonly WorkerView[]): LifecyclePhase {
  const has = (phase: WorkerView['phase']): boolean => workers.some((worker) => worker.phase === phase)
  return has('serving') ? 'serving' : has('draining') && !has('starting') ? 'draining' : 'starting'
}

/** Whether traffic should be sent: to one worker at least. When all end, none serves any more. */
export function readinessOf(workers: readonly WorkerView[]): Readiness {
  const phase = phaseOf(workers)
  return phase === 'serving'
    ? { ready: true, reasons: [] }
    : { ready: false, reasons: [`no worker serves: ${phase}`] }
}

function processOf(
  { number, pid, phase, startedAt, restarts }: WorkerView,
  share: AdminShare | undefined,
): WorkerProcess {
  return {
    number,
    pid,
    phase,
    startedAt,
    restarts,
    answers: share !== undefined,
    connections: share && sum(share.snapshot.listeners, ({ connections }) => connections),
    residentBytes: share?.snapshot.proxy.residentBytes,
  }
}
