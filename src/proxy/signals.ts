import type { RunningProxy } from './running-proxy.ts'

const SIGNALS = ['SIGTERM', 'SIGINT'] as const

/** Drains on the first SIGTERM or SIGINT and closes at the second. The process then ends by itself. */
export function drainOnSignals(running: RunningProxy): void {
  let asked = false
  const onSignal = (): void => {
    const ended = asked ? running.close() : running.drain()
    asked = true
    ended.catch((error: unknown) => {
      console.error('gatewright: could not close', error)
      process.exitCode = 1
    })
  }
  for (const signal of SIGNALS) process.on(signal, onSignal)
  void running.closed.then(() => {
    for (const signal of SIGNALS) process.removeListener(signal, onSignal)
  })
}
