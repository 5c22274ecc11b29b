import assert, { AssertionError } from 'node:assert'
import { expect, test } from 'vitest'
import { respond } from '../../core/message.ts'
import { exchange } from '../exchange.ts'
import { run } from '../run.ts'
import { assertHeader, assertJournalled, assertOutcome, assertStatus } from './assertions.ts'

// What each of them finds, and says, is tested with the checks.

test('an assertion throws an AssertionError that a runner can show as a difference', async () => {
  const response = respond(502, 'gone', { Vary: 'Accept' })
  expect(thrownBy(() => assertStatus(response, 200))).toMatchObject({
    name: 'AssertionError',
    code: 'ERR_ASSERTION',
    actual: 502,
    expected: 200,
    operator: 'assertStatus',
    generatedMessage: false,
  })
  expect(thrownBy(() => assertStatus.not(response, '5xx'))).toMatchObject({
    actual: 502,
    expected: '5xx',
    operator: 'assertStatus.not',
  })
  expect(thrownBy(() => assertHeader(response, 'vary', 'Origin'))).toMatchObject({
    actual: 'Accept',
    expected: 'Origin',
  })
  expect(thrownBy(() => assertHeader(response, 'etag'))).toMatchObject({
    actual: ['Vary', 'Content-Type'],
    expected: 'etag',
  })

  const result = await run(() => response, exchange())
  await result.finish()
  expect(thrownBy(() => assertOutcome(result, { result: 'failed', bytesSent: 4 }))).toMatchObject({
    actual: { result: 'completed', bytesSent: 4 },
    expected: { result: 'failed', bytesSent: 4 },
  })
  expect(thrownBy(() => assertJournalled({ lines: ['a', 'b', 'c'] }, 'b', 'd', 'e'))).toMatchObject({
    actual: ['c'],
    expected: ['d', 'e'],
  })
})

test('the stack of an assertion begins where it was called', () => {
  const [, first] = thrownBy(() => assertStatus(respond(502), 200)).stack!.split('\n    at ')
  expect(first).toContain('assertions.test.ts')
  const [, firstOfNot] = thrownBy(() => assertStatus.not(respond(502), 502)).stack!.split('\n    at ')
  expect(firstOfNot).toContain('assertions.test.ts')
})

function thrownBy(call: () => void): AssertionError {
  let found: unknown
  assert.throws(call, (thrown) => {
    found = thrown
    return thrown instanceof AssertionError
  })
  return found as AssertionError
}
