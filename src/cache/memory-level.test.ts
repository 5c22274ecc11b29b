import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HeaderList } from '../core/headers.ts'
import { knownHead } from './held-response.ts'
import { HeldResponse, MemoryLevel } from './memory-level.ts'
import { DEFAULT_REUSE_TERMS } from './reuse-terms.ts'
import { DEFAULT_TARGETS } from './targeted-cache-control.ts'

function held(key: string, variant = '', size = 100): HeldResponse {
  return new HeldResponse(
    key,
    knownHead(
      {
        status: 200,
        reason: undefined,
        headers: HeaderList.from({ 'Content-Type': 'text/plain' }),
        requestTime: 0,
        responseTime: 0,
        variant,
        tags: [],
      },
      { terms: DEFAULT_REUSE_TERMS, targets: DEFAULT_TARGETS },
    ),
    { chunks: [new Uint8Array(size)], trailers: undefined },
  )
}

describe('MemoryLevel', () => {
  test('gives the responses of a key, the newest first, one of each variant', () => {
    const level = new MemoryLevel(100_000)
    const [a1, b, a2, other] = [held('k', 'a'), held('k', 'b'), held('k', 'a'), held('other')]
    for (const entry of [a1, b, a2, other]) expect(level.put(entry)).toBe(true)
    expect(level.find('k')).toEqual([a2, b])
    expect(level.find('k')[0]).toBe(a2)
    expect([level.entries, level.find('none')]).toEqual([3, []])
  })

  test('lets the least recently used go when it is full', () => {
    const level = new MemoryLevel(10_000)
    const [one, two, three] = [held('1', '', 3_000), held('2', '', 3_000), held('3', '', 3_000)]
    level.put(one)
    level.put(two)
    level.used(one)
    level.put(three)
    expect([level.find('1').length, level.find('2').length, level.find('3').length]).toEqual([1, 0, 1])
    expect(level.evicted).toBe(1)
  })

  test('refuses what is larger than all of it, and what that would have replaced is gone', () => {
    const level = new MemoryLevel(10_000)
    level.put(held('k'))
    expect(level.put(held('k', '', 10_000))).toBe(false)
    expect([level.entries, level.bytes, level.find('k')]).toEqual([0, 0, []])
  })

  test('keeps the newest 32 responses of a key', () => {
    const level = new MemoryLevel(1_000_000)
    for (let i = 0; i < 100; i++) level.put(held('k', `agent ${i}`))
    level.put(held('other'))
    expect([level.find('k').length, level.find('k')[0]!.head.variant, level.entries]).toEqual([
      32,
      'agent 99',
      33,
    ])
  })

  test('forgets one, all of a key, and everything', () => {
    const level = new MemoryLevel(1_000_000)
    const [a, b, c] = [held('k', 'a'), held('k', 'b'), held('k', 'c')]
    for (const entry of [a, b, c, held('l')]) level.put(entry)
    level.remove(b)
    expect(level.find('k')).toEqual([c, a])
    level.removeAll('k')
    expect([level.find('k'), level.entries]).toEqual([[], 1])
    level.clear()
    expect([level.entries, level.bytes, [...level.all()]]).toEqual([0, 0, []])
  })

  test('is never above its bound, and its tables agree, whatever comes', () => {
    const step = fc.record({
      key: fc.constantFrom('a', 'b', 'c', 'd'),
      variant: fc.nat(40).map(String),
      size: fc.nat(4_000),
      remove: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const level = new MemoryLevel(12_000)
        for (const { key, variant, size, remove } of steps) {
          if (remove) level.removeAll(key)
          else level.put(held(key, variant, size))
          expect(level.bytes).toBeLessThanOrEqual(12_000)
          const found = ['a', 'b', 'c', 'd'].flatMap((it) => level.find(it))
          expect(new Set(found)).toEqual(new Set(level.all()))
        }
      }),
    )
  })
})
