import type { ConfigurationControl } from '../core/configuration-control.ts'

/** Reloads at each SIGHUP, as servers do since long, until `closed` resolves. */
export function followHangups(control: ConfigurationControl, closed: Promise<void>): void {
  // What fails is told of by the control.
  const onHangup = (): void => void control.reload().catch(() => {})
  process.on('SIGHUP', onHangup)
  void closed.then(() => process.removeListener('SIGHUP', onHangup))
}
