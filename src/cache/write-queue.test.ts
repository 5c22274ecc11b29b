import { describe, expect, test } from 'vitest'
import { type VirtualClock, virtualClock } from '../testing/virtual-clock.ts'
import { WriteQueue } from './write-queue.ts'

/** A queue whose writes end when the test says so. */
class Writes {
  readonly clock: VirtualClock = virtualClock()
  readonly queue = new WriteQueue('test')
  readonly begun: string[] = []
  readonly told: [name: string, done: boolean][] = []
  readonly #ends = new Map<string, PromiseWithResolvers<void>>()

  add(name: string, key: string = name, bytes = 1): void {
    this.queue.add({
      clock: this.clock,
      key,
      bytes,
      work: () => {
        this.begun.push(name)
        const end = Promise.withResolvers<void>()
        this.#ends.set(name, end)
        return end.promise
      },
      settled: (done) => this.told.push([name, done]),
    })
  }

  async end(...names: string[]): Promise<void> {
    for (const name of names) this.#ends.get(name)!.resolve()
    await this.clock.advance(0)
  }

  async fail(name: string): Promise<void> {
    this.#ends.get(name)!.reject(new Error('no'))
    await this.clock.advance(0)
  }
}

describe('WriteQueue', () => {
  test('makes the writes of one key in their order, those of others beside them', async () => {
    const writes = new Writes()
    writes.add('a1', 'a')
    writes.add('a2', 'a')
    writes.add('b1', 'b')
    await writes.clock.advance(0)
    expect(writes.begun).toEqual(['a1', 'b1'])
    await writes.fail('a1')
    expect(writes.begun).toEqual(['a1', 'b1', 'a2'])
    await writes.end('a2', 'b1')
    expect(writes.told).toEqual([
      ['a1', false],
      ['a2', true],
      ['b1', true],
    ])
    expect([writes.queue.bytes, writes.queue.dropped, writes.clock.pending]).toEqual([0, 1, 0])
  })

  test('has eight under way, and begins another where one ends', async () => {
    const writes = new Writes()
    const names = Array.from({ length: 10 }, (_, i) => `w${i}`)
    for (const name of names) writes.add(name)
    await writes.clock.advance(0)
    expect(writes.begun).toEqual(names.slice(0, 8))
    await writes.end('w3')
    expect(writes.begun).toEqual(names.slice(0, 9))
  })

  test('leaves out what is too much, in bytes and in number', async () => {
    const writes = new Writes()
    writes.add('large', 'large', 60_000_000)
    writes.add('too large', 'other', 10_000_000)
    expect(writes.told).toEqual([['too large', false]])
    for (let i = 0; i < 10_000; i++) writes.add(`w${i}`, `k${i}`, 0)
    expect([writes.told.at(-1), writes.queue.dropped]).toEqual([['w9999', false], 2])
    expect(writes.queue.bytes).toBe(60_000_000)
  })

  test('makes no other write of a key as long as one that was given up on is not over', async () => {
    const writes = new Writes()
    writes.add('slow', 'a', 7)
    writes.add('behind', 'a', 5)
    await writes.clock.advance('11s')
    expect(writes.told).toEqual([
      ['slow', false],
      ['behind', false],
    ])
    writes.add('later', 'a', 3)
    expect([writes.begun, writes.told.at(-1), writes.queue.bytes]).toEqual([['slow'], ['later', false], 7])
    await writes.end('slow')
    expect(writes.queue.bytes).toBe(0)
    writes.add('again', 'a')
    await writes.clock.advance(0)
    expect(writes.begun).toEqual(['slow', 'again'])
  })

  test('is closed when all that is there is done, and takes no more', async () => {
    const writes = new Writes()
    writes.add('a')
    let closed = false
    void writes.queue.close().then(() => {
      closed = true
    })
    writes.add('b')
    await writes.clock.advance(0)
    expect([closed, writes.told]).toEqual([false, [['b', false]]])
    await writes.end('a')
    expect([closed, writes.begun]).toEqual([true, ['a']])
    await new Writes().queue.close()
  })
})
