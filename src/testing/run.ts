import { ProxyError, toProxyError } from '../core/errors.ts'
import type { Outcome } from '../core/exchange.ts'
import { type Filter, type Handler, noResponse } from '../core/handler.ts'
import type { HeaderList } from '../core/headers.ts'
import { ResponseMessage, respond } from '../core/message.ts'
import { invalidOption } from '../core/options.ts'
import type { InformationalResponse, TestExchange } from './exchange.ts'
import { RealWork } from './real-work.ts'

/** The request as `next` saw it, when it was called. */
export interface NextCall {
  readonly method: string
  readonly target: string
  readonly host: string
  /** A copy: what the filter changes later does not show here. */
  readonly headers: HeaderList
  /** The body that went on; `undefined` where the test's own handler decides what is read. */
  readonly body: Buffer | undefined
}

export interface RunResult {
  /** What the filter returned. Its body has not been read yet: `await response.body.text()`. */
  readonly response: ResponseMessage
  readonly exchange: TestExchange
  /** One for each time that the filter called `next`. */
  readonly calls: readonly NextCall[]
  /** How often the filter called `next`: `calls.length`. 0 when it answered by itself. */
  readonly callCount: number
  /** Interim (1xx) responses that were sent to the client. */
  readonly informational: readonly InformationalResponse[]
  /** How the exchange ended: `undefined` until `finish` was called. */
  readonly outcome: Outcome | undefined
  /**
   * Sends the response and ends the exchange as a listener does: reads what is left of the body, then runs the
   * `onComplete` listeners. `{ result: 'aborted' }` plays the client that leaves instead: the exchange is aborted
   * and the body dropped. A second call changes nothing.
   */
  finish(overrides?: Partial<Outcome>): Promise<Outcome>
}

/**
 * Calls a filter with an exchange, and shows what it did.
 *
 * Where the exchange was given no clock, its own is moved from timer to timer until the filter has answered; what takes
 * more than an hour of virtual time fails. A clock of the test's is moved by the test: `clock.until(run(...))`.
 *
 * Rejects as the filter does; what `next` saw is then for a handler of the test's own to record. Without a
 * `handler`, `next` reads the request's body and answers 200 `ok`.
 *
 * @example
 * const closed = onRequest(() => respond(503))
 * const { response, callCount } = await run(closed, exchange({ url: '/shop' }))
 * expect(response.status).toBe(503)
 * expect(callCount).toBe(0)
 */
export async function run(filter: Filter, exchange: TestExchange, handler?: Handler): Promise<RunResult> {
  if (typeof filter !== 'function')
    throw invalidOption('run', 'filter', 'a function (exchange, next) => response', filter)
  if (typeof exchange?.finish !== 'function')
    throw invalidOption('run', 'exchange', 'what exchange({ ... }) gives', exchange)
  const calls: NextCall[] = []
  const next: Handler = (at) => {
    const { method, target, host, headers } = at.request
    const call = { method, target, host, headers: headers.clone(), body: undefined }
    const index = calls.push(call) - 1
    if (handler !== undefined) return handler(at)
    return answerOk(at.request.body.buffer({ maxBytes: Number.POSITIVE_INFINITY }), (body) => {
      calls[index] = { ...call, body }
    })
  }
  const work = new RealWork()
  const response = await onOwnClock(
    exchange,
    work,
    work.within(() => filter(exchange, next)),
  )
  if (!(response instanceof ResponseMessage)) throw noResponse(response)
  return {
    response,
    exchange,
    calls,
    get callCount() {
      return calls.length
    },
    informational: exchange.informational,
    get outcome() {
      return exchange.outcome
    },
    finish: (overrides = {}) =>
      onOwnClock(
        exchange,
        work,
        work.within(() => finish(response, exchange, overrides)),
      ),
  }
}

// Taken when the module is loaded, so that nobody's fake timers stop it.
const { setTimeout } = globalThis

const LIMIT_MS = 3_600_000

/** Moves the exchange's own clock, if it has one, until something is settled. */
async function onOwnClock<T>({ ownClock }: TestExchange, work: RealWork, result: T | Promise<T>): Promise<T> {
  if (ownClock === undefined || !(result instanceof Promise)) return result
  let settled = false
  const settling = (): void => {
    settled = true
  }
  result.then(settling, settling)
  const limit = ownClock.now() + LIMIT_MS
  for (;;) {
    await ownClock.advance(0)
    if (settled) return result
    const { nextInMs } = ownClock
    // Time stands still for what the filter does in real time.
    if (work.pending > 0) continue
    if (nextInMs === undefined) {
      await Promise.race([result, aMoment()])
      continue
    }
    if (ownClock.now() + nextInMs > limit)
      throw new Error('run: the filter has not answered after an hour of virtual time, and still sets timers')
    await ownClock.advance(nextInMs)
  }
}

/** Of real time. Keeps no process alive for a filter that will never answer. */
function aMoment(): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, 1).unref())
}

async function answerOk(reading: Promise<Buffer>, onBody: (body: Buffer) => void): Promise<ResponseMessage> {
  onBody(await reading)
  return respond(200, 'ok')
}

async function finish(
  response: ResponseMessage,
  exchange: TestExchange,
  overrides: Partial<Outcome>,
): Promise<Outcome> {
  if (exchange.outcome !== undefined) return exchange.outcome
  if (overrides.result === 'aborted') {
    const reason = toProxyError(overrides.error ?? new ProxyError('client_aborted'))
    exchange.abort(reason)
    response.body.discard(reason)
    return exchange.finish({ status: response.status, ...overrides, error: reason })
  }
  // A body that the test has read already counts by its length, where that is known.
  let bytesSent = response.body.used ? (response.body.length ?? 0) : 0
  let error: ProxyError | undefined
  if (!response.body.used) {
    try {
      for await (const chunk of response.body) bytesSent += chunk.byteLength
    } catch (thrown) {
      error = toProxyError(thrown)
    }
  }
  return exchange.finish({ status: response.status, bytesSent, ...(error && { error }), ...overrides })
}
