import { AssertionError, type AssertionErrorOptions } from 'node:assert'
import type { ProxyErrorCode } from '../../core/errors.ts'
import { CHECKS, type Check, type CheckResult, type ExpectedOutcome, type StatusClass } from './checks.ts'
import type { AnyExchange, AnyResponse, AttemptedExchange, Caller, Journalled } from './received.ts'

/** An assertion for any test runner: throws an `AssertionError` that tells what was got, with what led to it. */
export interface Assertion<Received, Args extends readonly unknown[]> {
  (received: Received, ...args: Args): void
  /** The contrary. */
  not(received: Received, ...args: Args): void
}

/**
 * The status of a response, or its class.
 *
 * @throws AssertionError with the status, the problem document and the attempts of the response that was got;
 * `ERR_OPTION_INVALID` for a promise and for what is no response, with and without `not`. So do all assertions.
 *
 * @example
 * assertStatus(await sim.get('/users'), 200)
 * assertStatus.not(response, '5xx')
 */
export const assertStatus: Assertion<AnyResponse, [expected: number | StatusClass]> = assertion(
  'assertStatus',
  CHECKS.status,
)

/**
 * A field of a response: that it is there, or that it has this value. Where it stands on several lines, one of them must have the
 * value, or all of them joined with `, `.
 *
 * @example assertHeader(response, 'cache-control', /max-age=\d+/)
 */
export const assertHeader: Assertion<AnyResponse, [name: string] | [name: string, value: string | RegExp]> =
  assertion('assertHeader', CHECKS.header)

/**
 * The code of the problem document (RFC 9457) with which the proxy answered.
 *
 * The body must be at hand. That of a response from `run` is when it was made of text or bytes, as the proxy's own
 * problem documents are; else the error says how to read it before.
 *
 * @example assertProblem(response, 'upstream_refused')
 */
export const assertProblem: Assertion<AnyResponse, [code: ProxyErrorCode]> = assertion(
  'assertProblem',
  CHECKS.problem,
)

/**
 * The endpoint that a response came from, by its id: its url, unless it was given another one. An error answer of the proxy
 * itself came from none.
 *
 * @example assertServedBy(response, 'http://u2')
 */
export const assertServedBy: Assertion<AttemptedExchange, [endpoint: string]> = assertion(
  'assertServedBy',
  CHECKS.servedBy,
)

/**
 * How many endpoints were tried for a response, the same one again counted again.
 *
 * @example assertAttempts(response, 2)
 */
export const assertAttempts: Assertion<AttemptedExchange, [count: number]> = assertion(
  'assertAttempts',
  CHECKS.attempts,
)

/**
 * How an exchange ended. Only what is given is compared; the error by its code. An exchange that is not over is an error, with
 * and without `not`.
 *
 * @example assertOutcome(response, { result: 'failed', error: 'upstream_reset' })
 */
export const assertOutcome: Assertion<AnyExchange, [expected: ExpectedOutcome]> = assertion(
  'assertOutcome',
  CHECKS.outcome,
)

/**
 * Lines of a simulation's journal, in this order, with any others between them. A string is found in a line that contains it:
 * `http://u1` is found in `http://u10` too.
 *
 * @example assertJournalled(sim, 'attempt 1: to http://u1', /attempt 2: to http:\/\/u2$/)
 */
export const assertJournalled: Assertion<Journalled, (string | RegExp)[]> = assertion(
  'assertJournalled',
  CHECKS.journalled,
)

function assertion<Received, Args extends readonly unknown[]>(
  name: string,
  check: Check<Args>,
): Assertion<Received, Args> {
  const positive = (received: Received, ...args: Args): void => {
    const result = check(callerOf(name), received, ...args)
    if (!result.pass) throw failure(result, name, positive)
  }
  const not = (received: Received, ...args: Args): void => {
    const result = check(callerOf(`${name}.not`), received, ...args)
    if (result.pass) throw failure(result, `${name}.not`, not)
  }
  return Object.assign(positive, { not })
}

function callerOf(name: string): Caller {
  return { name, written: (value) => `${name}(${value}, ...)` }
}

function failure(
  { message, actual, expected }: CheckResult,
  operator: string,
  stackStartFn: AssertionErrorOptions['stackStartFn'],
): AssertionError {
  return new AssertionError({ message: message(), actual, expected, operator, stackStartFn })
}
