import { expect, it } from 'vitest'
import { turnedAway } from './load-rejection.ts'

it('turnedAway makes an error without a stack, and leaves those of others alone', () => {
  const error = turnedAway('overloaded', 'the limit is reached')
  expect(error).toMatchObject({ code: 'overloaded', detail: 'the limit is reached' })
  expect(error.stack).not.toContain('\n')
  expect(new Error('another').stack).toContain('load-rejection.test.ts')
})

it('turnedAway says when to come again, in whole seconds', () => {
  expect(turnedAway('concurrency_exceeded', '').headers?.get('retry-after')).toBe('1')
  expect(turnedAway('circuit_open', '', 4_001).headers?.get('retry-after')).toBe('5')
})
