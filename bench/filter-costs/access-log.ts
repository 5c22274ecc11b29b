import { Writable } from 'node:stream'
import { accessLog } from 'gatewright/filters/access-log'
import type { FilterCost } from './filter-cost.ts'

/** These exchanges leave the event loop no time at all, in which a stream could say that it has written. */
class Sink extends Writable {
  override write(_: unknown, ...more: unknown[]): boolean {
    const written = more.at(-1)
    if (typeof written === 'function') written()
    return true
  }
}

export const costs: readonly FilterCost[] = [
  { name: 'accessLog', filters: () => [accessLog({ to: new Sink() })] },
  { name: 'accessLog, combined', filters: () => [accessLog({ to: new Sink(), format: 'combined' })] },
  {
    name: 'accessLog, one of a hundred',
    filters: () => [accessLog({ to: new Sink(), sample: 0.01 })],
  },
]
