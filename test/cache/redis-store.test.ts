import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { CacheStore } from '../../src/cache/cache-store.ts'
import type { PurgeRecord } from '../../src/cache/purge-record.ts'
import { redisStore } from '../../src/cache/redis-store.ts'
import { bytes, cacheStoreChecks, chunks, head } from '../../src/testing/cache-store-checks.ts'
import { hasRedis, RedisServer } from '../filters/redis-server.ts'
import { contentOf } from './told-content.ts'

const put = (store: CacheStore, key: string, size: number, variant = '') =>
  store.put(key, head({ variant, reason: String(size) }), chunks(contentOf(key, size), 9_999))

const content = async (store: CacheStore, key: string) => bytes((await store.find(key))[0]!.read())

const purge = (part: Partial<PurgeRecord>): PurgeRecord => ({
  kind: 'tag',
  value: 'a',
  soft: false,
  time: 1_790_000_000_000,
  id: '1',
  ...part,
})

async function nodeClient(url: string) {
  const client = createClient({ url })
  // That it is gone is what some tests are about.
  client.on('error', () => {})
  return client.connect()
}

describe.skipIf(!hasRedis)('a store in Redis', () => {
  let server: RedisServer
  let admin: Redis
  beforeAll(async () => {
    server = await RedisServer.start()
    admin = new Redis(server.url)
  })
  beforeEach(() => admin.flushall())
  afterAll(async () => {
    admin.disconnect()
    await server.close()
  })

  const keys = async (pattern: string) => (await admin.keys(pattern)).sort()
  const headsKey = async () => (await keys('gatewright:cache:{*}')).find((it) => !it.includes('purges'))!
  const contentKey = async () => (await keys('gatewright:cache:{*}:*')).find((it) => !it.includes('purges'))!

  const serverMs = async () => Math.floor((await admin.time())[1]! / 1_000)

  describe('with node-redis', () => {
    test.each(Object.entries(cacheStoreChecks))('%s', async (_, check) => {
      const client = await nodeClient(server.url)
      const store = redisStore({ client })
      await check(store)
      await store.close()
      client.destroy()
    })
  })

  describe('with ioredis', () => {
    test.each(Object.entries(cacheStoreChecks))('%s', async (_, check) => {
      const client = new Redis(server.url)
      const store = redisStore({ client })
      await check(store)
      await store.close()
      client.disconnect()
    })
  })

  test('keeps nothing for ever, also of writers that have died', async () => {
    const store = redisStore({ client: admin, keepMs: '1h' })
    await put(store, 'a', 600_000)
    await put(store, 'a', 500_000)
    await store.freshen('a', head({ responseTime: 9 }), head())
    await store.purged!(purge({}))
    await store.clear()
    const never = async function* () {
      yield contentOf('b', 600_000)
      await new Promise(() => {})
    }
    void store.put('b', head(), never()).catch(() => {})
    while ((await keys('gatewright:cache:*')).length < 6);
    for (const key of await keys('*')) {
      const left = await admin.pttl(key)
      expect(left, key).toBeGreaterThan(0)
      expect(left, key).toBeLessThanOrEqual(2 * 3_600_000 + 60_000)
    }
    // The content that was replaced is there for its readers for a minute, the unfinished one for ten.
    const contents = (await keys('gatewright:cache:{*}:*')).filter((it) => !it.includes('purges'))
    const minutes = await Promise.all(
      contents.map(async (key) => Math.ceil((await admin.pttl(key)) / 60_000)),
    )
    expect(minutes.sort((a, b) => a - b)).toEqual([1, 10, 61])
    await store.close()
  })

  test('lets go of what is not found any more, and of what is not stored', async () => {
    const store = redisStore({ client: admin, maxEntryBytes: '1mb' })
    await put(store, 'a', 300_000)
    const first = await contentKey()
    await put(store, 'a', 300_000)
    expect(await admin.pttl(first)).toBeLessThanOrEqual(60_000)
    await store.remove('a')
    for (const key of await keys('gatewright:cache:{*}:*'))
      if (!key.includes('purges')) expect(await admin.pttl(key)).toBeLessThanOrEqual(60_000)
    await admin.flushall()
    expect(await put(store, 'b', 1_048_577)).toBe(false)
    const broken = async function* () {
      yield contentOf('c', 300_000)
      throw new Error('broken off')
    }
    await expect(store.put('c', head(), broken())).rejects.toThrow('broken off')
    expect(
      await put(store, 'd', 10).then(() =>
        store.put('d', head({ reason: 'x'.repeat(300_000) }), chunks(Buffer.from('long'), 9)),
      ),
    ).toBe(false)
    expect((await content(store, 'd')).equals(contentOf('d', 10))).toBe(true)
    // The heads and the content of d, and the epoch.
    expect(await keys('*')).toHaveLength(3)
    await store.close()
  })

  test('keeps so many variants of a key, the newest', async () => {
    const store = redisStore({ client: admin })
    for (let i = 0; i < 40; i++) {
      await put(store, 'a', 10, `v${i}`)
      // Until its clock has gone on.
      const at = await serverMs()
      while ((await serverMs()) === at);
    }
    const found = (await store.find('a')).map(({ head: { variant } }) => variant)
    expect(found.sort()).toEqual(Array.from({ length: 32 }, (_, i) => `v${i + 8}`).sort())
    await store.close()
  })

  test('does not find what was kept long enough', async () => {
    const store = redisStore({ client: admin, keepMs: '1h' })
    await put(store, 'a', 10)
    const key = await headsKey()
    const [[field, value]] = Object.entries(await admin.hgetallBuffer(key)) as [[string, Buffer]]
    await admin.hset(key, field, Buffer.concat([Buffer.from('0000000000000001'), value.subarray(16)]))
    expect(await store.find('a')).toEqual([])
    await store.close()
  })

  describe('never gives anything wrong, where', () => {
    test.each<[string, (key: string) => Promise<unknown>]>([
      ['a byte of a piece has changed', (key) => change(key, 'a', 300_000 - 262_144)],
      ['a piece is shorter', async (key) => admin.hset(key, '1', (await piece(key, 1)).subarray(0, 99))],
      [
        'a piece is longer',
        async (key) => admin.hset(key, '1', Buffer.concat([await piece(key, 1), Buffer.from('x')])),
      ],
      ['a piece is another one', async (key) => admin.hset(key, '1', await piece(key, 0))],
      ['a piece is gone', (key) => admin.hdel(key, '1')],
      ['a piece is empty', (key) => admin.hset(key, '1', '')],
      ['the content is gone', (key) => admin.del(key)],
      ['the content is something else', (key) => admin.multi().del(key).set(key, 'x').exec()],
    ])('%s', async (_, damage) => {
      const store = redisStore({ client: admin })
      await put(store, 'a', 300_000)
      await damage(await contentKey())
      const [found] = await store.find('a')
      await expect(bytes(found!.read())).rejects.toThrow()
      // It is healed by the next one.
      await put(store, 'a', 400_000)
      expect((await content(store, 'a')).equals(contentOf('a', 400_000))).toBe(true)
      await store.close()
    })

    test('a piece is that of another response of this length', async () => {
      const store = redisStore({ client: admin })
      await put(store, 'a', 1_000)
      const a = await contentKey()
      const foreign = await piece(a, 0)
      await admin.del(a)
      await put(store, 'b', 1_000)
      await admin.hset(a, '0', foreign)
      for (const key of await keys('gatewright:cache:{*}:*'))
        if (!key.includes('purges')) await admin.hset(key, '0', foreign)
      const [found] = await store.find('b')
      await expect(bytes(found!.read())).rejects.toThrow('damaged')
      await store.close()
    })

    test.each<[string, (key: string, field: string, value: Buffer) => Promise<unknown>]>([
      ['a byte of a head has changed', (key, field, value) => change(key, field, value.byteLength - 5)],
      ['an id in it has changed', (key, field) => change(key, field, 20)],
      ['a head is short', (key, field, value) => admin.hset(key, field, value.subarray(0, 30))],
      ['a head is empty', (key, field) => admin.hset(key, field, '')],
      ['a head is text', (key, field) => admin.hset(key, field, '{"v":1}'.repeat(20))],
      [
        'a head is of another variant',
        (key, field, value) => admin.multi().hdel(key, field).hset(key, 'other', value).exec(),
      ],
      [
        'there are many fields',
        (key) => admin.hset(key, Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`f${i}`, 'x']))),
      ],
      ['there is a text', (key) => admin.multi().del(key).set(key, 'x').exec()],
      ['there is a list', (key) => admin.multi().del(key).rpush(key, 'x').exec()],
      ['the epoch is gone', () => admin.del('gatewright:cache:{purges}:index')],
      ['the epoch is another', () => admin.hset('gatewright:cache:{purges}:index', '@epoch', 'x')],
      ['the epoch is a text', () => admin.set('gatewright:cache:{purges}:index', 'x')],
    ])('%s', async (_, damage) => {
      const store = redisStore({ client: admin })
      await put(store, 'a', 100)
      const key = await headsKey()
      const [[field, value]] = Object.entries(await admin.hgetallBuffer(key)) as [[string, Buffer]]
      await damage(key, field, value)
      expect(await store.find('a')).toEqual([])
      await store.freshen('a', head(), head())
      await admin.hdel('gatewright:cache:{purges}:index', '@epoch')
      await put(store, 'a', 200)
      expect((await content(store, 'a')).equals(contentOf('a', 200))).toBe(true)
      await store.remove('a')
      expect(await store.find('a')).toEqual([])
      await store.close()
    })

    test('heads are those of another key', async () => {
      const store = redisStore({ client: admin })
      await put(store, 'a', 100)
      const a = await headsKey()
      const heads = await admin.hgetallBuffer(a)
      await admin.del(a)
      await put(store, 'b', 100)
      const b = await headsKey()
      await admin.hset(b, heads)
      expect(await store.find('b')).toEqual([])
      await store.close()
    })

    const piece = async (key: string, number: number) => (await admin.hgetBuffer(key, String(number)))!

    async function change(key: string, field: string, at: number): Promise<void> {
      const name = field === 'a' ? '1' : field
      const value = (await admin.hgetBuffer(key, name))!
      value[at]! ^= 1
      await admin.hset(key, name, value)
    }
  })

  test('finds nothing from before, where Redis has lost the records of purges', async () => {
    const store = redisStore({ client: admin })
    await put(store, 'a', 100)
    await store.purged!(purge({}))
    expect(await store.find('a')).toHaveLength(1)
    await admin.del('gatewright:cache:{purges}:records')
    expect(await store.find('a')).toEqual([])
    await put(store, 'a', 200)
    expect(await store.find('a')).toHaveLength(1)
    await store.close()
  })

  test('a content of which Redis has lost a piece is not found', async () => {
    const store = redisStore({ client: admin })
    await put(store, 'a', 100)
    const flushing = async function* () {
      yield contentOf('a', 300_000)
      await admin.flushall()
      yield contentOf('a', 300_000)
    }
    await expect(store.put('a', head(), flushing())).rejects.toThrow('not in Redis any more')
    expect(await store.find('a')).toEqual([])
    await store.close()
  })
})
