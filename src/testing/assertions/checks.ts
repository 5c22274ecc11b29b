import { inspect } from 'node:util'
import type { AttemptRecord } from '../../core/decision-record.ts'
import { PROXY_ERRORS, type ProxyErrorCode } from '../../core/errors.ts'
import type { Outcome } from '../../core/exchange.ts'
import { integer, invalidOption, knownOptions, OptionError } from '../../core/options.ts'
import { searchJournal } from './journal-search.ts'
import {
  type Caller,
  type ReceivedExchange,
  receivedAttempts,
  receivedExchange,
  receivedJournal,
  receivedResponse,
} from './received.ts'
import { exchangeFacts, problemOf, responseFacts } from './response-facts.ts'

/** Any status that begins with this digit. */
export type StatusClass = '1xx' | '2xx' | '3xx' | '4xx' | '5xx'

/** A part of an `Outcome`. What is given must be equal; the error is compared by its code. */
export type ExpectedOutcome = Partial<Omit<Outcome, 'error'>> & {
  readonly error?: ProxyErrorCode | undefined
}

/** What a check found. */
export interface CheckResult {
  readonly pass: boolean
  /** Says what is wrong: that it did not pass, or, where it did, that it should not have. */
  readonly message: () => string
  readonly actual: unknown
  readonly expected: unknown
}

/** One thing to find out of a value. Throws when the value, or what is expected of it, makes no sense. */
export type Check<Args extends readonly unknown[]> = (
  caller: Caller,
  received: unknown,
  ...args: Args
) => CheckResult

/** The one table of checks: the assertions and the matchers are both made from it. */
export const CHECKS: {
  readonly status: Check<[expected: number | StatusClass]>
  readonly header: Check<[name: string] | [name: string, value: string | RegExp]>
  readonly problem: Check<[code: ProxyErrorCode]>
  readonly servedBy: Check<[endpoint: string]>
  readonly attempts: Check<[count: number]>
  readonly outcome: Check<[expected: ExpectedOutcome]>
  readonly journalled: Check<(string | RegExp)[]>
} = { status, header, problem, servedBy, attempts, outcome, journalled }

function status(caller: Caller, received: unknown, expected: number | StatusClass): CheckResult {
  if (typeof expected === 'string') {
    if (!/^[1-5]xx$/.test(expected))
      throw invalidOption(caller.name, 'expected', 'a status or a class such as "2xx"', expected)
  } else integer(caller.name, 'expected', expected, { min: 100, max: 599 })
  const response = receivedResponse(caller, received)
  const actual = response.status
  const pass = typeof expected === 'string' ? `${actual}`[0] === expected[0] : actual === expected
  return {
    pass,
    actual,
    expected,
    message: () =>
      `expected ${pass ? 'any status but' : 'status'} ${expected}, got ${actual}\n\n${responseFacts(response)}`,
  }
}

function header(
  caller: Caller,
  received: unknown,
  ...args: [name: string] | [name: string, value: string | RegExp]
): CheckResult {
  const [name, value] = args
  if (typeof name !== 'string' || name === '')
    throw invalidOption(caller.name, 'name', 'the name of a field', name)
  // A value that went missing on its way must not turn into a weaker check.
  if (args.length > 1 && typeof value !== 'string' && !(value instanceof RegExp))
    throw invalidOption(caller.name, 'value', 'a string or a regular expression', value)
  const response = receivedResponse(caller, received)
  const lower = name.toLowerCase()
  const values = response.headers.filter(([it]) => it.toLowerCase() === lower).map(([, it]) => it)
  const joined = values.join(', ')
  const pass =
    value === undefined
      ? values.length > 0
      : values.length > 0 && [joined, ...values].some((it) => isValue(it, value))
  const wanted = value === undefined ? name : `${name}: ${value}`
  const names = response.headers.map(([it]) => it)
  const got =
    values.length > 0
      ? values.map((it) => `${name}: ${it}`).join(' and ')
      : names.length === 0
        ? 'no fields at all'
        : `only ${names.join(', ')}`
  return {
    pass,
    actual: value === undefined ? names : values.length > 0 ? joined : undefined,
    expected: value ?? name,
    message: () =>
      `expected ${pass ? 'no header' : 'header'} ${wanted}, got ${got}\n\n${responseFacts(response)}`,
  }
}

function problem(caller: Caller, received: unknown, code: ProxyErrorCode): CheckResult {
  if (typeof code !== 'string' || !Object.hasOwn(PROXY_ERRORS, code))
    throw invalidOption(caller.name, 'code', 'the code of a ProxyError', code)
  const response = receivedResponse(caller, received)
  if (response.body === undefined) {
    throw new OptionError(
      `${caller.name}: the body is not at hand, it comes with time or through a transform: ` +
        'write response.body = Body.from(await response.body.buffer()) before',
      'received',
    )
  }
  const found = problemOf(response.body)
  const actual = found?.code
  const pass = actual === code
  const got = pass ? 'it' : (actual ?? 'no problem document of the proxy')
  return {
    pass,
    actual,
    expected: code,
    message: () =>
      `expected ${pass ? 'any problem but' : 'problem'} ${code}, got ${got}\n\n${responseFacts(response)}`,
  }
}

function servedBy(caller: Caller, received: unknown, endpoint: string): CheckResult {
  if (typeof endpoint !== 'string' || endpoint === '')
    throw invalidOption(caller.name, 'endpoint', 'the id or the url of an endpoint', endpoint)
  const exchange = receivedAttempts(caller, received)
  const serving = exchange === 'none' ? undefined : servingAttempt(exchange)
  const actual = serving?.endpoint
  const pass = serving !== undefined && (actual === endpoint || serving.url === URL.parse(endpoint)?.origin)
  const got = pass ? 'it' : (actual ?? 'an answer of the proxy itself')
  return {
    pass,
    actual,
    expected: endpoint,
    message: () =>
      `expected a response of ${pass ? 'any endpoint but ' : ''}${endpoint}, got ${got}\n\n${exchangeFacts(exchange)}`,
  }
}

/** The last attempt that a response came from; `undefined` when the proxy answered by itself. */
function servingAttempt({ attempts, outcome }: ReceivedExchange): AttemptRecord | undefined {
  // A retried answer and then a failure: what the client got is the error answer, not what was retried.
  if (outcome?.result === 'completed' && outcome.error !== undefined) return undefined
  return attempts?.findLast(({ status, error }) => status !== undefined && error !== 'hedge_lost')
}

function attempts(caller: Caller, received: unknown, count: number): CheckResult {
  integer(caller.name, 'count', count)
  const exchange = receivedAttempts(caller, received)
  // Of very many, not all are kept.
  const actual = exchange === 'none' ? 0 : (exchange.decision?.attemptCount ?? exchange.attempts.length)
  const pass = actual === count
  return {
    pass,
    actual,
    expected: count,
    message: () =>
      `expected ${pass ? 'any number but ' : ''}${counted(count)}, got ${pass ? 'it' : actual}\n\n${exchangeFacts(exchange)}`,
  }
}

function counted(attempts: number): string {
  return attempts === 1 ? '1 attempt' : `${attempts} attempts`
}

const OUTCOME = ['result', 'status', 'error', 'durationMs', 'bytesSent', 'bytesReceived'] as const

function outcome(caller: Caller, received: unknown, expected: ExpectedOutcome): CheckResult {
  knownOptions(caller.name, expected, OUTCOME)
  const wanted = OUTCOME.filter((key) => key in expected)
  if (wanted.length === 0)
    throw invalidOption(caller.name, 'expected', `at least one of ${OUTCOME.join(', ')}`, expected)
  if (expected.error !== undefined && !Object.hasOwn(PROXY_ERRORS, expected.error))
    throw invalidOption(caller.name, 'error', 'the code of a ProxyError', expected.error)
  const exchange = receivedExchange(caller, received)
  const ended = exchange.outcome
  if (ended === undefined) {
    throw new OptionError(
      `${caller.name}: the exchange is not over: let it end first (finish() after run())`,
      'received',
    )
  }
  const endedWith = (key: (typeof OUTCOME)[number]): unknown =>
    key === 'error' ? ended.error?.code : ended[key]
  const actual = Object.fromEntries(wanted.map((key) => [key, endedWith(key)]))
  const asked = Object.fromEntries(wanted.map((key) => [key, expected[key]]))
  const pass = wanted.every((key) => Object.is(actual[key], asked[key]))
  return {
    pass,
    actual,
    expected: asked,
    message: () =>
      `expected ${pass ? 'any outcome but' : 'outcome'} ${inOneLine(asked)}, got ${pass ? 'it' : inOneLine(actual)}\n\n${exchangeFacts(exchange)}`,
  }
}

function journalled(caller: Caller, received: unknown, ...wanted: (string | RegExp)[]): CheckResult {
  if (wanted.length === 0) throw invalidOption(caller.name, 'lines', 'at least one line', wanted)
  for (const line of wanted) {
    if (!(line instanceof RegExp) && (typeof line !== 'string' || line === ''))
      throw invalidOption(caller.name, 'lines', 'strings that are not empty, or regular expressions', line)
  }
  const { pass, rest, missing, text } = searchJournal(receivedJournal(caller, received), wanted)
  return { pass, actual: rest, expected: missing, message: () => text }
}

function isValue(value: string, expected: string | RegExp): boolean {
  // Unlike `test`, `search` does not remember where a global expression has stopped.
  return typeof expected === 'string' ? value === expected : value.search(expected) >= 0
}

function inOneLine(value: object): string {
  return inspect(value, { breakLength: Number.POSITIVE_INFINITY })
}
