import { HeaderList } from 'gatewright'
import { expect, test } from 'vitest'
import { systemClock } from '../core/clock.ts'
import { cacheKey } from './cache-key.ts'
import { cacheSettings } from './cache-options.ts'
import { knownHead } from './held-response.ts'
import { KeptHead } from './kept-head.ts'
import { Levels } from './levels.ts'
import { HeldResponse } from './memory-level.ts'

test('a purge of a tag looks at none of a million responses that have it, and what is found is looked at once', () => {
  const settings = cacheSettings({ maxBytes: '8gb' })
  const levels = new Levels(settings)
  const keyOf = (i: number) =>
    cacheKey({ method: 'GET', scheme: 'https', host: 'a.example', target: `/${i}` })
  const head = KeptHead.of(
    knownHead(
      {
        ...{ status: 200, reason: undefined, variant: '', tags: ['one'] },
        ...{ headers: HeaderList.from([['Cache-Control', 'max-age=1000']]), requestTime: 1, responseTime: 2 },
      },
      settings,
    ),
  )
  const content = { chunks: [], trailers: undefined }
  for (let i = 0; i < 1_000_000; i++) levels.put(new HeldResponse(keyOf(i), head, content), systemClock)
  expect(levels.memory.entries).toBe(1_000_000)

  // Whoever looks at an entry reads its tags.
  let looks = 0
  Object.defineProperty(head, 'tags', {
    get: () => {
      looks++
      return ['one']
    },
  })
  const held = (i: number) => levels.held(keyOf(i), new HeaderList())
  void levels.purge({ kind: 'tag', tag: 'other' }, false, systemClock)
  expect(looks).toBe(0)
  for (let i = 0; i < 10; i++) expect(held(7)).toBeDefined()
  expect(looks).toBe(1)
  void levels.purge({ kind: 'tag', tag: 'one' }, false, systemClock)
  expect([looks, levels.memory.entries]).toEqual([1, 1_000_000])
  for (let i = 0; i < 10; i++) expect(held(i)).toBeUndefined()
  expect(levels.memory.entries).toBe(999_990)
})
