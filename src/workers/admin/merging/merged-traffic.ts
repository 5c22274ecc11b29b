import type { SecondStatus, TrafficStatus } from '../../../admin/api.ts'
import { Latencies } from '../../../admin/traffic/latencies.ts'
import type { LatencyCounts, SharedLatencies } from '../../../admin/traffic/shared-latencies.ts'
import { sum, summedCounts } from './summed.ts'

export function mergedTraffic(
  all: readonly TrafficStatus[],
  latencies: readonly SharedLatencies[],
): TrafficStatus {
  const statuses = all.map((it) => it.statuses)
  return {
    inFlight: sum(all, ({ inFlight }) => inFlight),
    total: sum(all, ({ total }) => total),
    failures: sum(all, ({ failures }) => failures),
    seconds: mergedSeconds(all, latencies),
    latency: together(latencies.map(({ minute }) => minute)).percentiles,
    statuses: {
      '1xx': sum(statuses, (it) => it['1xx']),
      '2xx': sum(statuses, (it) => it['2xx']),
      '3xx': sum(statuses, (it) => it['3xx']),
      '4xx': sum(statuses, (it) => it['4xx']),
      '5xx': sum(statuses, (it) => it['5xx']),
    },
    reasons: summedCounts(all.map(({ reasons }) => reasons)),
  }
}

/**
 * The whole seconds that all have told of. Those of two processes begin at other moments within a second, so a second here is
 * what began within it.
 */
function mergedSeconds(all: readonly TrafficStatus[], latencies: readonly SharedLatencies[]): SecondStatus[] {
  const lasts = all.flatMap(({ seconds }) => (seconds.length === 0 ? [] : [numberOf(seconds.at(-1)!)]))
  if (lasts.length === 0) return []
  const last = Math.min(...lasts)
  const length = Math.max(...all.map(({ seconds }) => seconds.length))
  const counts = byNumber(all.flatMap(({ seconds }) => seconds))
  const times = byNumber(latencies.flatMap(({ seconds }) => seconds))
  return Array.from({ length }, (_, i): SecondStatus => {
    const number = last - length + 1 + i
    const seconds = counts.get(number) ?? []
    const took = together(times.get(number) ?? [])
    return {
      at: Math.min(number * 1_000 + 999, ...seconds.map(({ at }) => at)),
      exchanges: sum(seconds, ({ exchanges }) => exchanges),
      failures: sum(seconds, ({ failures }) => failures),
      bytesSent: sum(seconds, ({ bytesSent }) => bytesSent),
      bytesReceived: sum(seconds, ({ bytesReceived }) => bytesReceived),
      p50: took.at(0.5),
      p99: took.at(0.99),
    }
  })
}

function together(all: readonly LatencyCounts[]): Latencies {
  const latencies = new Latencies('fine')
  for (const one of all) latencies.addShared(one)
  return latencies
}

function byNumber<T extends { readonly at: number }>(all: readonly T[]): Map<number, T[]> {
  return Map.groupBy(all, numberOf)
}

function numberOf({ at }: { readonly at: number }): number {
  return Math.floor(at / 1_000)
}
