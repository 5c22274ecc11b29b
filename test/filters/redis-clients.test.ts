import { Redis } from 'ioredis'
import { createClient, createCluster } from 'redis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { type RateRule, rateLimit } from '../../src/filters/rate-limit.ts'
import { type RedisClient, redisStore } from '../../src/filters/redis-store.ts'
import { exchange, run } from '../../src/testing/index.ts'
import { hasRedis, RedisServer } from './redis-server.ts'

const rules = [
  { name: 'address', limit: 3, per: '1d', algorithm: 'fixed-window' },
  { name: 'key', limit: 2, per: '1d', algorithm: 'sliding-window', key: { header: 'x-api-key' } },
  { name: 'all', limit: 100, per: '1d', algorithm: 'sliding-window-counter', key: 'all' },
] as const

/** Asks as different clients with different keys, of which some would break a name that was glued together. */
async function decisions(client: RedisClient): Promise<string[]> {
  const limit = rateLimit({
    rules,
    store: redisStore({ client, timeoutMs: 30_000 }),
    whenUnavailable: 'refuse',
  })
  const ask = async (address: string, key: string) => {
    const at = exchange({ clock: systemClock, client: address, headers: { 'x-api-key': key } })
    const answer = await run(limit, at).catch((error: { detail: string; cause?: Error }) => error)
    return 'response' in answer ? 'admitted' : `${answer.detail} ${answer.cause?.message ?? ''}`.trim()
  }
  const all: string[] = []
  for (const [address, key] of [
    ['192.0.2.1', '}'],
    ['192.0.2.1', '{a}'],
    ['192.0.2.2', '}'],
    ['192.0.2.3', '}'],
    ['192.0.2.1', '{}'],
    ['192.0.2.1', 'b'],
    ['192.0.2.9', '{a}'],
  ] as const)
    all.push(await ask(address, key))
  return all
}

const EXPECTED = [
  'admitted',
  'admitted',
  'admitted',
  'the limit "key" is reached',
  'admitted',
  'the limit "address" is reached',
  'admitted',
]

describe.skipIf(!hasRedis)('clients of Redis', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await RedisServer.start()
  })
  afterAll(() => server.close())

  test('node-redis', async () => {
    const client = createClient({ url: server.url })
    await client.connect()
    expect(await decisions(client)).toEqual(EXPECTED)
    const keys = await client.keys('*')
    expect(keys.length).toBeGreaterThan(5)
    // Nothing is kept for ever.
    for (const key of keys) expect(await client.pTTL(key)).toBeGreaterThan(0)
    await client.flushAll()
    client.destroy()
  })

  test('ioredis', async () => {
    const client = new Redis(server.url)
    expect(await decisions(client)).toEqual(EXPECTED)
    await client.flushall()
    client.disconnect()
  })

  test('what is counted by one is counted for all of them', async () => {
    const [node, io] = [createClient({ url: server.url }), new Redis(server.url)]
    await node.connect()
    const rule: RateRule = {
      name: 'both',
      by: 'all',
      algorithm: 'gcra',
      limit: 2,
      perMs: 86_400_000,
      burst: 2,
    }
    const take = async (client: RedisClient) =>
      (
        await redisStore({ client, timeoutMs: 30_000 })
          .limiter([rule])
          .take(['k'], 1, exchange({ clock: systemClock }))
      )[0]!.waitMs === 0
    expect([await take(node), await take(io), await take(node), await take(io)]).toEqual([
      true,
      true,
      false,
      false,
    ])
    node.destroy()
    io.disconnect()
  })
})

describe.skipIf(!hasRedis)('a cluster', () => {
  test('node-redis, whose nodes refuse keys of several slots', async () => {
    const server = await RedisServer.start('--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1')
    const admin = createClient({ url: server.url })
    await admin.connect()
    await admin.sendCommand(['CLUSTER', 'ADDSLOTSRANGE', '0', '16383'])
    while (!(await admin.clusterInfo()).includes('cluster_state:ok'));
    await expect(admin.sendCommand(['EVAL', 'return 1', '2', 'a', 'b'])).rejects.toThrow('CROSSSLOT')
    const cluster = createCluster({ rootNodes: [{ url: server.url }] })
    await cluster.connect()
    expect(await decisions(cluster)).toEqual(EXPECTED)
    cluster.destroy()
    admin.destroy()
    await server.close()
  })
})
