import type { ListenerStatus } from '../../../admin/api.ts'
import { grouped } from './grouped.ts'
import { sum, summedCounts } from './summed.ts'

/** All workers listen at the same addresses. */
export function mergedListeners(all: readonly (readonly ListenerStatus[])[]): ListenerStatus[] {
  return grouped(all, ({ url }) => url).map((listeners) => {
    const ends = listeners.flatMap(({ certificatesEndAt }) => certificatesEndAt ?? [])
    return {
      url: listeners[0]!.url,
      connections: sum(listeners, ({ connections }) => connections),
      accepted: sum(listeners, ({ accepted }) => accepted),
      refusals: summedCounts(listeners.map(({ refusals }) => refusals)),
      certificatesEndAt: ends.length === 0 ? undefined : Math.min(...ends),
    }
  })
}
