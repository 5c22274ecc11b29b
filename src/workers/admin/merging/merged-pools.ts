import type { PoolStatus } from '../../../admin/api.ts'
import { grouped } from './grouped.ts'
import { mergedEndpoint } from './merged-endpoint.ts'

const MAX_DECISIONS = 20

export function mergedPools(all: readonly (readonly PoolStatus[])[]): PoolStatus[] {
  return grouped(all, ({ name }) => name).map((pools) => ({
    ...pools[0]!,
    endpoints: grouped(
      pools.map(({ endpoints }) => endpoints),
      ({ id }) => id,
    ).map(mergedEndpoint),
    lastDecisions: inTurns(pools.map(({ lastDecisions }) => lastDecisions)).slice(0, MAX_DECISIONS),
    panic: pools.some(({ panic }) => panic),
  }))
}

/** The first of each, then the second: the times of processes are by clocks that have nothing in common. */
function inTurns<T>(lists: readonly (readonly T[])[]): T[] {
  const longest = Math.max(0, ...lists.map(({ length }) => length))
  return Array.from({ length: longest }, (_, i) => lists.flatMap((list) => list.slice(i, i + 1))).flat()
}
