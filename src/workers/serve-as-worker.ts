import { systemClock } from '../core/clock.ts'
import { log } from '../core/log.ts'
import { drainSettings } from '../proxy/drain-options.ts'
import type { RunningProxy } from '../proxy/running-proxy.ts'
import { StartError } from '../proxy/start-error.ts'
import { listenWith, nodeNetwork } from '../transport/network.ts'
import { companionNetwork } from './admin/wires/companion-network.ts'
import { CONTROL, type WorkerReport } from './control-messages.ts'
import { ending, heedOrders } from './heed-orders.ts'
import { WorkerNetwork } from './ports/worker-network.ts'
import { endProcess, type Membership } from './processes/child-worker.ts'
import { joinStates } from './sharing/joined-states.ts'
import type { Startable } from './startable.ts'
import { withSharedTickets } from './tickets/with-shared-tickets.ts'
import type { WorkersSettings } from './workers-options.ts'

/** Of the supervisor, who asks for an orderly end: the signals of a terminal, or of a group of processes, reach workers too. */
const NOT_HEEDED = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Serves as one of several workers, for as long as the supervisor wants it. */
export async function serveAsWorker(
  app: Startable,
  { load, configuration, signals }: WorkersSettings,
  { number, channel }: Membership,
): Promise<RunningProxy> {
  for (const signal of NOT_HEEDED) process.on(signal, () => {})
  nameInLog(`worker ${number}`)
  const report = (message: WorkerReport): void => {
    channel.send(CONTROL, message)
  }
  const network = new WorkerNetwork(channel, withSharedTickets(channel, nodeNetwork), listenWith, systemClock)
  const sharing = joinStates(channel)
  let running: RunningProxy
  try {
    const surroundings = {
      network,
      configuration,
      sharing,
      companionNetwork: companionNetwork(channel),
    }
    running = await app.start({ signals: false, surroundings })
  } catch (error) {
    const { message, stack } = error as Error
    report({
      kind: 'failed',
      error: { message, stack, code: error instanceof StartError ? error.code : undefined },
    })
    process.exitCode = 1
    await channel.end()
    endProcess()
    // The supervisor tells of it. What stands behind the call is for a proxy that serves.
    return new Promise(() => {})
  }
  heedOrders(channel, running, load)
  // Without a supervisor nobody would replace this process, nor end it.
  void channel.closed.then(() => ending(running.drain(signals ?? drainSettings('startWorkers', {}))))
  void running.closed.then(async () => {
    await channel.end()
    endProcess()
  })
  report({ kind: 'serving', urls: running.urls })
  return running
}

/** All workers write to one place. */
function nameInLog(name: string): void {
  const write = log.to
  log.to = (entry) => write({ ...entry, message: `${name}: ${entry.message}` })
}
