import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { virtualClock } from '../testing/virtual-clock.ts'
import { ownText } from './own-text.ts'
import { shortText } from './short-text.ts'
import { Unshared } from './unshared.ts'

const longKey = (i: number) => ownText(`${'k'.repeat(4_000)}${i}`)

test('long keys are told apart, by a text of some bytes', () => {
  expect(shortText(longKey(1))).toHaveLength(64)
  expect(shortText(longKey(1))).not.toBe(shortText(longKey(2)))
  expect(shortText('short')).toBe('short')
})

test('Unshared knows a key for ten seconds', async () => {
  const clock = virtualClock()
  const unshared = new Unshared()
  unshared.add(longKey(1), clock)
  expect([unshared.has(longKey(1), clock), unshared.has(longKey(2), clock)]).toEqual([true, false])
  await clock.advance(10_000)
  expect(unshared.has(longKey(1), clock)).toBe(false)
})

test('Unshared holds little, whatever keys clients make up', () => {
  const unshared = new Unshared()
  const clock = virtualClock()
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  gc()
  const before = process.memoryUsage().heapUsed
  for (let i = 0; i < 10_000; i++) unshared.add(longKey(i), clock)
  gc()
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(10_000_000)
  // Until here it is held.
  expect(unshared.has(longKey(0), clock)).toBe(true)
})
