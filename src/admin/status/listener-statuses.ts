import type { ListenerView } from '../../core/proxy-view.ts'
import type { ListenerStatus } from '../api.ts'

export function listenerStatuses(listeners: readonly ListenerView[]): ListenerStatus[] {
  return listeners.map((it) => ({ ...it, refusals: Object.fromEntries(it.refusals) }))
}
