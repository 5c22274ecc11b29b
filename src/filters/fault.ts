import { Body } from '../core/body.ts'
import { type Condition, headerCondition } from '../core/condition.ts'
import { ProxyError } from '../core/errors.ts'
import type { Exchange } from '../core/exchange.ts'
import { type Filter, type Handler, named } from '../core/handler.ts'
import type { ValueMatch } from '../core/match.ts'
import { ResponseMessage, respond } from '../core/message.ts'
import {
  type Duration,
  durationMs,
  integer,
  invalidOption,
  knownOptions,
  type Size,
  sizeBytes,
} from '../core/options.ts'
import { wait } from '../core/wait.ts'
import { Pace } from './body-flow/pace.ts'
import { PacedSource } from './body-flow/paced-source.ts'

export interface FaultOptions {
  /** Whether an exchange may be hit at all: asked for each, and only `true` is yes. Has no default, so that nobody has faults by mistake. */
  enabled: (exchange: Exchange) => boolean
  /** Fields that a request must have to be hit, with a value, an expression, or `true` for any. All of them. Default none. */
  headers?: Readonly<Record<string, ValueMatch>>
  /** Makes exchanges late, before anything else is done for them. Default: it does not. */
  delay?: FaultDelay
  /** Ends exchanges in place of the service, which is not asked. Default: it does not. */
  abort?: FaultAbort
  /** Sends the content of responses slowly. Default: it does not. */
  bandwidth?: FaultBandwidth
}

export interface FaultDelay {
  /** How long. */
  ms: Duration
  /** At most how long: by chance between `ms` and this, evenly. Default `ms`. */
  maxMs?: Duration
  /** The part of the exchanges, from 0 to 1. Default 1. */
  share?: number
}

export interface FaultAbort {
  /**
   * What is answered, from 400 to 599, as a service would answer it: not as an error of the proxy's. Default: the error
   * `fault_injected`, which is 503.
   */
  status?: number
  /** Resets the client's connection in place of an answer; of HTTP/2, its stream. Not with `status`. Default false. */
  reset?: boolean
  /** The part of the exchanges, from 0 to 1. Default 1. */
  share?: number
}

export interface FaultBandwidth {
  /** Bytes a second, of each response. */
  bytesPerSecond: Size
  /** The part of the exchanges, from 0 to 1. Default 1. */
  share?: number
}

const OPTIONS: readonly string[] = [
  'enabled',
  'headers',
  'delay',
  'abort',
  'bandwidth',
] satisfies (keyof FaultOptions)[]

/**
 * Makes exchanges late, fail or slow on purpose, to find out how clients and services bear it.
 *
 * Nothing happens to an exchange unless `enabled` says `true` of it, and it has the fields of `headers`. Then chance decides
 * for each of the three by itself: first it waits for `delay`, then it is ended by `abort`, or else goes on, and its response is
 * sent no faster than `bandwidth`. Time and chance are the proxy's, so that tests can turn the one and seed the other.
 *
 * A client that leaves ends the wait. Responses are slowed down as by `bandwidth`, each by itself. Where it stands says what is hit: on a route, what clients see; in `pool(...).use(...)`, each attempt, so that
 * `hedge` and `retry` have something to do (a `status` that `on` of `retry` names: an error of the proxy's own is not retried).
 * A reset is always of the client's connection.
 *
 * Traps: what hits real users is `enabled`; let it ask for a field that only testers send, or for a switch of yours. `fault` of
 * `gatewright/testing` is another one: it makes fake services fail.
 *
 * @example
 * fault({ enabled: () => process.env.CHAOS === '1', delay: { ms: '300ms', maxMs: '2s', share: 0.1 }, abort: { share: 0.01 } })
 *
 * @throws `ERR_OPTION_INVALID` for an option that is wrong.
 */
export function fault(options: FaultOptions): Filter {
  knownOptions('fault', options, OPTIONS)
  const { enabled, headers = {} } = options
  if (typeof enabled !== 'function')
    throw invalidOption('fault', 'enabled', 'a function of the exchange that gives true or false', enabled)
  if (typeof headers !== 'object' || headers === null)
    throw invalidOption('fault', 'headers', 'an object of values', headers)
  const conditions: readonly Condition[] = Object.entries(headers).map(([name, expected]) =>
    headerCondition('fault', name, expected),
  )
  const delay = options.delay === undefined ? undefined : delayOf(options.delay)
  const abort = options.abort === undefined ? undefined : abortOf(options.abort)
  const bandwidth = options.bandwidth === undefined ? undefined : bandwidthOf(options.bandwidth)
  if (delay === undefined && abort === undefined && bandwidth === undefined)
    throw invalidOption('fault', 'options', 'at least one of "delay", "abort" and "bandwidth"', options)

  const behindDelay = (exchange: Exchange, next: Handler) => {
    if (abort !== undefined && drawn(abort.share, exchange)) return abort.end(exchange)
    const slow = bandwidth !== undefined && drawn(bandwidth.share, exchange)
    const response = next(exchange)
    if (!slow) return response
    if (response instanceof ResponseMessage) return slowed(response, exchange, bandwidth.bytesPerSecond)
    return response.then((it) => slowed(it, exchange, bandwidth.bytesPerSecond))
  }
  const filter: Filter = (exchange, next) => {
    const answer: unknown = enabled(exchange)
    if (answer !== true || !conditions.every((it) => it.test(exchange, exchange.request.path)))
      return next(exchange)
    if (delay === undefined || !drawn(delay.share, exchange)) return behindDelay(exchange, next)
    const ms = delay.ms + exchange.random() * (delay.maxMs - delay.ms)
    return wait(ms, exchange).then(() => behindDelay(exchange, next))
  }
  return named(filter, 'fault')
}

function drawn(share: number, { random }: Exchange): boolean {
  return share === 1 || random() < share
}

function shareOf(option: string, share: number): number {
  if (typeof share === 'number' && share >= 0 && share <= 1) return share
  throw invalidOption('fault', `${option}.share`, 'a number from 0 to 1', share)
}

function delayOf(options: FaultDelay): Required<FaultDelay> & { ms: number; maxMs: number } {
  knownOptions('fault: delay', options, ['ms', 'maxMs', 'share'] satisfies (keyof FaultDelay)[])
  const ms = durationMs('fault', 'delay.ms', options.ms)
  const maxMs = durationMs('fault', 'delay.maxMs', options.maxMs ?? ms, { min: ms })
  return { ms, maxMs, share: shareOf('delay', options.share ?? 1) }
}

interface Abort {
  readonly share: number
  /** In place of the service. */
  readonly end: (exchange: Exchange) => Promise<ResponseMessage> | ResponseMessage
}

function abortOf(options: FaultAbort): Abort {
  knownOptions('fault: abort', options, ['status', 'reset', 'share'] satisfies (keyof FaultAbort)[])
  const { status, reset = false } = options
  const share = shareOf('abort', options.share ?? 1)
  if (typeof reset !== 'boolean') throw invalidOption('fault', 'abort.reset', 'true or false', reset)
  if (status !== undefined) integer('fault', 'abort.status', status, { min: 400, max: 599 })
  if (reset && status !== undefined)
    throw invalidOption('fault', 'abort.reset', 'left out, where "status" is given', reset)
  if (reset) return { share, end: resetOnPurpose }
  if (status !== undefined) return { share, end: () => respond(status, 'failed on purpose\n') }
  return {
    share,
    end() {
      throw new ProxyError('fault_injected')
    },
  }
}

/** Not within the call of the listener, which still works at the request. */
async function resetOnPurpose(exchange: Exchange): Promise<never> {
  await Promise.resolve()
  const reason = new ProxyError('fault_injected')
  exchange.breakOff(reason)
  throw reason
}

function bandwidthOf(options: FaultBandwidth): Required<FaultBandwidth> & { bytesPerSecond: number } {
  knownOptions('fault: bandwidth', options, ['bytesPerSecond', 'share'] satisfies (keyof FaultBandwidth)[])
  return {
    bytesPerSecond: sizeBytes('fault', 'bandwidth.bytesPerSecond', options.bytesPerSecond, { min: 1 }),
    share: shareOf('bandwidth', options.share ?? 1),
  }
}

/** As much as a tenth of a second has goes at once. */
function slowed(response: ResponseMessage, { clock }: Exchange, bytesPerSecond: number): ResponseMessage {
  const { body } = response
  if (body.length === 0) return response
  const pace = new Pace(clock, bytesPerSecond, Math.ceil(bytesPerSecond / 10))
  response.body = new Body(new PacedSource(body.take(), pace)).fromUpstream()
  return response
}
