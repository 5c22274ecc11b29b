import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DrivenSource } from '../../test/driven-source.ts'
import { virtualClock } from '../testing/virtual-clock.ts'
import { Body } from './body.ts'
import type { BodySink, BodySource } from './body-source.ts'
import { ProxyError } from './errors.ts'
import { KeepBudget } from './keep-budget.ts'
import { SharedBody, type SharedBodySettings } from './shared-body.ts'

class Reader implements BodySink {
  text = ''
  end: 'open' | 'ended' | { error: unknown } = 'open'
  readonly source: BodySource
  constructor(source: BodySource) {
    this.source = source
    source.open(this)
  }
  onChunk(chunk: Uint8Array) {
    this.text += Buffer.from(chunk).toString()
    return true
  }
  onEnd() {
    this.end = 'ended'
  }
  onError(error: unknown) {
    this.end = { error }
  }
}

function world(options: Partial<SharedBodySettings> = {}) {
  const source = new DrivenSource()
  const clock = virtualClock()
  const ended: unknown[] = []
  const content = new SharedBody(source, {
    clock,
    keepBytes: 100,
    bufferBytes: 10,
    stallMs: 1_000,
    onEnd: (error) => ended.push(error),
    ...options,
  })
  content.open()
  return { source, content, clock, ended, join: () => new Reader(content.reader()) }
}

const why = new ProxyError('client_aborted')

describe('SharedBody, kept', () => {
  test('gives all of it to readers that come early, in the middle, and at its end', () => {
    const { source, content, join, ended } = world()
    const early = join()
    source.push('one ')
    const middle = join()
    source.push('two')
    source.sink!.onEnd(undefined)
    const late = join()
    for (const reader of [early, middle, late])
      expect([reader.text, reader.end]).toEqual(['one two', 'ended'])
    expect(Buffer.concat(content.complete!.chunks).toString()).toBe('one two')
    expect(ended).toEqual([undefined])
  })

  test('lets a reader that waits hold up nobody while it is kept whole', () => {
    const { source, join } = world()
    const [slow, fast] = [join(), join()]
    slow.source.pause()
    source.push('x'.repeat(90))
    expect([slow.text.length, fast.text.length, source.paused]).toEqual([0, 90, false])
    slow.source.resume()
    expect(slow.text.length).toBe(90)
  })

  test('goes on without readers while it is kept whole', () => {
    const { source, join, ended } = world()
    join().source.cancel(why)
    source.push('all')
    source.sink!.onEnd(undefined)
    expect([source.cancelled, ended, join().text]).toEqual([undefined, [undefined], 'all'])
  })

  test('past what is kept, holds no more than the window for the slowest, and lets nobody join', () => {
    const { source, content, join } = world()
    const [slow, fast] = [join(), join()]
    slow.source.pause()
    source.push('x'.repeat(101))
    expect(source.paused).toBe(true)
    slow.source.resume()
    expect([slow.text.length, fast.text.length, source.paused]).toEqual([101, 101, false])
    slow.source.pause()
    source.push('y'.repeat(10))
    expect(source.paused).toBe(false)
    source.push('y')
    expect(source.paused).toBe(true)
    slow.source.cancel(why)
    expect(source.paused).toBe(false)
    source.sink!.onEnd(undefined)
    expect([fast.text.length, fast.end, content.complete]).toEqual([112, 'ended', undefined])
  })

  test('past what is kept, is given up when the last reader leaves', () => {
    const { source, join, ended } = world()
    const reader = join()
    source.push('x'.repeat(101))
    reader.source.cancel(why)
    expect([source.cancelled, ended]).toEqual([why, [why]])
  })

  test('tells that it has outgrown what is kept, while one more reader gets all of it', () => {
    const told: Reader[] = []
    const { source, content, join } = world({ onOutgrown: () => told.push(join()) })
    const fast = join()
    source.push('x'.repeat(100))
    expect(told).toEqual([])
    source.push('y')
    expect(told).toHaveLength(1)
    expect(content.whole).toBe(false)
    source.push('z')
    source.sink!.onEnd(undefined)
    for (const reader of [fast, told[0]!])
      expect([reader.text, reader.end]).toEqual([`${'x'.repeat(100)}yz`, 'ended'])
    expect(told).toHaveLength(1)
  })

  test('tells at once where it is known to be too long, and is not read before somebody does', () => {
    const source = new DrivenSource(101)
    let told = 0
    const content = new SharedBody(source, {
      clock: virtualClock(),
      keepBytes: 100,
      bufferBytes: 10,
      stallMs: 1_000,
      onOutgrown: () => told++,
    })
    content.open()
    expect([told, source.sink]).toEqual([1, undefined])
    const reader = new Reader(content.reader())
    source.push('x'.repeat(101))
    expect([reader.text.length, told]).toEqual([101, 1])
  })

  test('past what is kept, waits for a reader for a while, and then is given up', async () => {
    const { source, content, clock, ended, join } = world()
    source.push('x'.repeat(101))
    expect([source.paused, content.whole]).toEqual([true, true])
    await clock.advance(999)
    expect(ended).toEqual([])
    const late = join()
    await clock.advance(10_000)
    expect([late.text.length, source.paused, ended]).toEqual([101, false, []])

    const other = world()
    other.source.push('x'.repeat(101))
    await other.clock.advance(1_000)
    expect(other.source.cancelled?.code).toBe('exchange_aborted')
    expect([other.ended, other.content.whole]).toEqual([[other.source.cancelled], false])
  })

  test('gives no reader up for slowness that nobody waits for', async () => {
    const { source, content, clock } = world()
    source.push('x'.repeat(101))
    const reader = content.reader()
    await clock.advance(5_000)
    expect(new Reader(reader).text.length).toBe(101)
  })

  test('fails for all when it breaks off, and for those who come later', () => {
    const { source, content, join } = world()
    const [one, waiting] = [join(), join()]
    waiting.source.pause()
    source.push('half')
    source.sink!.onError(why)
    expect([one.text, one.end]).toEqual(['half', { error: why }])
    // Bytes that came are given before the failure is.
    expect([waiting.text, waiting.end]).toEqual(['', 'open'])
    waiting.source.resume()
    expect([waiting.text, waiting.end]).toEqual(['half', { error: why }])
    expect([join().end, content.complete]).toEqual([{ error: why }, undefined])
  })

  test('keeps its bytes from steps that change them', async () => {
    const { source, content } = world({ keepBytes: 100_000 })
    const text = 'abc'.repeat(10_000)
    source.push(text)
    source.sink!.onEnd(undefined)
    const spoiling = new Body(content.reader()).transform(async function* (chunks) {
      for await (const chunk of chunks) yield chunk.fill(0x78)
    })
    expect(await spoiling.text()).toBe('x'.repeat(30_000))
    expect(await new Body(content.reader()).text()).toBe(text)
  })

  test('is broken off for all by abort, once', () => {
    const { source, content, join, ended } = world()
    const reader = join()
    content.abort(why)
    content.abort(new ProxyError('proxy_closed'))
    expect([source.cancelled, reader.end, ended]).toEqual([why, { error: why }, [why]])
  })

  test('gives every reader the same bytes, however they come, wait and leave', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('push' as const), text: fc.string({ minLength: 1, maxLength: 30 }) }),
      fc.record({
        do: fc.constantFrom('join' as const, 'pause' as const, 'resume' as const, 'leave' as const),
        who: fc.nat(5),
      }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 120 }), (steps, keepBytes) => {
        const { source, content, join } = world({ keepBytes })
        const readers: Reader[] = []
        const left = new Set<Reader>()
        let sent = ''
        for (const it of steps) {
          if (it.do === 'push') {
            if (source.cancelled !== undefined) break
            sent += it.text
            source.push(it.text)
          } else if (it.do === 'join') {
            if (content.whole) readers.push(join())
          } else {
            const reader = readers[it.who]
            if (reader === undefined) continue
            if (it.do === 'leave') {
              left.add(reader)
              reader.source.cancel(why)
            } else reader.source[it.do]()
          }
        }
        if (source.cancelled === undefined) source.sink!.onEnd(undefined)
        for (const reader of readers) if (!left.has(reader)) reader.source.resume()
        for (const reader of readers) {
          expect(sent.startsWith(reader.text)).toBe(true)
          if (!left.has(reader) && source.cancelled === undefined)
            expect([reader.text, reader.end]).toEqual([sent, 'ended'])
        }
      }),
      { numRuns: 500 },
    )
  })
})

describe('SharedBody, several kept at once', () => {
  const KIB_64 = 65_536
  const sized = (keepBudget: KeepBudget) => world({ keepBudget, keepBytes: 100 * KIB_64, bufferBytes: 10 })
  const large = 'x'.repeat(KIB_64)

  test('together hold what their budget has, and the first 64 KiB of each', () => {
    const budget = new KeepBudget(3 * KIB_64)
    const [one, two, three] = [sized(budget), sized(budget), sized(budget)]
    for (const { source } of [one, two, three]) source.push(large)
    expect(budget.used).toBe(0)
    for (const { source } of [one, one, two]) source.push(large)
    expect(budget.used).toBe(3 * KIB_64)
    three.source.push('y')
    expect([three.source.paused, one.source.paused, two.source.paused]).toEqual([true, false, false])
    for (const { source } of [one, two]) source.sink!.onEnd(undefined)
    expect([one.content.complete?.chunks.length, two.content.complete?.chunks.length]).toEqual([3, 2])
    expect(budget.used).toBe(0)
  })

  test('hold it until the last reader has what is kept, or has left', () => {
    const budget = new KeepBudget(KIB_64)
    const { source, join } = sized(budget)
    const [slow, leaving] = [join(), join()]
    slow.source.pause()
    leaving.source.pause()
    source.push(large)
    source.push(large)
    source.sink!.onEnd(undefined)
    expect(budget.used).toBe(KIB_64)
    leaving.source.cancel(why)
    expect(budget.used).toBe(KIB_64)
    slow.source.resume()
    expect([budget.used, slow.end]).toEqual([0, 'ended'])
  })

  test('give back what is let go once it is used up, and what breaks off', () => {
    const budget = new KeepBudget(2 * KIB_64)
    const { source, join } = sized(budget)
    const slow = join()
    slow.source.pause()
    for (let i = 0; i < 4; i++) source.push(large)
    // The fourth was too much; the others are still there for the slow one.
    expect(budget.used).toBe(2 * KIB_64)
    slow.source.resume()
    expect([budget.used, slow.text.length]).toEqual([0, 4 * KIB_64])

    const broken = sized(budget)
    broken.source.push(large + large)
    expect(budget.used).toBe(KIB_64)
    broken.content.abort(why)
    expect(budget.used).toBe(0)
  })

  test('have all of their budget back in the end, whatever comes', () => {
    const step = fc.record({
      body: fc.nat(3),
      do: fc.constantFrom(
        'push' as const,
        'join' as const,
        'pause' as const,
        'resume' as const,
        'leave' as const,
        'end' as const,
      ),
      who: fc.nat(3),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const budget = new KeepBudget(3 * KIB_64)
        const bodies = Array.from({ length: 4 }, () => ({ ...sized(budget), readers: [] as Reader[] }))
        for (const { body, do: what, who } of steps) {
          const { source, content, join, readers, ended } = bodies[body]!
          if (what === 'push') {
            if (ended.length === 0 && !source.paused) source.push(large)
          } else if (what === 'end') {
            if (ended.length === 0) source.sink!.onEnd(undefined)
          } else if (what === 'join') {
            if (content.whole && ended.length === 0) readers.push(join())
          } else if (what === 'leave') readers[who]?.source.cancel(why)
          else readers[who]?.source[what]()
          expect(budget.used).toBeGreaterThanOrEqual(0)
          expect(budget.used).toBeLessThanOrEqual(budget.maxBytes)
        }
        for (const { source, ended, readers } of bodies) {
          if (ended.length === 0) source.sink!.onEnd(undefined)
          for (const reader of readers) reader.source.resume()
        }
        expect(budget.used).toBe(0)
      }),
      { numRuns: 300 },
    )
  })
})
