import type { Balancer, Candidates, Endpoint } from '../core/balancer.ts'
import { bounded } from '../core/bounded-text.ts'
import type { AttemptKind, CandidateRecord, LeftOutReason, LeftOutRecord } from '../core/decision-record.ts'
import { type DecisionWriter, MAX_RECORDED } from '../core/decision-writer.ts'
import type { Exchange } from '../core/exchange.ts'
import type { PoolEndpoint } from './endpoint.ts'
import { isFit } from './health.ts'
import type { Members } from './members.ts'

/** What a pick of an exchange is made from. */
export interface PickSituation {
  readonly kind: AttemptKind
  /** The pool's name. */
  readonly pool: string
  readonly balancer: Balancer
  readonly exchange: Exchange
  readonly candidates: Candidates
  /** Those that are no candidates because they were tried. */
  readonly tried: readonly PoolEndpoint[]
  readonly members: Members
}

/** Picks, and records what there was to choose from. Of exchanges alone that are recorded. */
export function recordedPick(
  recording: DecisionWriter,
  situation: PickSituation,
  pick: () => PoolEndpoint,
): PoolEndpoint {
  let chosen: PoolEndpoint | undefined
  try {
    chosen = pick()
    return chosen
  } finally {
    // Behind the pick, which lets response times fade first: a balancer changes nothing of what it is shown.
    recordPick(recording, situation, chosen)
  }
}

function recordPick(
  recording: DecisionWriter,
  { kind, pool, balancer, exchange, candidates, tried, members }: PickSituation,
  chosen: PoolEndpoint | undefined,
): void {
  if (!recording.withCandidates) {
    recording.picked({ ...NOT_LOOKED_AT, kind, by: members, pool, balancer: balancerName(balancer) }, chosen)
    return
  }
  const endpoints = members.named
  let { score } = balancer
  let scoreError: string | undefined
  const recorded = (endpoint: Endpoint): CandidateRecord => {
    let points: number | undefined
    try {
      points = score?.(endpoint, candidates, exchange)
    } catch (thrown) {
      // To look at a pick must not make it fail.
      scoreError = bounded(thrown instanceof Error ? thrown.message : typeof thrown)
      score = undefined
    }
    const { id, weight, zone, inFlight, responseTimeMs, health } = endpoint
    return { id, weight, zone, inFlight, responseTimeMs, health, score: points }
  }
  const shown = candidates.length > MAX_RECORDED ? firstOnes(candidates, chosen) : candidates
  const recordedOnes = shown.map(recorded)
  const { snapshot } = members
  const preferred = exchange.preference?.among(snapshot.servingFor(exchange)) === candidates
  const leftOut = candidates.length === endpoints.length ? NONE : without(endpoints, candidates)
  recording.picked(
    {
      kind,
      by: members,
      pool,
      balancer: balancerName(balancer),
      candidates: recordedOnes,
      candidateCount: candidates.length,
      leftOut: leftOut
        .slice(0, MAX_RECORDED)
        .map((it) =>
          leftOutRecord(
            it,
            tried,
            preferred ? 'not preferred' : snapshot.whyLeftOut(it, exchange, candidates),
          ),
        ),
      leftOutCount: leftOut.length,
      panic: (candidates as readonly PoolEndpoint[]).some((it) => !isFit(it)),
      scoreError,
    },
    chosen,
  )
}

const NONE: readonly PoolEndpoint[] = []

/** Of a pick whose candidates nobody wants to see. */
const NOT_LOOKED_AT = {
  candidates: [],
  candidateCount: 0,
  leftOut: [],
  leftOutCount: 0,
  panic: false,
  scoreError: undefined,
} as const

function balancerName({ name }: Balancer): string {
  return name === '' ? 'custom' : name
}

/** As many as are recorded, the chosen one among them. */
function firstOnes(candidates: Candidates, chosen: Endpoint | undefined): Candidates {
  const first = candidates.slice(0, MAX_RECORDED)
  if (chosen !== undefined && !first.includes(chosen)) first[MAX_RECORDED - 1] = chosen
  return first
}

function without(endpoints: readonly PoolEndpoint[], candidates: Candidates): readonly PoolEndpoint[] {
  const members = new Set<Endpoint>(candidates)
  return endpoints.filter((it) => !members.has(it))
}

/** What keeps an endpoint from being a candidate: first whether it is drained, then what its probes say, then its traffic. */
function leftOutRecord(
  endpoint: PoolEndpoint,
  tried: readonly PoolEndpoint[],
  part: LeftOutReason | undefined,
): LeftOutRecord {
  const { id, admission, health, watch } = endpoint
  const record = { id, detail: undefined, untilMs: undefined }
  if (admission !== 'admitted') return { ...record, reason: 'draining' }
  if (health === 'unhealthy') return { ...record, reason: 'unhealthy' }
  if (watch?.ejection.state === 'ejected')
    return { id, reason: 'ejected', detail: watch.ejectedFor, untilMs: watch.ejection.until }
  if (tried.includes(endpoint)) return { ...record, reason: 'already tried' }
  return { ...record, reason: part ?? 'not probed yet' }
}
