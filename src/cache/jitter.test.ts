import { expect, test } from 'vitest'
import { HeaderList } from '../core/headers.ts'
import { knownHead } from './held-response.ts'
import { withJitter } from './jitter.ts'
import { DEFAULT_REUSE_TERMS } from './reuse-terms.ts'

const HEAD = {
  status: 200,
  reason: undefined,
  headers: HeaderList.from({ 'Cache-Control': 'max-age=60' }),
  requestTime: 1_000,
  responseTime: 1_000,
  variant: '',
  tags: [],
}
const { terms } = knownHead(HEAD, { terms: DEFAULT_REUSE_TERMS, targets: [] })

test('a thousand that are stored at once become stale all along the part that is taken off', () => {
  const lifetimes = Array.from({ length: 1_000 }, (_, i) => withJitter(terms, 0.5, `key ${i}`).lifetimeMs)
  const bySecond = new Map<number, number>()
  for (const ms of lifetimes) {
    const second = Math.floor(ms / 1_000)
    bySecond.set(second, (bySecond.get(second) ?? 0) + 1)
  }
  expect([...bySecond.keys()].sort((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, i) => i + 30))
  expect(Math.max(...bySecond.values())).toBeLessThan(60)
})

test('without it, lifetimes are what they were', () => {
  expect(withJitter(terms, 0, 'key')).toBe(terms)
})

test('what is taken off is the same wherever it is found, and another when it comes again', () => {
  const options = { terms: DEFAULT_REUSE_TERMS, targets: [], jitter: 0.5 }
  const lifetime = (responseTime: number) =>
    knownHead({ ...HEAD, responseTime }, options, 'k').terms.lifetimeMs
  expect(lifetime(1_000)).toBe(lifetime(1_000))
  expect(lifetime(1_000)).not.toBe(lifetime(1_001))
})
