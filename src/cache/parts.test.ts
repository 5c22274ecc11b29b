import { describe, expect, test } from 'vitest'
import { HeaderList } from '../core/headers.ts'
import { virtualClock } from '../testing/virtual-clock.ts'
import { cacheSettings } from './cache-options.ts'
import { knownHead } from './held-response.ts'
import { Levels, partsKey } from './levels.ts'
import type { PartialResponse } from './partial-response.ts'
import { Parts } from './parts.ts'

const SIZE = 40_000
const CONTENT = Buffer.from(Array.from({ length: SIZE }, (_, i) => i % 251))
const plain = cacheSettings({ maxBytes: 65_536, maxEntryBytes: 20_000 })

function start(jitter = 0) {
  const settings = { ...plain, jitter }
  const levels = new Levels(settings)
  const parts = new Parts(settings, levels)
  const clock = virtualClock()
  let now = 0
  const add = (first: number, last: number, more: Record<string, string> = {}) => {
    const headers = HeaderList.from({
      ETag: '"1"',
      'Content-Range': `bytes ${first}-${last}/${SIZE}`,
      ...more,
    })
    const times = { requestTime: now, responseTime: now++ }
    const head = knownHead(
      { status: 206, reason: undefined, headers, ...times, variant: '', tags: [] },
      settings,
      'k',
    )
    parts.add('k', head, { first, last, size: SIZE }, [CONTENT.subarray(first, last + 1)], true, clock)
  }
  const held = () => levels.memory.find(partsKey('k'))[0] as PartialResponse
  return { levels, add, held, settings }
}

describe('Parts', () => {
  test.each([
    ['side by side', (i: number) => i, 0, 10_000],
    ['far from each other', (i: number) => i * 3, 0, undefined],
    ['over each other', (i: number) => i, 20, 10_020],
    ['in no order', (i: number) => (i * 7_919) % 10_007, 0, undefined],
    ['from behind', (i: number) => SIZE - 1 - i, 0, 10_000],
  ])('of 10 000 tiny ranges are bounded: %s', (_, at, more, bytes) => {
    const { levels, add, held } = start()
    for (let i = 0; i < 10_000; i++) add(at(i), at(i) + more)
    expect(levels.memory.entries).toBe(1)
    expect(held().parts.length).toBeLessThanOrEqual(64)
    expect(levels.memory.bytes).toBeLessThan(22_000)
    const here = held().parts.reduce((sum, { first, last }) => sum + last + 1 - first, 0)
    if (bytes !== undefined) expect(here).toBe(bytes)
    for (const { first, last } of held().parts)
      expect(Buffer.concat(held().read(first, last + 1))).toEqual(CONTENT.subarray(first, last + 1))
  })

  test('are fresh for as long as the whole would be, whatever is taken off at random', () => {
    const { add, held, settings } = start(0.5)
    for (const first of [0, 10_000]) {
      add(first, first + 99, { 'Cache-Control': 'max-age=60' })
      const { status, reason, headers, requestTime, responseTime, variant, tags } = held().head
      const whole = { status, reason, headers, requestTime, responseTime, variant, tags }
      expect(held().head.terms.lifetimeMs).toBe(knownHead(whole, settings, 'k').terms.lifetimeMs)
    }
  })

  test('are no more than one entry may have', () => {
    const { levels, add, held } = start()
    add(0, 9_999)
    add(10_000, 29_999)
    expect(held().parts).toEqual([expect.objectContaining({ first: 0, last: 9_999 })])
    expect(levels.memory.bytes).toBeLessThan(11_500)
  })

  test('have the head of the newest, without what only a part says', () => {
    const { add, held } = start()
    add(0, 9, { 'X-A': 'old', 'X-B': 'b', 'Content-Length': '10' })
    add(10, 19, { 'X-A': 'new', 'Content-Length': '10' })
    expect(Object.fromEntries(held().head.headers)).toMatchObject({
      'X-A': 'new',
      'X-B': 'b',
      'Content-Length': String(SIZE),
    })
    expect([held().head.status, held().head.headers.has('content-range')]).toEqual([200, false])
  })
})
