import type {
  DeadlineDescription,
  EjectDescription,
  HealthDescription,
  HedgeDescription,
  PoolLimitsDescription,
  ResilienceDescription,
  RetryDescription,
} from '../transport/resilience-description.ts'

/** What a pool does when its endpoints fail or are slow, in a line for each thing that it was asked to do. */
export function resilienceLines(resilience: ResilienceDescription): string[] {
  const { retry, hedge, deadline, health, eject, slowStart, panicThreshold } = resilience
  const lines: string[] = []
  const say = (what: string, ...facts: (string | undefined)[]): void => {
    lines.push(`  ${what.padEnd(10)} ${facts.filter((fact) => fact !== undefined).join(', ')}`)
  }
  if (retry !== undefined) say('retry', ...retryFacts(retry))
  if (hedge !== undefined) say('hedge', ...hedgeFacts(hedge))
  if (deadline !== undefined) say('deadline', ...deadlineFacts(deadline))
  if (health !== undefined) say('health', ...healthFacts(health))
  if (eject !== undefined) say('eject', ...ejectFacts(eject))
  if (slowStart !== undefined) say('slow start', time(slowStart.lastsMs))
  if (panicThreshold > 0) say('panic', `below ${percent(panicThreshold)} of the endpoints fit to serve`)
  return lines
}

function deadlineFacts({ ms, header, grpc }: DeadlineDescription): (string | undefined)[] {
  return [
    ms === Number.POSITIVE_INFINITY ? undefined : time(ms),
    grpc ? 'grpc-timeout of a call' : undefined,
    header && `told in ${header}`,
  ]
}

/** How long a pool waits for what, and how much it has of it at a time. */
export function limitsLine(limits: PoolLimitsDescription): string {
  const { maxConnections, maxPending, pendingMs, connectMs, tlsMs, headMs, bodyIdleMs, tunnelIdleMs } = limits
  const facts = [
    `${count(maxConnections)} connections to an endpoint`,
    `${maxPending} may wait for one up to ${time(pendingMs)}`,
    `connect ${time(connectMs)}`,
    `TLS ${time(tlsMs)}`,
    `head ${time(headMs)}`,
    `body idle ${time(bodyIdleMs)}`,
    `tunnel idle ${time(tunnelIdleMs)}`,
  ]
  return `  limits     ${facts.join(', ')}`
}

function retryFacts({ attempts, on, perAttemptMs, budget }: RetryDescription): (string | undefined)[] {
  return [
    `${attempts} attempts`,
    `on ${on.join(' ')}`,
    perAttemptMs === Number.POSITIVE_INFINITY ? undefined : `each ${time(perAttemptMs)}`,
    budget === undefined
      ? 'without a budget'
      : `budget ${percent(budget.ratio)} of the requests and ${budget.minPerSecond} a second`,
  ]
}

function hedgeFacts({ afterMs, budget }: HedgeDescription): string[] {
  const after = typeof afterMs === 'string' ? afterMs : time(afterMs)
  return [`after ${after}`, `budget ${percent(budget)} of the requests`]
}

function healthFacts(health: HealthDescription): (string | undefined)[] {
  const { address, port, intervalMs, timeoutMs, rise, fall, initial } = health
  const where = `${address === undefined ? '' : ` at ${address}`}${port === undefined ? '' : ` on port ${port}`}`
  return [
    `${questionOf(health)}${where} every ${time(intervalMs)}`,
    `each ${time(timeoutMs)}`,
    `rise ${rise}`,
    `fall ${fall}`,
    initial === 'unhealthy' ? 'must pass first' : undefined,
  ]
}

function questionOf(health: HealthDescription): string {
  switch (health.type) {
    case 'http':
      return `${health.method} ${health.path}`
    case 'tcp':
      return 'TCP'
    case 'grpc':
      return health.service === '' ? 'gRPC' : `gRPC ${health.service}`
  }
}

function ejectFacts(eject: EjectDescription): (string | undefined)[] {
  const { consecutiveErrors, consecutiveConnectFailures, successRate, failurePercentage, latency } = eject
  return [
    Number.isFinite(consecutiveErrors) ? `${consecutiveErrors} errors in a row` : undefined,
    Number.isFinite(consecutiveConnectFailures)
      ? `${consecutiveConnectFailures} failures to connect in a row`
      : undefined,
    successRate && `success ${successRate.deviations} deviations below the mean`,
    failurePercentage && `${failurePercentage.threshold} % failed`,
    latency && `${latency.factor} times as slow as the others`,
    `for ${time(eject.ejectMs)} up to ${time(eject.maxEjectMs)}`,
    `at most ${percent(eject.maxEjected)} of the endpoints`,
  ]
}

const UNITS = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
] as const

/** In the largest unit that makes it a whole number. */
function time(ms: number): string {
  if (ms === Number.POSITIVE_INFINITY) return 'without end'
  for (const [unit, name] of UNITS) if (ms >= unit && ms % unit === 0) return `${ms / unit} ${name}`
  return `${ms} ms`
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(1))} %`
}

function count(of: number): string {
  return of === Number.POSITIVE_INFINITY ? 'any number of' : `${of}`
}
