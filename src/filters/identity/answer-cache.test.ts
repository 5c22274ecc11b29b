import { describe, expect, test } from 'vitest'
import { ProxyError } from '../../core/errors.ts'
import { exchange, type TestExchange, type VirtualClock, virtualClock } from '../../testing/index.ts'
import { type Answer, AnswerCache } from './answer-cache.ts'

/** A service of answers that the test gives by hand. */
class Oracle {
  readonly clock: VirtualClock = virtualClock()
  readonly cache: AnswerCache<string>
  readonly asked: string[] = []
  readonly #open = new Map<string, PromiseWithResolvers<Answer<string>>>()

  constructor(options: Partial<ConstructorParameters<typeof AnswerCache>[0]> = {}) {
    this.cache = new AnswerCache({ max: 10, maxOpen: 10, timeoutMs: 1_000, ...options })
  }

  know(key: string, by: TestExchange = exchange({ clock: this.clock })): string | undefined {
    return this.cache.known(by, key)?.value
  }

  ask(key: string, by: TestExchange = exchange({ clock: this.clock })): Promise<string> {
    return this.cache.ask(by, key, () => {
      this.asked.push(key)
      const open = Promise.withResolvers<Answer<string>>()
      this.#open.set(key, open)
      return open.promise
    })
  }

  answer(key: string, value: string, keepMs = 100): void {
    this.#open.get(key)!.resolve({ value, keepMs, bytes: 0 })
  }

  fail(key: string, error: unknown): void {
    this.#open.get(key)!.reject(error)
  }
}

describe('AnswerCache', () => {
  test('asks once for those who come together, and keeps the answer for its time', async () => {
    const oracle = new Oracle()
    const both = [oracle.ask('a'), oracle.ask('a')]
    oracle.answer('a', '1')
    expect(await Promise.all(both)).toEqual(['1', '1'])
    await oracle.clock.advance(99)
    expect(oracle.know('a')).toBe('1')
    await oracle.clock.advance(1)
    const later = oracle.ask('a')
    oracle.answer('a', '2')
    expect(await later).toBe('2')
    expect(oracle.asked).toEqual(['a', 'a'])
    expect(oracle.clock.pending).toBe(0)
  })

  test('keeps no answer without a time, and no failure', async () => {
    const oracle = new Oracle()
    const first = oracle.ask('a')
    oracle.answer('a', '1', 0)
    await first
    const second = oracle.ask('a')
    const cause = new Error('down')
    oracle.fail('a', cause)
    await expect(second).rejects.toMatchObject({ code: 'identity_unavailable', cause })
    void oracle.ask('a')
    expect(oracle.asked).toHaveLength(3)
  })

  test('fails a question that throws at once', async () => {
    const { cache, clock } = new Oracle()
    const asked = cache.ask(exchange({ clock }), 'a', () => {
      throw new Error('broken')
    })
    await expect(asked).rejects.toMatchObject({ code: 'identity_unavailable' })
    expect(clock.pending).toBe(0)
  })

  test('fails a question that takes too long, and asks anew', async () => {
    const oracle = new Oracle()
    const late = expect(oracle.ask('a')).rejects.toMatchObject({ code: 'identity_unavailable' })
    await oracle.clock.advance(1_000)
    await late
    oracle.answer('a', 'too late')
    const anew = oracle.ask('a')
    oracle.answer('a', '2')
    expect(await anew).toBe('2')
  })

  test('has no more than so many questions open', async () => {
    const oracle = new Oracle({ maxOpen: 2 })
    const open = [oracle.ask('a'), oracle.ask('b'), oracle.ask('b')]
    expect(() => oracle.ask('c')).toThrow(expect.objectContaining({ code: 'identity_unavailable' }))
    oracle.answer('a', '1')
    oracle.answer('b', '2')
    expect(await Promise.all(open)).toEqual(['1', '2', '2'])
    const next = oracle.ask('c')
    oracle.answer('c', '3')
    expect(await next).toBe('3')
  })

  test('keeps no more than so many answers', async () => {
    const oracle = new Oracle({ max: 2 })
    for (const key of ['a', 'b', 'c']) {
      const open = oracle.ask(key)
      oracle.answer(key, key)
      await open
    }
    expect([oracle.know('c'), oracle.know('b')]).toEqual(['c', 'b'])
    void oracle.ask('a')
    expect(oracle.asked).toEqual(['a', 'b', 'c', 'a'])
  })

  test('keeps fewer where they are large, and one that is too large not at all', async () => {
    const cache = new AnswerCache<string>({ max: 1_000, maxOpen: 10, timeoutMs: 1_000 })
    const clock = virtualClock()
    const asked: string[] = []
    const ask = (key: string, bytes: number) =>
      cache.known(exchange({ clock }), key) ??
      cache.ask(exchange({ clock }), key, async () => {
        asked.push(key)
        return { value: key, keepMs: 1_000, bytes }
      })
    for (const key of ['a', 'b', 'c', 'b', 'a']) await ask(key, 900_000)
    expect(asked).toEqual(['a', 'b', 'c', 'a'])
    for (let i = 0; i < 2; i++) await ask('huge', 3_000_000)
    expect(asked.slice(4)).toEqual(['huge', 'huge'])
    await ask('a', 900_000)
    expect(asked).toHaveLength(6)
  })

  test('lets who has left go, and answers the others', async () => {
    const oracle = new Oracle()
    const one = exchange({ clock: oracle.clock })
    const left = oracle.ask('a', one)
    const stays = oracle.ask('a')
    const reason = new ProxyError('client_aborted')
    one.abort(reason)
    await expect(left).rejects.toBe(reason)
    await expect(oracle.ask('a', one)).rejects.toBe(reason)
    const other = exchange({ clock: oracle.clock })
    const ended = oracle.ask('a', other)
    other.finish()
    await expect(ended).rejects.toMatchObject({ code: 'exchange_aborted' })
    oracle.answer('a', '1')
    expect(await stays).toBe('1')
  })

  test('is left with no timer when it ends, unless someone waits still', async () => {
    const oracle = new Oracle()
    const one = exchange({ clock: oracle.clock })
    const left = expect(oracle.ask('a', one)).rejects.toThrow()
    const stays = oracle.ask('b')
    one.abort()
    await left
    expect(oracle.clock.pending).toBe(2)
    oracle.cache[Symbol.dispose]()
    expect(oracle.clock.pending).toBe(1)
    oracle.answer('b', '2')
    expect(await stays).toBe('2')
    expect(oracle.clock.pending).toBe(0)
  })

  test('tells clocks apart', async () => {
    const oracle = new Oracle()
    const first = oracle.ask('a')
    oracle.answer('a', '1')
    await first
    const other = exchange({ clock: virtualClock() })
    const second = oracle.ask('a', other)
    oracle.answer('a', '2')
    expect(await second).toBe('2')
    expect([oracle.know('a'), oracle.know('a', other)]).toEqual(['1', '2'])
  })
})
