import type { RetryRefusal } from '../core/decision-record.ts'
import { type Sent, toProxyError } from '../core/errors.ts'
import type { Exchange } from '../core/exchange.ts'
import { exchangeInWords } from '../core/exchange-in-words.ts'
import { isGrpc } from '../core/grpc-call.ts'
import type { ResponseMessage } from '../core/message.ts'
import type { Runtime } from '../transport/runtime.ts'
import { backoffMs, retryAfterMs } from './backoff.ts'
import { drop } from './drop-response.ts'
import { grpcReason, pushbackMs } from './grpc-retry.ts'
import { RetryBudget } from './retry-budget.ts'
import type { RetrySettings } from './retry-options.ts'
import { inRanges } from './status-range.ts'

/** How an attempt has ended, which may be followed by another one. */
export interface Ending {
  /** How far the request had got. */
  readonly sent: Sent
  readonly response: ResponseMessage | undefined
  /** What it was rejected with, where there is no response. */
  readonly thrown: unknown
}

/** Decides whether another attempt follows one that has ended, and after how long. */
export class RetryDecision {
  /** Most pools do not: then a response is passed on without a look. */
  readonly looksAtResponses: boolean
  readonly #settings: RetrySettings
  readonly #runtime: Runtime
  readonly #budget: RetryBudget | undefined

  constructor(settings: RetrySettings, runtime: Runtime) {
    const { budget, statuses, grpcStatuses, predicates } = settings
    this.looksAtResponses = statuses.length > 0 || grpcStatuses.size > 0 || predicates.length > 0
    this.#settings = settings
    this.#runtime = runtime
    this.#budget = budget === undefined ? undefined : new RetryBudget(budget)
  }

  /** One more request has come: retries are a share of them. */
  requestCame(): void {
    this.#budget?.deposit(this.#runtime.clock.now())
  }

  /**
   * How long to wait until the next attempt; `undefined` if there must be none. `number` is that of the last one,
   * `othersLeft` says whether there is an endpoint that was not tried.
   */
  delayMs(
    exchange: Exchange,
    ending: Ending,
    number: number,
    repeatable: boolean,
    othersLeft: () => boolean,
  ): number | undefined {
    const { clock, random, observer, log } = this.#runtime
    if (exchange.abortReason !== undefined || exchange.over) return
    if (number >= this.#settings.attempts) return this.#refuse(exchange, ending, 'attempts')
    // Who names a status of gRPC has said that such a call may be sent again.
    if (
      ending.sent !== 'none' &&
      !repeatable &&
      grpcReason(ending.response, this.#settings.grpcStatuses) === undefined
    )
      return this.#refuse(exchange, ending, 'not repeatable')
    if (!exchange.request.body.resendable) return this.#refuse(exchange, ending, 'body')
    const reason = this.#reasonToRetry(exchange, ending)
    if (reason === undefined) return this.#refuse(exchange, ending, 'condition')
    const askedMs = ending.response === undefined ? 0 : askedWaitMs(ending.response, this.#runtime)
    if (askedMs > this.#settings.maxRetryAfterMs) return this.#refuse(exchange, ending, 'retry-after')
    if (this.#budget?.withdraw(clock.now()) === false) {
      observer?.retryRefused?.(exchange, reason)
      if (log.level === 'debug')
        log.debug(`no other attempt after ${reason}, for lack of budget (${exchangeInWords(exchange)})`)
      exchange.recording?.notRetried(reason, 'budget')
      return
    }
    // Where nothing was sent, nothing is known of the others, and there is nothing to wait for.
    const atOnce = ending.sent === 'none' && askedMs === 0 && othersLeft()
    const delayMs = atOnce ? 0 : Math.ceil(askedMs + backoffMs(this.#settings, number, random))
    observer?.retried?.(exchange, reason, delayMs)
    if (log.level === 'debug')
      log.debug(`another attempt in ${delayMs} ms, after ${reason} (${exchangeInWords(exchange)})`)
    exchange.recording?.retried(reason, delayMs)
    return delayMs
  }

  /** Notes why no attempt follows, where one could and something was wrong with the last one. */
  #refuse(exchange: Exchange, { response, thrown }: Ending, refusal: RetryRefusal): undefined {
    const { recording } = exchange
    const { attempts, statuses, grpcStatuses } = this.#settings
    if (recording === undefined || attempts === 1) return
    if (response === undefined) recording.notRetried(toProxyError(thrown).code, refusal)
    else if (inRanges(statuses, response.status)) recording.notRetried(`status ${response.status}`, refusal)
    else {
      const reason = grpcReason(response, grpcStatuses)
      if (reason !== undefined) recording.notRetried(reason, refusal)
    }
  }

  #reasonToRetry(exchange: Exchange, { sent, response, thrown }: Ending): string | undefined {
    const { conditions, statuses, grpcStatuses, predicates } = this.#settings
    if (response === undefined) {
      const { code, side, retry } = toProxyError(thrown)
      // It is the proxy that has closed the connection to an endpoint that is drained; to a request, that is the same.
      const isReset = code === 'upstream_reset' || code === 'endpoint_drained'
      if ((side !== 'upstream' && !isReset) || retry === 'never') return undefined
      const fits =
        (sent === 'none' && conditions.has('unsent')) ||
        (isReset && conditions.has('reset')) ||
        ((code === 'upstream_head_timeout' || code === 'upstream_attempt_timeout') &&
          conditions.has('timeout'))
      return fits ? code : undefined
    }
    // What follows a 101 belongs to the client already.
    if (response.status < 200) return undefined
    if (inRanges(statuses, response.status)) return `status ${response.status}`
    const reason = grpcReason(response, grpcStatuses)
    if (reason !== undefined) return reason
    try {
      return predicates.some((it) => it(response, exchange)) ? 'response' : undefined
    } catch (error) {
      drop(response)
      throw error
    }
  }
}

function askedWaitMs({ headers }: ResponseMessage, { clock }: Runtime): number {
  const pushedBack = isGrpc(headers) ? pushbackMs(headers) : undefined
  if (pushedBack !== undefined) return pushedBack
  const value = headers.get('retry-after')
  return value === undefined ? 0 : (retryAfterMs(value, clock) ?? 0)
}
