import type { AttemptRecord, WaitRecord } from './decision-record.ts'

/** How long an attempt was in each of its phases, in milliseconds; `undefined` of one that it never came to. */
export interface AttemptTimes {
  /** For a connection to become free, or to be begun. */
  readonly queueMs: number | undefined
  readonly connectMs: number | undefined
  /** Until the last byte of the request was given to the connection. */
  readonly requestMs: number | undefined
  /** From then to the head of the response. */
  readonly headMs: number | undefined
  /** From the head to the end of the response. */
  readonly bodyMs: number | undefined
}

/** The phases of an attempt. One that goes on has lasted until now. */
export function attemptTimes(attempt: AttemptRecord, nowMs: number): AttemptTimes {
  const { queuedAtMs, connectingAtMs, connectedAtMs, requestSentAtMs, respondedAtMs } = attempt
  const end = attempt.endedAtMs ?? nowMs
  // A service may answer before it has read all.
  const sentOrAnswered =
    respondedAtMs === undefined ? requestSentAtMs : Math.min(requestSentAtMs ?? respondedAtMs, respondedAtMs)
  return {
    queueMs: between(queuedAtMs, connectingAtMs ?? connectedAtMs ?? end),
    connectMs: between(connectingAtMs, connectedAtMs ?? end),
    requestMs: between(connectedAtMs, sentOrAnswered ?? end),
    headMs: between(sentOrAnswered, respondedAtMs ?? end),
    bodyMs: between(respondedAtMs, end),
  }
}

/** How long an exchange was in the queues of filters that limit load; `undefined` when it was in none. */
export function limitMs(waits: readonly WaitRecord[], nowMs: number): number | undefined {
  if (waits.length === 0) return undefined
  let sum = 0
  for (const { fromMs, untilMs } of waits) sum += (untilMs ?? nowMs) - fromMs
  return sum
}

/** A connection that was begun for another request may have been there before this one has asked. */
function between(from: number | undefined, to: number): number | undefined {
  return from === undefined ? undefined : Math.max(0, to - from)
}
