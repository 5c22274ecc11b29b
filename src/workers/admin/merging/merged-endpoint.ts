import type { EndpointStatus } from '../../../admin/api.ts'
import { differing, firstOf, sum, summedCounts } from './summed.ts'

/** Those that want attention come first. */
const STATES: readonly EndpointStatus['state'][] = [
  'ejected',
  'unhealthy',
  'unproven',
  'draining',
  'drained',
  'removed',
  'warming',
  'serving',
]

const HEALTHS: readonly EndpointStatus['health'][] = ['unhealthy', 'unknown', 'healthy']

/** One endpoint, as several workers see it: each probes it and judges it by its own traffic, so they may differ. */
export function mergedEndpoint(all: readonly EndpointStatus[]): EndpointStatus {
  const states = all.map(({ state }) => state)
  const differ = differing(states)
  const ejections = all.flatMap(({ ejected }) => ejected ?? [])
  return {
    ...all[0]!,
    weight: Math.max(...all.map(({ weight }) => weight)),
    fullWeight: Math.max(...all.map(({ fullWeight }) => fullWeight)),
    state: firstOf(states, STATES),
    health: firstOf(
      all.map(({ health }) => health),
      HEALTHS,
    ),
    ejected: ejections.toSorted((one, other) => other.untilMs - one.untilMs)[0],
    draining: all.some(({ draining }) => draining),
    inFlight: sum(all, ({ inFlight }) => inFlight),
    connections: sum(all, ({ connections }) => connections),
    idle: sum(all, ({ idle }) => idle),
    queued: sum(all, ({ queued }) => queued),
    responseTimeMs: mean(all.map(({ responseTimeMs }) => responseTimeMs).filter((ms) => ms > 0)) ?? 0,
    successes: sum(all, ({ successes }) => successes),
    failures: summedCounts(all.map(({ failures }) => failures)),
    score: mean(all.flatMap(({ score }) => score ?? [])),
    ...(differ === undefined ? {} : { states: differ }),
  }
}

function mean(numbers: readonly number[]): number | undefined {
  return numbers.length === 0 ? undefined : sum(numbers, (it) => it) / numbers.length
}
