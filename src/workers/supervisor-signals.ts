import type { ConfigurationControl } from '../core/configuration-control.ts'
import { log } from '../core/log.ts'
import type { DrainSettings } from '../proxy/drain-options.ts'
import type { Supervisor } from './supervisor.ts'

const ENDING = ['SIGTERM', 'SIGINT'] as const

/** What signals are for. */
export type Signalled = Pick<Supervisor, 'drain' | 'close' | 'reload' | 'closed' | 'overran'>

/**
 * Drains all workers on the first SIGTERM or SIGINT and closes at the second; reloads on SIGHUP, by whoever follows the files
 * that all was made of, where somebody does.
 */
export function heedSignals(
  supervisor: Signalled,
  settings: DrainSettings,
  configuration?: ConfigurationControl,
): void {
  let asked = false
  const onEnding = (signal: NodeJS.Signals): void => {
    if (!asked) log.warn(`${signal}: the workers drain; a second signal closes at once`)
    const ended = asked ? supervisor.close() : supervisor.drain(settings)
    asked = true
    void ended.then(() => {
      if (supervisor.overran) process.exitCode = 1
    })
  }
  const onHangup = (): void => {
    log.info('SIGHUP: the workers reload')
    const reloaded = configuration === undefined ? supervisor.reload() : configuration.reload()
    reloaded.then(
      () => log.info('the workers have reloaded'),
      (error: Error) => log.error(`the workers did not all reload: ${error.message}`),
    )
  }
  for (const signal of ENDING) process.on(signal, onEnding)
  process.on('SIGHUP', onHangup)
  void supervisor.closed.then(() => {
    for (const signal of ENDING) process.removeListener(signal, onEnding)
    process.removeListener('SIGHUP', onHangup)
  })
}
