import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createClient } from 'redis'
import { Agent, request } from 'undici'
import { afterEach, expect, test } from 'vitest'
import { type Cache, cache } from '../../src/cache/cache.ts'
import { redisStore } from '../../src/cache/redis-store.ts'
import { pool, proxy } from '../../src/index.ts'
import { hasRedis, RedisServer } from '../filters/redis-server.ts'
import { contentOf } from './told-content.ts'

const KEYS = 400
/** So little fits into memory that most answers come from Redis or from the service. */
const MEMORY_BYTES = 200_000
const AT_ONCE = 16
const REQUESTS = 2_000

const sizeOf = (key: number) => (key % 50 === 0 ? 100_000 : 500 + key)

interface Outage {
  readonly redis: RedisServer
  readonly kept: Cache
  readonly asked: () => number
  /** Sends so many requests, each of which must be answered rightly. */
  readonly load: (requests: number) => Promise<void>
}

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

async function service(): Promise<{ url: string; asked: () => number }> {
  let asked = 0
  const server: Server = createServer((incoming, response) => {
    asked++
    const content = contentOf(incoming.url!, sizeOf(Number(incoming.url!.slice(1))))
    response.writeHead(200, { 'Cache-Control': 'max-age=3600', ETag: `"${incoming.url}"` }).end(content)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ends.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked: () => asked }
}

async function start(): Promise<Outage> {
  const redis = await RedisServer.start()
  ends.push(() => redis.close())
  const client = createClient({ url: redis.url })
  // That it is gone is what this is about.
  client.on('error', () => {})
  await client.connect()
  ends.push(() => client.destroy())
  const kept = cache({ store: redisStore({ client }), maxBytes: MEMORY_BYTES, maxEntryBytes: 150_000 })
  const { url, asked } = await service()
  const running = await proxy()
    .listen({ port: 0, host: '127.0.0.1' })
    .use(kept)
    .route('/', pool([url]))
    .start({ signals: false })
  ends.push(() => running.close())
  const agent = new Agent({ connections: AT_ONCE })
  ends.push(() => agent.destroy())
  let next = 0
  const ask = async () => {
    const key = (next++ * 7) % KEYS
    const { statusCode, body } = await request(`${running.url}/${key}`, { dispatcher: agent })
    const bytes = Buffer.from(await body.arrayBuffer())
    if (statusCode !== 200 || !bytes.equals(contentOf(`/${key}`, sizeOf(key))))
      throw new Error(`a wrong answer for /${key}: ${statusCode}, ${bytes.byteLength} bytes`)
  }
  const load = async (requests: number) => {
    let left = requests
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        while (left-- > 0) await ask()
      }),
    )
  }
  return { redis, kept, asked, load }
}

const store = ({ kept }: Outage) => kept.stats().store!

/** Goes on asking until it is so: Redis has its own time. */
async function until(outage: Outage, isSo: () => boolean): Promise<void> {
  for (let round = 0; round < 1_000 && !isSo(); round++) await outage.load(200)
  expect(isSo()).toBe(true)
}

const fromRedis = ({ kept }: Outage) => kept.stats().answers.redis ?? 0

test.skipIf(!hasRedis)(
  'Redis that stops, goes on, is killed, comes back and is flushed under load fails no request',
  async () => {
    const outage = await start()
    const { redis, asked, load } = outage
    await load(REQUESTS)
    await until(outage, () => fromRedis(outage) > 200)

    // 1. It stops in the middle of the load: nobody waits for long, and it is left alone.
    const stopped = load(REQUESTS)
    redis.signal('SIGSTOP')
    await stopped
    await until(outage, () => store(outage).leftAlone)
    redis.signal('SIGCONT')
    const whenBack = fromRedis(outage)
    await until(outage, () => fromRedis(outage) > whenBack + 200)
    expect(store(outage).leftAlone).toBe(false)

    // 2. It is killed, and comes back with nothing.
    const killed = load(REQUESTS)
    await redis.kill()
    await killed
    await load(REQUESTS)
    await redis.begin()
    const whenStarted = fromRedis(outage)
    await until(outage, () => fromRedis(outage) > whenStarted + 200)

    // 3. It is slow: each command waits for up to two seconds.
    const admin = createClient({ url: redis.url })
    await admin.connect()
    ends.push(() => admin.destroy())
    await admin.sendCommand(['CLIENT', 'PAUSE', '2000', 'ALL'])
    const failures = store(outage).failures
    await load(REQUESTS)
    expect(store(outage).failures).toBeGreaterThan(failures)
    const whenQuick = fromRedis(outage)
    await until(outage, () => fromRedis(outage) > whenQuick + 200)

    // 4. It loses everything, again and again.
    const before = asked()
    const flushed = load(REQUESTS)
    for (let i = 0; i < 20; i++) {
      await admin.flushAll()
      await load(50)
    }
    await flushed
    expect(asked()).toBeGreaterThan(before)
  },
  120_000,
)
