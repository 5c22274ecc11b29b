import { EventEmitter } from 'node:events'
import { beforeEach, expect, test } from 'vitest'
import { virtualClock } from '../testing/index.ts'
import { RedisLine } from './redis-line.ts'
import { RedisPurges } from './redis-purges.ts'
import { RedisRecords } from './redis-records.ts'

/** A subscriber in the manner of node-redis, and a Redis with a stream of records. */
class Pretended extends EventEmitter {
  readonly log: string[] = []
  /** The places of the records; each is its id too. */
  places: string[] = []
  down = false
  listener: ((message: string) => void) | undefined

  async subscribe(_: string, listener: (message: string) => void): Promise<void> {
    this.log.push('subscribe')
    this.listener = listener
  }

  async unsubscribe(): Promise<void> {
    this.listener = undefined
    throw new Error('closed already')
  }

  async send([name, , from]: (string | Buffer)[]): Promise<unknown> {
    if (this.down) throw new Error('gone')
    // The state.
    if (name !== 'XRANGE') return [null, Buffer.from(this.places.at(-1) ?? '')]
    this.log.push(`read ${String(from)}`)
    const behind = from === '-' ? -1 : Number.parseInt(String(from).slice(1), 10)
    return this.places
      .filter((place) => Number.parseInt(place, 10) > behind)
      .map((place) => [place, ['kind', 'tag', 'value', 'a', 'soft', '0', 'time', '1', 'id', place]])
  }
}

let redis: Pretended
let told: string[]
let purges: RedisPurges
const clock = virtualClock()
beforeEach(() => {
  redis = new Pretended()
  told = []
  const line = new RedisLine((_, command) => redis.send(command))
  const records = new RedisRecords(line, 'p:', 1_000)
  purges = new RedisPurges({ line, records, subscriber: redis, clock }, ({ id }) => told.push(id))
})

/** More turns than anything here takes. */
const settle = async () => {
  for (let i = 0; i < 100; i++) await Promise.resolve()
}

test('RedisPurges listens before it reads, so that nothing comes between', async () => {
  redis.places = ['1-0']
  await purges.open()
  expect([redis.log, told]).toEqual([['subscribe', 'read -'], ['1-0']])
  redis.places.push('2-0')
  redis.listener!('anything')
  await settle()
  expect([redis.log.slice(2), told]).toEqual([['read (1-0'], ['1-0', '2-0']])
})

test('RedisPurges listens and reads all again when the subscriber is back', async () => {
  redis.places = ['5-0']
  await purges.open()
  redis.log.length = 0
  redis.places = ['3-0', '5-0']
  redis.emit('ready')
  await settle()
  expect([redis.log, told]).toEqual([
    ['subscribe', 'read -'],
    ['5-0', '3-0'],
  ])
})

test('RedisPurges reads all again where a sign brings nothing, and Redis has less than it had', async () => {
  redis.places = ['5-0']
  await purges.open()
  redis.places = ['3-0']
  redis.listener!('3-0')
  await settle()
  expect(told).toEqual(['5-0', '3-0'])
  redis.log.length = 0
  redis.listener!('3-0')
  await settle()
  expect(redis.log).toEqual(['read (3-0'])
})

test('RedisPurges tries again until it has read all, and not when it is closed', async () => {
  redis.places = ['5-0']
  await purges.open()
  redis.places = ['3-0', '5-0']
  redis.down = true
  redis.emit('ready')
  await settle()
  await clock.advance(3_000)
  expect(clock.nextInMs).toBeGreaterThan(0)
  redis.down = false
  await clock.advance(1_000)
  expect([told, clock.nextInMs]).toEqual([['5-0', '3-0'], undefined])

  redis.down = true
  redis.emit('ready')
  await settle()
  purges.close()
  await settle()
  expect([clock.nextInMs, redis.listenerCount('ready'), redis.listener]).toEqual([undefined, 0, undefined])
})

test('RedisPurges is not up to date while Redis cannot be read', async () => {
  redis.places = ['5-0']
  await purges.open()
  redis.places = ['3-0', '5-0']
  redis.down = true
  redis.emit('ready')
  await settle()
  await expect(purges.upTo('5-0', '5-0')).rejects.toThrow('gone')
  redis.down = false
  await purges.upTo('5-0', '5-0')
  expect(told).toEqual(['5-0', '3-0'])
  purges.close()
})

test('RedisPurges makes one read of many signs', async () => {
  await purges.open()
  redis.log.length = 0
  for (let i = 0; i < 1_000; i++) redis.listener!('sign')
  await settle()
  expect(redis.log.length).toBeLessThanOrEqual(2)
})
