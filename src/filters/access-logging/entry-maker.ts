import { attemptTimes, limitMs } from '../../core/attempt-times.ts'
import type { AttemptRecord, DecisionRecord, PickRecord } from '../../core/decision-record.ts'
import { endedBy } from '../../core/ended-by.ts'
import type { ProxyError, ProxyErrorCode } from '../../core/errors.ts'
import type { Exchange, Outcome } from '../../core/exchange.ts'
import type { Address } from '../../core/network.ts'
import { currentRequestId } from '../../core/request-id.ts'
import { traceContext } from '../../core/trace-context.ts'
import type { AccessLogEntry, AccessLogTry } from './access-log-entry.ts'
import { LineDate } from './line-date.ts'
import { clipped } from './line-text.ts'
import type { LoggedFields } from './logged-fields.ts'
import type { LoggedHeaders } from './logged-headers.ts'
import type { QueryPrivacy } from './query-privacy.ts'

/** What there is to be in an entry, beside what always is. */
export interface EntrySettings {
  readonly privacy: QueryPrivacy
  readonly userAgent: boolean
  readonly referer: boolean
  readonly requestHeaders: LoggedHeaders
  readonly fields: LoggedFields
  /** Told of what a function of a user's has thrown. */
  readonly failed: (error: unknown, exchange: Exchange) => void
}

/** What was noted while the exchange ran. */
export interface Noted {
  readonly record: DecisionRecord
  /** As the client has sent it. */
  readonly query: string
  /** Of the response, where they are wanted. */
  responseHeaders: Record<string, string> | undefined
}

/** Makes entries of exchanges that are over. */
export class EntryMaker {
  readonly #settings: EntrySettings
  readonly #date = new LineDate()

  constructor(settings: EntrySettings) {
    this.#settings = settings
  }

  ofExchange(
    exchange: Exchange,
    { record, query, responseHeaders }: Noted,
    outcome: Outcome,
  ): AccessLogEntry {
    const { privacy, userAgent, referer, requestHeaders, fields, failed } = this.#settings
    const { client, request } = exchange
    const { error, durationMs, result } = outcome
    const reason = error?.code
    const endMs = record.startedAtMs + durationMs
    const attempt = answering(record.attempts, reason)
    const times = attempt === undefined ? undefined : attemptTimes(attempt, endMs)
    const trace = exchange.get(traceContext)
    const agent = userAgent ? request.headers.get('user-agent') : undefined
    const from = referer ? request.headers.get('referer') : undefined
    return {
      ts: this.#date.iso(record.startedAt),
      requestId: exchange.get(currentRequestId) ?? exchange.id,
      method: record.method,
      host: record.host,
      path: record.path,
      query: query === '' ? undefined : privacy.ofQuery(query),
      route: record.route?.match,
      status: outcome.status ?? error?.status,
      result,
      reason,
      by: record.ended?.by,
      phase: record.ended?.phase,
      pool: attempt === undefined ? record.picks.at(-1)?.pool : pickOf(attempt, record.picks)?.pool,
      endpoint: attempt?.endpoint,
      attempts: record.attemptCount,
      tries: record.attemptCount > 1 ? record.attempts.map((it) => tryOf(it, endMs)) : undefined,
      retries:
        record.retries.length === 0 ? 0 : record.retries.filter((it) => it.refused === undefined).length,
      cache: record.caches.at(-1)?.result,
      grpcStatus: record.ended?.grpcStatus,
      durationMs: rounded(durationMs),
      limitMs: rounded(limitMs(record.waits, endMs)),
      queueMs: rounded(times?.queueMs),
      connectMs: rounded(times?.connectMs),
      requestMs: rounded(times?.requestMs),
      headMs: rounded(times?.headMs),
      bodyMs: rounded(times?.bodyMs),
      bytesIn: outcome.bytesReceived,
      bytesOut: outcome.bytesSent,
      client: client.address,
      peer: client.peer.address === client.address ? undefined : client.peer.address,
      version: request.version,
      tls: client.tls?.protocol,
      traceId: trace?.traceId,
      spanId: trace?.spanId,
      userAgent: agent === undefined ? undefined : clipped(agent),
      referer: from === undefined ? undefined : clipped(privacy.ofUrl(from)),
      requestHeaders: requestHeaders.of(request.headers),
      responseHeaders,
      fields: fields.of(exchange, (thrown) => failed(thrown, exchange)),
    }
  }

  /** Of a request that could not be read. */
  ofRefused(error: ProxyError, peer: Address, now: number): AccessLogEntry {
    return {
      ...NOTHING,
      ts: this.#date.iso(now),
      status: error.status,
      result: 'refused',
      reason: error.code,
      by: endedBy(error),
      client: peer.address,
    }
  }
}

/** The attempt that says how it ended: the last one that has met the error, or none; else the last one. */
function answering(
  attempts: readonly AttemptRecord[],
  reason: ProxyErrorCode | undefined,
): AttemptRecord | undefined {
  const last = attempts.at(-1)
  return last === undefined || last.error === reason
    ? last
    : (attempts.findLast(({ error }) => error === reason) ?? last)
}

/** It stands at its number, as long as no others had to make place. */
function pickOf({ pick }: AttemptRecord, picks: readonly PickRecord[]): PickRecord | undefined {
  if (pick === undefined) return undefined
  const there = picks[pick - 1]
  return there?.number === pick ? there : picks.find(({ number }) => number === pick)
}

function tryOf(
  { kind, endpoint, status, error, startedAtMs, endedAtMs }: AttemptRecord,
  endMs: number,
): AccessLogTry {
  return { kind, endpoint, status, error, ms: rounded(Math.max(0, (endedAtMs ?? endMs) - startedAtMs)) }
}

/** To three decimals. */
function rounded<T extends number | undefined>(ms: T): T {
  return (ms === undefined ? undefined : Math.round(ms * 1_000) / 1_000) as T
}

const NOTHING: Omit<AccessLogEntry, 'ts' | 'result' | 'client'> = {
  requestId: undefined,
  method: undefined,
  host: undefined,
  path: undefined,
  query: undefined,
  route: undefined,
  status: undefined,
  reason: undefined,
  by: undefined,
  phase: undefined,
  pool: undefined,
  endpoint: undefined,
  attempts: 0,
  tries: undefined,
  retries: 0,
  cache: undefined,
  grpcStatus: undefined,
  durationMs: undefined,
  limitMs: undefined,
  queueMs: undefined,
  connectMs: undefined,
  requestMs: undefined,
  headMs: undefined,
  bodyMs: undefined,
  bytesIn: undefined,
  bytesOut: undefined,
  peer: undefined,
  version: undefined,
  tls: undefined,
  traceId: undefined,
  spanId: undefined,
  userAgent: undefined,
  referer: undefined,
  requestHeaders: undefined,
  responseHeaders: undefined,
  fields: undefined,
}
