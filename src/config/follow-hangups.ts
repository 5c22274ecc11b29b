import type { ConfigurationControl } from '../core/configuration-control.ts'

/**
 * Reloads at each SIGHUP, as servers do since long, until `over` resolves. One that comes before there is a control is heeded
 * when there is: if nobody listened, it would end the process.
 */
export function followHangups(control: Promise<ConfigurationControl>, over: Promise<void>): void {
  // What fails is told of by the control.
  const onHangup = (): void => void control.then((it) => it.reload()).catch(() => {})
  process.on('SIGHUP', onHangup)
  void over.then(() => process.removeListener('SIGHUP', onHangup))
}
