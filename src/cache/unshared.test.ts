import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { virtualClock } from '../testing/virtual-clock.ts'
import { ChangedResources } from './changed-resources.ts'
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

test.each([
  ['Unshared', (i: number, { unshared, clock }: Kept) => unshared.add(longKey(i), clock)],
  ['ChangedResources', (i: number, { changed }: Kept) => changed.add(longKey(i), 0)],
])('%s holds little, whatever keys clients make up', (_, add) => {
  const kept = { unshared: new Unshared(), changed: new ChangedResources(), clock: virtualClock() }
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  gc()
  const before = process.memoryUsage().heapUsed
  for (let i = 0; i < 10_000; i++) add(i, kept)
  gc()
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(10_000_000)
  // Until here it is held.
  expect(kept).toHaveProperty('unshared')
})

interface Kept {
  readonly unshared: Unshared
  readonly changed: ChangedResources
  readonly clock: ReturnType<typeof virtualClock>
}
