import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ResponseMessage, respond } from 'gatewright'
import {
  type Cache,
  type CacheStore,
  cache,
  diskStore,
  type PurgeSelector,
  redisStore,
} from 'gatewright/cache'
import { exchange, run } from 'gatewright/testing'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { hasRedis, RedisServer } from '../filters/redis-server.ts'

/** A store, and when what is written behind answers has been written, and a record was heard of. */
class Watched {
  readonly store: CacheStore
  #puts = 0
  #records = 0
  #changed = () => {}

  constructor(store: CacheStore) {
    this.store = {
      name: store.name,
      find: (key) => store.find(key),
      put: async (...args) => {
        const put = await store.put(...args)
        this.#puts++
        this.#changed()
        return put
      },
      freshen: (...args) => store.freshen(...args),
      remove: (key) => store.remove(key),
      clear: () => store.clear(),
      close: () => store.close(),
      purged: (record) => store.purged!(record),
      purges: (onRecord) =>
        store.purges!((record) => {
          onRecord(record)
          this.#records++
          this.#changed()
        }),
    }
  }

  puts(count: number): Promise<void> {
    return this.#until(() => this.#puts >= count)
  }

  records(count: number): Promise<void> {
    return this.#until(() => this.#records >= count)
  }

  #until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#changed = () => {
        if (condition()) resolve()
      }
      this.#changed()
    })
  }
}

let version = 0
const service = () => respond(200, `v${++version}`, { 'Cache-Control': 'max-age=1000', 'Cache-Tag': 'one' })

async function answer({ pages }: { readonly pages: Cache }, path = '/a'): Promise<string> {
  const asked = exchange({ url: `http://a.example${path}`, clock: systemClock })
  const { response } = await run(pages, asked, service)
  return (response as ResponseMessage).body.text({ maxBytes: 100 })
}

const PURGES: PurgeSelector[] = [
  { url: 'http://a.example/a' },
  { tag: 'one' },
  { pattern: { host: '*.example', path: '/:x' } },
  { everything: true },
]

describe.skipIf(!hasRedis)('purges of caches that have one Redis', () => {
  let server: RedisServer
  let admin: Redis
  const ends: (() => unknown)[] = []
  beforeAll(async () => {
    server = await RedisServer.start()
    admin = new Redis(server.url)
  })
  beforeEach(() => admin.flushall())
  afterAll(async () => {
    for (const end of ends) await end()
    admin.disconnect()
    await server.close()
  })

  function node(options: { partition?: string } = {}) {
    const [client, subscriber] = [new Redis(server.url), new Redis(server.url)]
    const watched = new Watched(redisStore({ client, subscriber }))
    const pages = cache({ store: watched.store, ...options })
    ends.push(async () => {
      await pages.close()
      client.disconnect()
      subscriber.disconnect()
    })
    return { pages, watched }
  }

  test.each(PURGES)('%j reaches the memory of others, and those who begin later', async (what) => {
    version = 0
    const [one, other] = [node(), node()]
    expect(await answer(one)).toBe('v1')
    await one.watched.puts(1)
    expect([await answer(other), await answer(one)]).toEqual(['v1', 'v1'])
    await one.pages.purge(what)
    await other.watched.records(1)
    expect(await answer(other)).toBe('v2')
    const later = node()
    expect(await answer(later)).not.toBe('v1')
    expect(await answer(one)).not.toBe('v1')
  })

  test('leave alone what is of another partition', async () => {
    version = 0
    const [one, other] = [node(), node({ partition: 'other' })]
    expect([await answer(one), await answer(other)]).toEqual(['v1', 'v2'])
    await one.pages.purge({ everything: true })
    await other.watched.records(1)
    expect(await answer(other)).toBe('v2')
  })
})

describe('purges of a cache on disk', () => {
  test.each(PURGES)('%j is known after a restart', async (what) => {
    version = 0
    const path = mkdtempSync(join(tmpdir(), 'gatewright-purges-'))
    const begun = () => {
      const watched = new Watched(diskStore({ path }))
      return { pages: cache({ store: watched.store }), watched }
    }
    try {
      const first = begun()
      expect(await answer(first)).toBe('v1')
      await first.watched.puts(1)
      await first.pages.close()
      const second = begun()
      expect(await answer(second)).toBe('v1')
      await second.pages.purge(what)
      await second.pages.close()
      const third = begun()
      expect(await answer(third)).toBe('v2')
      await third.watched.puts(1)
      await third.pages.close()
    } finally {
      rmSync(path, { recursive: true })
    }
  })
})
