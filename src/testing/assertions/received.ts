import type { AttemptRecord, DecisionRecord } from '../../core/decision-record.ts'
import type { Outcome } from '../../core/exchange.ts'
import type { ResponseMessage } from '../../core/message.ts'
import { invalidOption, OptionError } from '../../core/options.ts'
import type { TestExchange } from '../exchange.ts'
import type { RawResponse } from '../network/raw-client.ts'
import type { RunResult } from '../run.ts'
import type { ExchangeRecord } from '../simulation/exchange-record.ts'
import type { SimulatedResponse } from '../simulation/simulated-response.ts'

/** Where a response comes from: a simulation, a raw client, or a filter that was run. */
export type AnyResponse = SimulatedResponse | RawResponse | ResponseMessage | RunResult

/** What knows how its exchange ended. */
export type AnyExchange = SimulatedResponse | RunResult | ExchangeRecord | TestExchange

/** What knows which endpoints were tried. */
export type AttemptedExchange = SimulatedResponse | ExchangeRecord

/** A simulation, or its journal alone. */
export type Journalled =
  | { readonly lines: readonly string[] }
  | { readonly journal: { readonly lines: readonly string[] } }

/** How a check was called, so that its messages name what stands in the test. */
export interface Caller {
  /** `toHaveStatus` or `assertStatus`. */
  readonly name: string
  /** The call as it is written with this value: `expect(await sim.get(...))`. */
  written(value: string): string
}

/** What is known of a response, whatever it came as. */
export interface ReceivedResponse {
  readonly status: number
  readonly reason: string | undefined
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** `undefined` where it comes with time: a check does not wait, and does not read what others want to read. */
  readonly body: Uint8Array | undefined
  readonly complete: boolean
  readonly durationMs: number | undefined
  /** `none`: the proxy could not read the request. `undefined`: nobody noted one. */
  readonly exchange: ReceivedExchange | 'none' | undefined
}

/** What is known of an exchange. An `ExchangeRecord` is one. */
export interface ReceivedExchange {
  /** Of its simulation; `undefined` where there was none. */
  readonly seed: number | undefined
  readonly number: number | undefined
  readonly method: string
  readonly host: string
  readonly target: string
  readonly route: string | undefined
  /** `undefined` where nobody noted them. */
  readonly attempts: readonly AttemptRecord[] | undefined
  /** `undefined` where there is none. */
  readonly decision: DecisionRecord | undefined
  readonly outcome: Outcome | undefined
}

/** @throws OptionError when it is no response. */
export function receivedResponse(caller: Caller, received: unknown): ReceivedResponse {
  refusePromise(caller, received)
  const response = responseOf(received)
  if (response !== undefined) return response
  throw invalidOption(
    caller.name,
    'received',
    'a response (SimulatedResponse, RawResponse, ResponseMessage or RunResult)',
    received,
  )
}

/** @throws OptionError when it tells of no exchange. */
export function receivedExchange(caller: Caller, received: unknown): ReceivedExchange {
  refusePromise(caller, received)
  const exchange = exchangeOf(received)
  if (exchange === 'none') {
    throw new OptionError(
      `${caller.name}: there was no exchange: the proxy could not read the request`,
      'received',
    )
  }
  if (exchange !== undefined) return exchange
  throw invalidOption(
    caller.name,
    'received',
    'what tells of an exchange (SimulatedResponse, RunResult, ExchangeRecord or TestExchange)',
    received,
  )
}

/** @throws OptionError when nobody noted the attempts of it. */
export function receivedAttempts(
  caller: Caller,
  received: unknown,
): (ReceivedExchange & { readonly attempts: readonly AttemptRecord[] }) | 'none' {
  refusePromise(caller, received)
  const exchange = exchangeOf(received)
  if (exchange === 'none') return exchange
  if (exchange?.attempts !== undefined) return { ...exchange, attempts: exchange.attempts }
  throw invalidOption(
    caller.name,
    'received',
    'what tells of attempts (SimulatedResponse or ExchangeRecord)',
    received,
  )
}

/** @throws OptionError when it has no journal. */
export function receivedJournal(caller: Caller, received: unknown): readonly string[] {
  refusePromise(caller, received, 'sim.journal')
  const journal = has(received, 'journal') ? received.journal : received
  if (has(journal, 'lines') && Array.isArray(journal.lines)) return journal.lines.map(String)
  throw invalidOption(caller.name, 'received', 'a simulation or its journal', received)
}

/** The commonest mistake, so it gets the cure and not just a refusal. */
function refusePromise(caller: Caller, received: unknown, instead: string = awaited(received)): void {
  if (has(received, 'then') && typeof received.then === 'function')
    throw new OptionError(`${caller.name}: it is a promise: write ${caller.written(instead)}`, 'received')
}

function awaited(promise: unknown): string {
  // What a simulation was asked for knows how the test wrote it.
  return `await ${has(promise, 'what') && typeof promise.what === 'string' ? promise.what : 'sim.get(...)'}`
}

function responseOf(received: unknown): ReceivedResponse | undefined {
  if (isRunResult(received)) {
    return { ...ofMessage(received.response), exchange: ofTestExchange(received.exchange) }
  }
  if (isMessage(received)) return ofMessage(received)
  if (!isWholeResponse(received)) return undefined
  const { status, reason, body, complete } = received
  const simulated = 'exchange' in received
  return {
    status,
    reason,
    headers: [...received.headers],
    body,
    complete,
    durationMs: simulated ? received.durationMs : undefined,
    exchange: simulated ? (received.exchange ?? 'none') : undefined,
  }
}

function exchangeOf(received: unknown): ReceivedExchange | 'none' | undefined {
  if (isRecord(received)) return received
  if (isTestExchange(received)) return ofTestExchange(received)
  return responseOf(received)?.exchange
}

function ofMessage({ status, reason, headers, body }: ResponseMessage): ReceivedResponse {
  return {
    status,
    reason,
    headers: [...headers],
    body: body.bytes,
    complete: true,
    durationMs: undefined,
    exchange: undefined,
  }
}

function ofTestExchange({ request, route, outcome }: TestExchange): ReceivedExchange {
  const { method, host, target } = request
  return {
    seed: undefined,
    number: undefined,
    method,
    host,
    target,
    route: route?.name,
    attempts: undefined,
    decision: undefined,
    outcome,
  }
}

// By what they have and not by their class: a test runner that resets its modules has two of each class.

function isRunResult(received: unknown): received is RunResult {
  return has(received, 'response', 'exchange', 'calls') && isMessage(received.response)
}

function isMessage(received: unknown): received is ResponseMessage {
  return has(received, 'status', 'headers', 'body') && has(received.body, 'discard', 'bytes')
}

function isWholeResponse(received: unknown): received is SimulatedResponse | RawResponse {
  return (
    has(received, 'status', 'headers', 'body', 'complete', 'informational') &&
    received.body instanceof Uint8Array
  )
}

function isRecord(received: unknown): received is ExchangeRecord {
  return has(received, 'number', 'attempts', 'outcome') && Array.isArray(received.attempts)
}

function isTestExchange(received: unknown): received is TestExchange {
  return has(received, 'request', 'client', 'outcome')
}

function has<K extends string>(value: unknown, ...keys: readonly K[]): value is Readonly<Record<K, unknown>> {
  return typeof value === 'object' && value !== null && keys.every((key) => key in value)
}
