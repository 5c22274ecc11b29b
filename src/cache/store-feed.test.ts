import { describe, expect, test } from 'vitest'
import { DrivenSource } from '../../test/driven-source.ts'
import { virtualClock } from '../testing/virtual-clock.ts'
import { StoreFeed } from './store-feed.ts'

function start() {
  const clock = virtualClock()
  const source = new DrivenSource()
  const feed = new StoreFeed(source, clock)
  let givenUp: string | undefined
  feed.givenUp.catch((error: Error) => {
    givenUp = error.message
  })
  return { clock, source, feed, givenUp: () => givenUp }
}

const MEGABYTE = 'x'.repeat(1_048_576)

describe('StoreFeed', () => {
  test('gives what comes, and ends when all of it has come', async () => {
    const { clock, source, feed } = start()
    source.push('one')
    const second = (await feed.next()) && feed.next()
    source.push('two')
    expect(String((await second).value)).toBe('two')
    const end = feed.next()
    source.sink!.onEnd(undefined)
    expect((await end).done).toBe(true)
    feed.release()
    expect(clock.pending).toBe(0)
  })

  test('is an error to the store where the content breaks off, and never an end', async () => {
    const { clock, source, feed } = start()
    source.push('half')
    const error = new Error('broken off')
    source.sink!.onError(error)
    await expect(feed.next()).rejects.toBe(error)
    expect(feed.broken).toBe(true)
    feed.release()
    expect(clock.pending).toBe(0)
  })

  test('holds a content up for two seconds in all, and is then left out', async () => {
    const { clock, source, feed, givenUp } = start()
    for (const text of [MEGABYTE, 'more']) source.push(text)
    expect(source.paused).toBe(true)
    await clock.advance('1500ms')
    await feed.next()
    expect(source.paused).toBe(false)
    for (const text of [MEGABYTE, 'more']) source.push(text)
    await clock.advance('499ms')
    expect([source.cancelled, givenUp()]).toEqual([undefined, undefined])
    await clock.advance('2ms')
    expect([source.cancelled?.code, givenUp()]).toEqual([
      'exchange_aborted',
      'the store has held up a content for too long',
    ])
    await expect(feed.next()).rejects.toThrow('held up')
    expect(clock.pending).toBe(0)
  })

  test.each([
    ['all of it has come', async ({ source }: ReturnType<typeof start>) => source.sink!.onEnd(undefined)],
    ['the store takes no more', async ({ feed }: ReturnType<typeof start>) => void (await feed.return())],
  ])('waits ten seconds for the store once %s', async (_, end) => {
    const world = start()
    const { clock, source, feed, givenUp } = world
    source.push('all')
    await end(world)
    await clock.advance('9s')
    expect(givenUp()).toBe(undefined)
    await clock.advance('2s')
    expect(givenUp()).toBe('the store has not ended the writing')
    // A store that comes back after that is waited for by nobody.
    await feed.return()
    expect(clock.pending).toBe(0)
  })

  test('reads no more of a content of which the store takes no more', async () => {
    const { source, feed } = start()
    source.push('begin')
    await feed.return()
    expect(source.cancelled?.code).toBe('exchange_aborted')
    await expect(feed.next()).rejects.toThrow('taken no more')
    feed.release()
  })
})
