import { expect } from 'vitest'
import type { ProxyErrorCode } from '../core/errors.ts'
import {
  CHECKS,
  type Check,
  type CheckResult,
  type ExpectedOutcome,
  type StatusClass,
} from './assertions/checks.ts'
import type { Caller } from './assertions/received.ts'

/**
 * What `expect` of vitest can do with responses and simulations. To import this module is enough, in a test or in a setup
 * file; each matcher is the assertion of the same name in `gatewright/testing`.
 *
 * A promise, and a value of a wrong kind, are errors with and without `.not`.
 *
 * @example
 * import 'gatewright/testing/vitest'
 *
 * expect(await sim.get('/users')).toHaveStatus(200)
 */
export interface ProxyMatchers<R> {
  /** The status of a response, or its class: `200`, `'2xx'`. */
  toHaveStatus(expected: number | StatusClass): R
  /** A field of a response: that it is there, or that one of its lines, or all of them joined with `, `, has this value. */
  toHaveHeader(...expected: [name: string] | [name: string, value: string | RegExp]): R
  /** The code of the problem document (RFC 9457) with which the proxy answered. The body must be at hand. */
  toHaveProblem(code: ProxyErrorCode): R
  /** The endpoint that a response came from, by its id: its url, unless it was given another one. */
  toBeServedBy(endpoint: string): R
  /** How many endpoints were tried for a response, the same one again counted again. */
  toHaveAttempts(count: number): R
  /** How an exchange ended. Only what is given is compared; the error by its code. */
  toHaveOutcome(expected: ExpectedOutcome): R
  /** Lines of a simulation's journal, in this order, with any others between them. A string is found in a line that contains it. */
  toHaveJournalled(...lines: (string | RegExp)[]): R
}

declare module 'vitest' {
  // The parameters must be named as vitest names them.
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown>
    extends ProxyMatchers<R> {}
}

expect.extend({
  toHaveStatus: matcher('toHaveStatus', CHECKS.status),
  toHaveHeader: matcher('toHaveHeader', CHECKS.header),
  toHaveProblem: matcher('toHaveProblem', CHECKS.problem),
  toBeServedBy: matcher('toBeServedBy', CHECKS.servedBy),
  toHaveAttempts: matcher('toHaveAttempts', CHECKS.attempts),
  toHaveOutcome: matcher('toHaveOutcome', CHECKS.outcome),
  toHaveJournalled: matcher('toHaveJournalled', CHECKS.journalled),
} satisfies Record<keyof ProxyMatchers<void>, unknown>)

function matcher<Args extends readonly unknown[]>(
  name: keyof ProxyMatchers<void>,
  check: Check<Args>,
): (received: unknown, ...args: Args) => CheckResult {
  const caller: Caller = { name, written: (value) => `expect(${value})` }
  return (received, ...args) => {
    const result = check(caller, received, ...args)
    // Where it passed and should not have, a diff of the two would show nothing.
    return result.pass ? { ...result, actual: undefined, expected: undefined } : result
  }
}
