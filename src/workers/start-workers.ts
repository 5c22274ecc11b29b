import { systemClock } from '../core/clock.ts'
import { log } from '../core/log.ts'
import { systemRandom } from '../core/random.ts'
import { drainSettings } from '../proxy/drain-options.ts'
import type { Described, RunningProxy } from '../proxy/running-proxy.ts'
import { nodeNetwork } from '../transport/network.ts'
import { GatheredAdmin } from './admin/gathered-admin.ts'
import { SharedPorts } from './ports/shared-ports.ts'
import { addressOf, bindSocket } from './processes/bound-socket.ts'
import { childWorker, membership, processors, stayAlive } from './processes/child-worker.ts'
import type { RunningWorkers } from './running-workers.ts'
import { serveAsWorker } from './serve-as-worker.ts'
import { shareStates } from './sharing/share-states.ts'
import type { Startable } from './startable.ts'
import { Supervisor } from './supervisor.ts'
import { heedSignals } from './supervisor-signals.ts'
import { shareTicketKeys } from './tickets/share-ticket-keys.ts'
import { type WorkersOptions, type WorkersSettings, workersSettings } from './workers-options.ts'

/**
 * Serves with several processes at the same ports. Each worker is a process that runs this script again, to this call, with the
 * same arguments: what stands before it is run by all, so that it is to open nothing.
 *
 * In the process that was started by hand it resolves when all workers serve, with what looks after them: one that ends is
 * replaced, after one that ended soon not at once. Nothing is served there. In a worker it resolves with the proxy that serves.
 *
 * Signals are for the first process; workers pay no heed to them. Its exit code is 0 after a drain or a close, and 1 where a
 * worker did not end as it was asked to and was killed.
 *
 * Rate limits count for all workers together; circuits and ejections are followed by all. What else filters, pools and caches
 * count is per process: see the guide "Limits of several workers".
 *
 * @example
 * const app = proxy().listen(8080).route('/', pool(['http://127.0.0.1:3001']))
 * await startWorkers(app, { workers: 'auto' })
 *
 * @throws `ERR_OPTION_INVALID`. Rejects with the `StartError` of the first worker that cannot start; then none is left.
 */
export async function startWorkers(
  app: Startable,
  options: WorkersOptions,
): Promise<RunningProxy | RunningWorkers> {
  const settings = workersSettings(options, processors)
  // A worker that came to a second call would have workers of its own, and these again.
  if (called) throw new Error('startWorkers can be called once in a process')
  called = true
  const worker = membership()
  return worker === undefined ? supervise(app, settings) : serveAsWorker(app, settings, worker)
}

let called = false

async function supervise(app: Startable, settings: WorkersSettings): Promise<RunningWorkers> {
  const { size, signals, load, configuration } = settings
  /** As it was read last. */
  let read: Described = app
  const supervisor = new Supervisor(size, {
    makeProcess: childWorker,
    ports: new SharedPorts({ addressOf, bindSocket }),
    clock: systemClock,
    random: systemRandom,
    log,
    drain: signals ?? drainSettings('startWorkers', {}),
    validate:
      load &&
      (async () => {
        read = await load()
      }),
    follow: () => admin.follow(read.description.companions),
    stayAlive,
  })
  shareStates(supervisor)
  const surroundings = { clock: systemClock, random: systemRandom, network: nodeNetwork, configuration }
  const admin = new GatheredAdmin(supervisor, surroundings)
  // Behind everything else, so that it tells of their end too.
  void supervisor.closed
    .then(() => admin.close())
    .catch((error: unknown) => log.error('the admin listener could not close', error))
  // Before the listeners of workers open, as that of one process.
  await admin.follow(app.description.companions)
  const tickets = shareTicketKeys(supervisor, systemClock)
  void supervisor.closed.then(() => tickets.close())
  await supervisor.start()
  if (signals !== undefined) heedSignals(supervisor, signals, configuration)
  return supervisor
}
