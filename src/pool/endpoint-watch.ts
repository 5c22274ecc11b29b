import type { ProxyErrorCode } from '../core/errors.ts'
import type { ResponseMessage } from '../core/message.ts'
import { type AttemptSign, type Ejection, SERVING } from './ejection.ts'
import type { Ejector } from './ejector.ts'
import type { PoolEndpoint } from './endpoint.ts'
import { ResponseTimes } from './response-times.ts'

/** What is known of one endpoint by its attempts. They tell it what they have seen. */
export class EndpointWatch {
  readonly endpoint: PoolEndpoint
  ejection: Ejection = SERVING
  /** Why it was ejected last. */
  ejectedFor = ''
  /** Of this interval; `undefined` where nothing depends on them. */
  times: ResponseTimes | undefined
  readonly #ejector: Ejector
  #succeeded = 0
  #failed = 0

  constructor(endpoint: PoolEndpoint, ejector: Ejector, times: ResponseTimes | undefined) {
    this.endpoint = endpoint
    this.times = times
    this.#ejector = ejector
  }

  /** Whether response times are of interest from now on. */
  time(timed: boolean): void {
    if (timed !== (this.times !== undefined)) this.times = timed ? new ResponseTimes() : undefined
  }

  /** Attempts of this interval. */
  get requests(): number {
    return this.#succeeded + this.#failed
  }

  /** From 0 to 1. There must be attempts. */
  get successRate(): number {
    return this.#succeeded / this.requests
  }

  /**
   * The head of a response is there. Returns whether it was a good one. `timedFrom`: when the endpoint had all of the
   * request; `undefined` where it has not.
   */
  responded(response: ResponseMessage, startedAt: number, timedFrom: number | undefined): boolean {
    const good = !this.#ejector.isFailure(response)
    // An error is soon said: beside others that fail at once, the one that does its work would be the slow one.
    if (good && response.status < 400) this.#timed('answered', startedAt, timedFrom)
    this.#ejector.noted(this, good ? 'answered' : 'failed', startedAt)
    return good
  }

  /** A response with a good head is complete. */
  completed(startedAt: number): void {
    this.#ejector.noted(this, 'whole', startedAt)
  }

  /** An attempt was given up before the head of its response: the client has left, or another attempt has won. */
  cancelled(startedAt: number, timedFrom: number | undefined): void {
    this.#timed('cancelled', startedAt, timedFrom)
  }

  /** An attempt has failed because of the upstream: before its response, or after a good head. */
  failed(code: ProxyErrorCode, hadGoodHead: boolean, startedAt: number, timedFrom: number | undefined): void {
    if (NOT_ITS_FAULT.has(code)) return
    if (OUT_OF_TIME.has(code)) this.#timed('cancelled', startedAt, timedFrom)
    const sign = hadGoodHead ? 'broken' : UNCONNECTED.has(code) ? 'unconnected' : 'failed'
    this.#ejector.noted(this, sign, startedAt)
  }

  count(sign: AttemptSign): void {
    if (sign === 'answered') this.#succeeded++
    else if (sign !== 'whole') {
      this.#failed++
      // It was taken for a success when its head came, perhaps in the interval before.
      if (sign === 'broken' && this.#succeeded > 0) this.#succeeded--
    }
  }

  /** Counts anew, from here on. */
  forget(): void {
    this.#succeeded = 0
    this.#failed = 0
    this.times?.forget()
  }

  #timed(how: 'answered' | 'cancelled', startedAt: number, from: number | undefined): void {
    if (this.times !== undefined && from !== undefined)
      this.#ejector.timed(this as TimedWatch, how, startedAt, from)
  }
}

/** One whose response times are noted. */
export type TimedWatch = EndpointWatch & { readonly times: ResponseTimes }

/** Cancelled because no head of a response had come. */
const OUT_OF_TIME: ReadonlySet<ProxyErrorCode> = new Set<ProxyErrorCode>([
  'upstream_head_timeout',
  'upstream_attempt_timeout',
  'upstream_deadline',
])

/** No connection was made. */
const UNCONNECTED: ReadonlySet<ProxyErrorCode> = new Set<ProxyErrorCode>([
  'upstream_dns_failed',
  'upstream_refused',
  'upstream_unreachable',
  'upstream_connect_timeout',
  'upstream_tls_timeout',
  'upstream_tls_failed',
  'upstream_certificate_invalid',
])

/** The pool's own limits. To eject a busy endpoint would give its load to the others, which are next. */
const NOT_ITS_FAULT: ReadonlySet<ProxyErrorCode> = new Set<ProxyErrorCode>([
  'no_endpoint',
  'pool_queue_full',
  'pool_queue_timeout',
  'upstream_body_too_large',
])
