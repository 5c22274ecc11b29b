import type { Exchange } from '../core/exchange.ts'
import type { GrpcStatus } from '../core/grpc-status.ts'
import type { ResponseMessage } from '../core/message.ts'
import {
  type Duration,
  durationMs,
  integer,
  invalidOption,
  knownOptions,
  type Size,
  sizeBytes,
} from '../core/options.ts'
import { isGrpcFailure } from './grpc-answer.ts'
import { type RepeatableRule, repeatableRule } from './repeatable.ts'
import type { RetryBudgetSettings } from './retry-budget.ts'
import { type StatusRange, type StatusRanges, statusRanges } from './status-range.ts'

/**
 * When an attempt is followed by another one.
 *
 * - `'unsent'`: not a byte of the request was sent. The endpoint refused the connection, or cannot be reached; TLS failed;
 *   the queue for its connections is full. (Envoy: `connect-failure` and `refused-stream`.)
 * - `'reset'`: the connection ended before there was a response. (Envoy: `reset-before-request` and more.)
 * - `'timeout'`: `perAttemptMs` or the pool's `headMs` was over.
 * - a status, `'5xx'`, `'502-504'`: the service answered with it.
 * - `'UNAVAILABLE'` and other statuses of gRPC: the service answered a call with it before any message (trailers alone). Who
 *   names one says that such calls may be sent again, although their method is POST.
 * - a function: it was shown the head of the response and returned true. It must not read the body.
 */
export type RetryCondition =
  | 'unsent'
  | 'reset'
  | 'timeout'
  | StatusRange
  | Exclude<GrpcStatus, 'OK'>
  | ((response: ResponseMessage, exchange: Exchange) => boolean)

/** How many retries a pool may make. */
export interface BudgetOptions {
  /** Retries for each request. Default 0.2: a fifth more than clients ask for. */
  ratio?: number
  /** Retries per second that are granted to a pool of few requests. Default 10. */
  minPerSecond?: number
  /** So much of the past is counted; from 1 s to 60 s. Default 10 s. */
  windowMs?: Duration
}

/** How long a retry waits. */
export interface BackoffOptions {
  /** The longest wait before the first retry; it doubles with each that follows. Default 25 ms. */
  baseMs?: Duration
  /** The longest wait before any. Default ten times `baseMs`. */
  maxMs?: Duration
}

/** What is retried, how often and when. Times are milliseconds or `'250ms'`, `'5s'`. */
export interface RetryOptions {
  /** Attempts altogether, the first included. From 1 to 10. Default 2. */
  attempts?: number
  /** What is retried, in place of the default `['unsent', 'reset', 'timeout']`. */
  on?: RetryCondition | readonly RetryCondition[]
  /**
   * Methods of requests that may be sent twice. Default those of RFC 9110 section 9.2.2 and QUERY: GET, HEAD, OPTIONS,
   * TRACE, PUT, DELETE, QUERY. Whatever the method, a request of which nothing was sent may be sent.
   */
  methods?: readonly string[]
  /** Takes a request with an `Idempotency-Key` for one that may be sent twice, whatever its method. Default false. */
  idempotencyKey?: boolean
  /**
   * From the pick of an endpoint to the head of its response; then the attempt is cancelled. It does not count while a body
   * comes from the client, and begins anew behind its last byte. Default `Infinity`.
   */
  perAttemptMs?: Duration
  /** How many retries there may be: the ratio alone, or all of it. `Infinity` does not count. Default 0.2. */
  budget?: number | BudgetOptions
  /** How long a retry waits, by chance, between nothing and that. Default from 25 ms on, up to 250 ms. */
  backoff?: BackoffOptions
  /** A response that asks for a longer wait by `Retry-After`, or `grpc-retry-pushback-ms`, is not retried. Default 1 s. */
  maxRetryAfterMs?: Duration
  /** Up to so much of a request's body is kept while it is sent, to be sent again. Default 64 KiB; 0 keeps nothing. */
  replayBytes?: Size
}

const OPTIONS: readonly string[] = [
  'attempts',
  'on',
  'methods',
  'idempotencyKey',
  'perAttemptMs',
  'budget',
  'backoff',
  'maxRetryAfterMs',
  'replayBytes',
] satisfies (keyof RetryOptions)[]

/** The options, checked. */
export interface RetrySettings extends RepeatableRule {
  readonly attempts: number
  readonly conditions: ReadonlySet<'unsent' | 'reset' | 'timeout'>
  readonly statuses: StatusRanges
  readonly grpcStatuses: ReadonlySet<GrpcStatus>
  readonly predicates: readonly ((response: ResponseMessage, exchange: Exchange) => boolean)[]
  readonly perAttemptMs: number
  /** `undefined` does not count. */
  readonly budget: RetryBudgetSettings | undefined
  readonly baseMs: number
  readonly maxMs: number
  readonly maxRetryAfterMs: number
  readonly replayBytes: number
}

const OWNER = 'pool.retry'
const MAX_ATTEMPTS = 10

/** Checks the options and fills in the defaults. */
export function retrySettings(options: RetryOptions): RetrySettings {
  knownOptions(OWNER, options, OPTIONS)
  const {
    attempts = 2,
    on = ['unsent', 'reset', 'timeout'],
    perAttemptMs = Number.POSITIVE_INFINITY,
    budget = 0.2,
    backoff = {},
    maxRetryAfterMs = 1_000,
    replayBytes = 65_536,
  } = options
  knownOptions(OWNER, backoff, ['baseMs', 'maxMs'] satisfies (keyof BackoffOptions)[])
  const baseMs = durationMs(OWNER, 'backoff.baseMs', backoff.baseMs ?? 25)
  const maxMs = durationMs(OWNER, 'backoff.maxMs', backoff.maxMs ?? baseMs * 10)
  if (maxMs < baseMs) throw invalidOption(OWNER, 'backoff.maxMs', 'no shorter than "backoff.baseMs"', maxMs)
  return {
    attempts: integer(OWNER, 'attempts', attempts, { min: 1, max: MAX_ATTEMPTS }),
    ...conditionsOf(on),
    ...repeatableRule(OWNER, options),
    perAttemptMs: durationMs(OWNER, 'perAttemptMs', perAttemptMs, { min: 1, unlimited: true }),
    budget: budgetSettings(budget),
    baseMs,
    maxMs,
    maxRetryAfterMs: durationMs(OWNER, 'maxRetryAfterMs', maxRetryAfterMs),
    replayBytes: sizeBytes(OWNER, 'replayBytes', replayBytes),
  }
}

/** For pools that hedge or have a deadline, and retry nothing. */
export const ONE_ATTEMPT: RetrySettings = retrySettings({ attempts: 1, budget: Number.POSITIVE_INFINITY })

/** For pools of `tcp()` that say nothing else. */
export const CONNECT_AGAIN: RetrySettings = retrySettings({ attempts: 3, on: 'unsent', budget: 1 })

/** Whether some of what is retried are responses, and not failures alone. */
export function looksAtResponses({ statuses, grpcStatuses, predicates }: RetrySettings): boolean {
  return statuses.length > 0 || grpcStatuses.size > 0 || predicates.length > 0
}

function conditionsOf(
  on: RetryCondition | readonly RetryCondition[],
): Pick<RetrySettings, 'conditions' | 'statuses' | 'grpcStatuses' | 'predicates'> {
  const given: readonly RetryCondition[] = Array.isArray(on) ? on : [on as RetryCondition]
  if (given.length === 0) throw invalidOption(OWNER, 'on', 'at least one condition', given)
  const conditions = new Set<'unsent' | 'reset' | 'timeout'>()
  const statuses: (readonly [from: number, to: number])[] = []
  const grpcStatuses = new Set<GrpcStatus>()
  const predicates: RetrySettings['predicates'][number][] = []
  for (const one of given) {
    if (one === 'unsent' || one === 'reset' || one === 'timeout') conditions.add(one)
    else if (typeof one === 'function') predicates.push(one)
    else if (isGrpcFailure(one)) grpcStatuses.add(one)
    else if (typeof one === 'number' || /^\d/.test(String(one)))
      statuses.push(...statusRanges(OWNER, 'on', one))
    else
      throw invalidOption(
        OWNER,
        'on',
        '"unsent", "reset", "timeout", a status, one of gRPC, or a function',
        one,
      )
  }
  return { conditions, statuses, grpcStatuses, predicates }
}

function budgetSettings(given: number | BudgetOptions): RetryBudgetSettings | undefined {
  if (given === Number.POSITIVE_INFINITY) return undefined
  const options = typeof given === 'number' ? { ratio: given } : given
  knownOptions(OWNER, options, ['ratio', 'minPerSecond', 'windowMs'] satisfies (keyof BudgetOptions)[])
  const { ratio = 0.2, minPerSecond = 10, windowMs = 10_000 } = options
  const window = durationMs(OWNER, 'budget.windowMs', windowMs, { min: 1_000 })
  if (window > 60_000) throw invalidOption(OWNER, 'budget.windowMs', 'at most a minute', windowMs)
  return {
    ratio: notNegative('budget.ratio', ratio),
    minPerSecond: notNegative('budget.minPerSecond', minPerSecond),
    windowMs: window,
  }
}

function notNegative(option: string, value: number): number {
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value
  throw invalidOption(OWNER, option, 'a number that is not negative', value)
}
