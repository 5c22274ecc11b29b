import { log } from '../core/log.ts'
import type { DrainSettings } from './drain-options.ts'
import type { RunningProxy } from './running-proxy.ts'

const SIGNALS = ['SIGTERM', 'SIGINT'] as const

/** Drains on the first SIGTERM or SIGINT and closes at the second. The process then ends by itself. */
export function drainOnSignals(running: RunningProxy, settings: DrainSettings): void {
  let asked = false
  const onSignal = (signal: NodeJS.Signals): void => {
    // Whoever waits at a terminal is told what for. One that ends at once says nothing.
    if (!asked && (running.connections > 0 || settings.noticeMs > 0))
      log.warn(`${signal}: draining; a second signal closes at once`)
    const ended = asked ? running.close() : running.drain(settings)
    asked = true
    ended.catch((error: unknown) => {
      log.error('could not close', error)
      process.exitCode = 1
    })
  }
  for (const signal of SIGNALS) process.on(signal, onSignal)
  void running.closed.then(() => {
    for (const signal of SIGNALS) process.removeListener(signal, onSignal)
  })
}
