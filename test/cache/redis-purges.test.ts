import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Redis } from 'ioredis'
import { createClient, createCluster } from 'redis'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { PurgeRecord } from '../../src/cache/purge-record.ts'
import { type RedisStoreOptions, redisStore } from '../../src/cache/redis-store.ts'
import { bytes, cacheStoreChecks, chunks, head } from '../../src/testing/cache-store-checks.ts'
import { hasRedis, RedisServer } from '../filters/redis-server.ts'
import { contentOf } from './told-content.ts'

const purge = (id: string, part: Partial<PurgeRecord> = {}): PurgeRecord => ({
  kind: 'tag',
  value: `tag ${id}`,
  soft: false,
  time: 1_790_000_000_000,
  id,
  ...part,
})

/** Records that were told, and when there are enough of them. */
class Told {
  readonly ids: string[] = []
  readonly records: PurgeRecord[] = []
  #wanted: { id: string; resolve: () => void } | undefined

  readonly add = (record: PurgeRecord): void => {
    this.ids.push(record.id)
    this.records.push(record)
    if (record.id === this.#wanted?.id) this.#wanted.resolve()
  }

  until(id: string): Promise<void> {
    if (this.ids.includes(id)) return Promise.resolve()
    return new Promise((resolve) => {
      this.#wanted = { id, resolve }
    })
  }
}

interface Clients {
  readonly clients: Pick<RedisStoreOptions, 'client' | 'subscriber'>
  readonly disconnect: () => void
}

const CLIENTS: Record<string, (url: string) => Promise<Clients>> = {
  async 'node-redis'(url) {
    const reconnectStrategy = () => 5
    const client = createClient({ url, socket: { reconnectStrategy } })
    const subscriber = client.duplicate()
    for (const one of [client, subscriber]) await one.on('error', () => {}).connect()
    return {
      clients: { client, subscriber },
      disconnect: () => {
        client.destroy()
        subscriber.destroy()
      },
    }
  },
  async ioredis(url) {
    const [client, subscriber] = [1, 2].map(() => new Redis(url, { retryStrategy: () => 5 })) as [
      Redis,
      Redis,
    ]
    for (const one of [client, subscriber]) one.on('error', () => {})
    return {
      clients: { client, subscriber },
      disconnect: () => {
        client.disconnect()
        subscriber.disconnect()
      },
    }
  },
}

describe.skipIf(!hasRedis)('purges in Redis', () => {
  let server: RedisServer
  let admin: Redis
  beforeAll(async () => {
    server = await RedisServer.start()
    admin = new Redis(server.url)
    admin.on('error', () => {})
  })
  beforeEach(() => admin.flushall())
  afterAll(async () => {
    admin.disconnect()
    await server.close()
  })

  describe.each(Object.entries(CLIENTS))('with %s', (_, connect) => {
    test('are told to those who listen, and to those who come later, once', async () => {
      const { clients, disconnect } = await connect(server.url)
      const [one, other] = [redisStore(clients), redisStore({ client: admin })]
      await other.purged!(purge('1', { kind: 'pattern', soft: true, time: 5.5 }))
      const told = new Told()
      await one.purges!(told.add)
      expect(told.records).toEqual([purge('1', { kind: 'pattern', soft: true, time: 5.5 })])
      await other.purged!(purge('2'))
      await told.until('2')
      await one.purged!(purge('3'))
      expect(told.ids).toEqual(['1', '2', '3'])
      await other.purged!(purge('4'))
      await told.until('4')
      expect(told.ids).toEqual(['1', '2', '3', '4'])
      await one.close()
      await other.purged!(purge('5'))
      const late = new Told()
      const third = redisStore(clients)
      await third.purges!(late.add)
      expect([told.ids.length, late.ids]).toEqual([4, ['1', '2', '3', '4', '5']])
      await third.close()
      await other.close()
      disconnect()
    })

    test('are made up for where the connection was lost', async () => {
      const { clients, disconnect } = await connect(server.url)
      const store = redisStore(clients)
      const told = new Told()
      await store.purges!(told.add)
      const other = redisStore({ client: admin })
      for (let i = 0; i < 5; i++) {
        // The record is there before the subscriber can be back: nobody publishes it again.
        await admin
          .multi([
            ['client', 'kill', 'type', 'pubsub'],
            ['xadd', ...record(`lost ${i}`)],
          ])
          .exec()
        await told.until(`lost ${i}`)
        await other.purged!(purge(`told ${i}`))
        await told.until(`told ${i}`)
      }
      await store.close()
      await other.close()
      disconnect()
    })

    test('are told again after Redis was killed and has begun anew, empty', async () => {
      const { clients, disconnect } = await connect(server.url)
      const store = redisStore(clients)
      const told = new Told()
      await store.purges!(told.add)
      const other = redisStore({ client: admin })
      await other.purged!(purge('before'))
      await told.until('before')
      await server.kill()
      await server.begin()
      await other.purged!(purge('after'))
      await told.until('after')
      await store.close()
      await other.close()
      disconnect()
    })
  })

  test('are told before anything is found, without a subscriber too', async () => {
    const [one, other] = [redisStore({ client: admin }), redisStore({ client: admin })]
    const told = new Told()
    await one.purges!(told.add)
    await other.put('k', head(), chunks(Buffer.from('x'), 1))
    for (let i = 0; i < 300; i++) await other.purged!(purge(String(i)))
    expect(told.ids).toEqual([])
    expect(await one.find('k')).toHaveLength(1)
    expect(told.ids).toHaveLength(300)
    await other.purged!(purge('300'))
    await Promise.all([one.find('k'), one.find('k')])
    expect(told.ids).toHaveLength(301)
    await one.close()
    await other.close()
  })

  test('are few, however many there are: of one thing one is kept, of many one about everything', async () => {
    const store = redisStore({ client: admin })
    const kept = async () => {
      const later = redisStore({ client: admin })
      const told = new Told()
      await later.purges!(told.add)
      await later.close()
      return told.records
    }
    for (const [id, time] of [
      ['1', 10],
      ['2', 30],
      ['3', 20],
    ] as const)
      await store.purged!(purge(id, { value: 'same', time }))
    await store.purged!(purge('soft', { value: 'same', soft: true, time: 5 }))
    expect(await kept()).toEqual([
      purge('3', { value: 'same', time: 30 }),
      purge('soft', { value: 'same', soft: true, time: 5 }),
    ])
    await admin.flushall()
    const many = Array.from({ length: 5_000 }, (_, i) => purge(`m${i}`, { soft: i !== 7, time: 100 + i }))
    await Promise.all(many.map((record) => store.purged!(record)))
    const left = await kept()
    expect(left.length).toBeLessThanOrEqual(4_096)
    const everything = left.filter(({ kind }) => kind === 'everything')
    expect(everything).toEqual([
      { kind: 'everything', value: '', soft: false, time: 2_147, id: expect.any(String) },
    ])
    // None was lost.
    const about = new Set(left.map(({ id }) => id))
    expect(many.filter(({ id, time }) => !about.has(id) && time > everything[0]!.time)).toEqual([])
    await store.close()
  })

  test('that cannot be read are taken to be about everything; those that are too long are refused', async () => {
    const store = redisStore({ client: admin })
    await admin.xadd('gatewright:cache:{purges}:records', '77-1', 'kind', 'of')
    await admin.xadd(...record('1'))
    const told = new Told()
    await store.purges!(told.add)
    expect(told.records[0]).toEqual({ kind: 'everything', value: '', soft: false, time: 77, id: '77-1' })
    expect(told.ids).toEqual(['77-1', '1'])
    await expect(store.purged!(purge('2', { value: 'x'.repeat(9_000) }))).rejects.toThrow(RangeError)
    // They do not keep others from being kept.
    for (let i = 0; i < 4_200; i++) void store.purged!(purge(`n${i}`))
    await store.purged!(purge('last'))
    const later = new Told()
    await store.purges!(later.add)
    expect(later.ids).toContain('last')
    await store.close()
  })

  test('are seen by another process', async () => {
    const listener = fork(fileURLToPath(new URL('redis-listener.ts', import.meta.url)), [server.url], {
      execArgv: [],
    })
    await once(listener, 'message')
    const store = redisStore({ client: admin })
    const heard = once(listener, 'message')
    await store.purged!(purge('1', { soft: true }))
    expect((await heard)[0]).toEqual(purge('1', { soft: true }))
    const exited = once(listener, 'exit')
    listener.disconnect()
    expect(await exited).toEqual([0, null])
    await store.close()
  })

  const record = (id: string): [string, string, ...string[]] => {
    const { kind, value, time } = purge(id)
    const texts = { kind, value, soft: '0', time: String(time), id }
    return ['gatewright:cache:{purges}:records', '*', ...Object.entries(texts).flat()]
  }
})

describe.skipIf(!hasRedis)('a store in a cluster', () => {
  test('does all that a store must', async () => {
    const server = await RedisServer.start('--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1')
    const admin = await createClient({ url: server.url }).connect()
    await admin.sendCommand(['CLUSTER', 'ADDSLOTSRANGE', '0', '16383'])
    while (!(await admin.clusterInfo()).includes('cluster_state:ok'));
    const cluster = createCluster({ rootNodes: [{ url: server.url }] })
    await cluster.connect()
    const subscriber = await createClient({ url: server.url }).connect()
    for (const check of Object.values(cacheStoreChecks)) {
      const store = redisStore({ client: cluster, subscriber })
      await check(store)
      await store.close()
      await admin.flushAll()
    }
    const store = redisStore({ client: cluster, subscriber })
    const told = new Told()
    await store.purges!(told.add)
    const other = redisStore({ client: cluster })
    await other.purged!(purge('1'))
    await told.until('1')
    await store.put('k', head(), chunks(contentOf('k', 700_000), 9_999))
    expect(
      (await bytes((await store.find('k'))[0]!.read(5, 600_000))).equals(
        contentOf('k', 700_000).subarray(5, 600_000),
      ),
    ).toBe(true)
    await store.close()
    await other.close()
    subscriber.destroy()
    cluster.destroy()
    admin.destroy()
    await server.close()
  })
})
