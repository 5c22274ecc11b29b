import { expect, test, vi } from 'vitest'
import { virtualClock } from '../testing/index.ts'
import { boundedAsk } from './bounded-ask.ts'

test('nobody is asked for what was given up at once', async () => {
  const clock = virtualClock()
  const controller = new AbortController()
  const ask = vi.fn(() => Promise.resolve(1))
  const answer = boundedAsk(ask, 'users.test', 1_000, controller.signal, clock)
  controller.abort()
  await expect(answer).rejects.toThrow('users.test: given up')
  await Promise.resolve()
  expect(ask).not.toHaveBeenCalled()
})
