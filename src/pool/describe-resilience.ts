import type {
  EjectDescription,
  HealthDescription,
  HedgeDescription,
  PoolLimitsDescription,
  ResilienceDescription,
  RetryDescription,
} from '../transport/resilience-description.ts'
import { CONNECTION_OPTIONS, type UpstreamLimits } from '../transport/upstream-limits.ts'
import type { EjectSettings } from './eject-options.ts'
import type { HealthSettings } from './health-options.ts'
import type { HedgeSettings } from './hedge-options.ts'
import type { PoolDescription } from './pool-description.ts'
import type { RetrySettings } from './retry-options.ts'
import { statusRangeTexts } from './status-range.ts'

/** What a pool was asked to do when its endpoints fail or are slow. */
export function describeResilience(description: PoolDescription): ResilienceDescription {
  const { retry, hedge, deadline, health, eject, slowStart, panicThreshold } = description
  return {
    // A hedge or a deadline alone has settings of retries too, which allow for none.
    retry: retry === undefined || retry.attempts === 1 ? undefined : describeRetry(retry),
    hedge: hedge && describeHedge(hedge),
    deadline,
    health: health && describeHealth(health),
    eject: eject && describeEject(eject),
    slowStart,
    panicThreshold,
  }
}

/** What a pool grants each of its endpoints, and takes from it. */
export function describeLimits(limits: UpstreamLimits): PoolLimitsDescription {
  // Not all limits are options.
  const options = CONNECTION_OPTIONS.map((name) => [name, limits[name as keyof UpstreamLimits]])
  return Object.fromEntries(options) as PoolLimitsDescription
}

function describeRetry(settings: RetrySettings): RetryDescription {
  const { attempts, conditions, statuses, grpcStatuses, predicates, methods, baseMs, maxMs, ...same } =
    settings
  const { idempotencyKey, perAttemptMs, budget, maxRetryAfterMs, replayBytes } = same
  const functions = predicates.map(({ name }) => (name === '' ? 'function' : name))
  return {
    attempts,
    on: [...conditions, ...statusRangeTexts(statuses), ...grpcStatuses, ...functions],
    methods: [...methods],
    idempotencyKey,
    perAttemptMs,
    budget,
    backoff: { baseMs, maxMs },
    maxRetryAfterMs,
    replayBytes,
  }
}

function describeHedge({ afterMs, part, budget, methods, idempotencyKey }: HedgeSettings): HedgeDescription {
  // 99.9 and not 99.90000000000001.
  const percentile = `p${Number(((part ?? 0) * 100).toFixed(1))}`
  return { afterMs: afterMs ?? percentile, budget, methods: [...methods], idempotencyKey }
}

function describeHealth(settings: HealthSettings): HealthDescription {
  const { intervalMs, timeoutMs, rise, fall, jitter, address, port, initial } = settings
  const same = { intervalMs, timeoutMs, rise, fall, jitter, address, port, initial }
  switch (settings.type) {
    case 'http': {
      const { type, method, path, host, statuses, body } = settings
      return { type, method, path, host, status: statusRangeTexts(statuses), body, ...same }
    }
    case 'tcp':
      return { type: settings.type, ...same }
    case 'grpc':
      return { type: settings.type, service: settings.service, host: settings.host, ...same }
  }
}

function describeEject(settings: EjectSettings): EjectDescription {
  const { consecutiveErrors, consecutiveConnectFailures, successRate, failurePercentage, latency } = settings
  const { intervalMs, ejectMs, maxEjectMs, jitter, maxEjected } = settings
  return {
    consecutiveErrors,
    consecutiveConnectFailures,
    successRate,
    failurePercentage,
    latency,
    intervalMs,
    ejectMs,
    maxEjectMs,
    jitter,
    maxEjected,
    statuses: statusRangeTexts(settings.statuses),
    grpcStatuses: [...settings.grpcStatuses],
  }
}
