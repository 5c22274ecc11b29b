import assert from 'node:assert/strict'
import type { CacheStore } from '../cache/cache-store.ts'
import type { PurgeRecord } from '../cache/purge-record.ts'
import type { StoredHead } from '../cache/stored-response.ts'
import { HeaderList } from '../core/headers.ts'

/**
 * What every store of a cache must do, by what it does. Each check is given an empty store, and rejects with an `AssertionError`
 * where that falls short; closing the store is the caller's affair.
 *
 * @example
 * for (const [what, check] of Object.entries(cacheStoreChecks)) {
 *   const store = myStore()
 *   await check(store).finally(() => store.close())
 *   console.log(`it ${what}`)
 * }
 */
export const cacheStoreChecks: Readonly<Record<string, (store: CacheStore) => Promise<void>>> = {
  'finds nothing where nothing is': async (store) => {
    assert.deepEqual(await store.find('k'), [])
    await store.remove('k')
    await store.freshen('k', head(), head())
  },
  'gives back what was stored, head and content': async (store) => {
    const sent = Buffer.from(`${'x'.repeat(70_000)}end`)
    const headers = HeaderList.from([
      ['Content-Type', 'text/html'],
      ['X-Twice', '1'],
      ['x-twice', '\xe4 2'],
    ])
    const stored = head({
      status: 203,
      reason: 'Fine',
      headers,
      requestTime: 5.5,
      responseTime: 7,
      tags: ['a', 'ü'],
    })
    assert.equal(await store.put('k', stored, chunks(sent, 9_000)), true)
    const [found, ...others] = await store.find('k')
    assert.equal(others.length, 0)
    assert.deepEqual(
      { ...found!.head, headers: [...found!.head.headers] },
      { ...stored, headers: [...headers] },
    )
    assert.equal(found!.length, sent.byteLength)
    assert.deepEqual(await bytes(found!.read()), sent)
  },
  'stores a content of nothing': async (store) => {
    await store.put('k', head(), chunks(Buffer.alloc(0), 1))
    const [found] = await store.find('k')
    assert.equal(found!.length, 0)
    assert.equal((await bytes(found!.read())).byteLength, 0)
  },
  'gives parts of a content': async (store) => {
    const sent = Buffer.from(Array.from({ length: 200_000 }, (_, i) => i % 251))
    await store.put('k', head(), chunks(sent, 30_000))
    const [found] = await store.find('k')
    for (const [from, to] of [
      [0, 1],
      [199_999, 200_000],
      [65_535, 65_537],
      [65_536, 131_072],
      [10, 150_000],
      [5, 5],
    ] as const)
      assert.deepEqual(await bytes(found!.read(from, to)), sent.subarray(from, to), `${from} to ${to}`)
  },
  'keeps one response of each variant, the newest': async (store) => {
    for (const [variant, text] of [
      ['a', 'old'],
      ['b', 'other'],
      ['a', 'new'],
    ])
      await store.put('k', head({ variant: variant! }), chunks(Buffer.from(text!), 9))
    assert.deepEqual(await texts(store, 'k'), { a: 'new', b: 'other' })
  },
  'tells keys apart, however they are written': async (store) => {
    const keys = ['k', 'K', 'k ', 'k/../k', '["a","b"]', '["a,b"]', 'ü', `long ${'x'.repeat(10_000)}`, '']
    for (const key of keys) await store.put(key, head(), chunks(Buffer.from(`of ${key}`), 4_000))
    for (const key of keys) assert.deepEqual(await texts(store, key), { '': `of ${key}` })
  },
  'stores nothing of a content that breaks off, and keeps what was there': async (store) => {
    await store.put('k', head(), chunks(Buffer.from('before'), 9))
    const broken = async function* () {
      yield Buffer.from('half')
      throw new Error('broken off')
    }
    await assert.rejects(store.put('k', head(), broken()), /broken off/)
    await assert.rejects(store.put('l', head(), broken()), /broken off/)
    assert.deepEqual([await texts(store, 'k'), await texts(store, 'l')], [{ '': 'before' }, {}])
  },
  'gives a response another head, and leaves the content': async (store) => {
    await store.put('k', head({ variant: 'a' }), chunks(Buffer.from('text'), 2))
    await store.put('k', head({ variant: 'b' }), chunks(Buffer.from('other'), 9))
    await store.freshen('k', head({ variant: 'a', responseTime: 99 }), head())
    await store.freshen('k', head({ variant: 'none', responseTime: 99 }), head())
    const found = await store.find('k')
    const times = Object.fromEntries(found.map((it) => [it.head.variant, it.head.responseTime]))
    assert.deepEqual(
      [times, await texts(store, 'k')],
      [
        { a: 99, b: 2 },
        { a: 'text', b: 'other' },
      ],
    )
  },
  'gives no head to a response that has taken the place of the one that it is for': async (store) => {
    await store.put('k', head({ responseTime: 5 }), chunks(Buffer.from('old'), 9))
    await store.put('k', head({ responseTime: 7 }), chunks(Buffer.from('new'), 9))
    await store.freshen('k', head({ responseTime: 99 }), head({ responseTime: 5 }))
    const [found] = await store.find('k')
    assert.deepEqual([found?.head.responseTime, await texts(store, 'k')], [7, { '': 'new' }])
    await store.freshen('k', head({ responseTime: 99 }), head({ responseTime: 7 }))
    assert.equal((await store.find('k'))[0]?.head.responseTime, 99)
  },
  'removes the responses of a key, and everything': async (store) => {
    for (const key of ['k', 'l', 'm'])
      for (const variant of ['a', 'b']) await store.put(key, head({ variant }), chunks(Buffer.from('x'), 1))
    await store.remove('k')
    assert.deepEqual([await store.find('k'), (await store.find('l')).length], [[], 2])
    await store.clear()
    assert.deepEqual([await store.find('l'), await store.find('m')], [[], []])
  },
  'has one whole response, whichever of many writers was last': async (store) => {
    const texts = Array.from({ length: 20 }, (_, i) => String(i).repeat(30_000))
    await Promise.all(texts.map((text) => store.put('k', head(), chunks(Buffer.from(text), 7_000))))
    const found = await store.find('k')
    assert.equal(found.length, 1)
    assert.ok(texts.includes((await bytes(found[0]!.read())).toString()))
  },
  'gives a reader nothing of what has replaced what it reads': async (store) => {
    const before = Buffer.alloc(1_000_000, 'before')
    await store.put('k', head(), chunks(before, 50_000))
    const [found] = await store.find('k')
    const read: Uint8Array[] = []
    const reading = async () => {
      for await (const chunk of found!.read()) {
        if (read.length === 0) await store.put('k', head(), chunks(Buffer.alloc(1_000_000, 'after'), 50_000))
        read.push(chunk)
      }
      return 'whole'
    }
    const outcome = await reading().catch(() => 'broken off')
    const all = Buffer.concat(read)
    assert.deepEqual(all, before.subarray(0, all.byteLength))
    if (outcome === 'whole') assert.equal(all.byteLength, before.byteLength)
    assert.equal((await bytes((await store.find('k'))[0]!.read())).toString('latin1', 0, 5), 'after')
  },
  'ends the content that it does not store': async (store) => {
    let ended = false
    const broken = async function* () {
      try {
        yield Buffer.from('half')
        throw new Error('broken off')
      } finally {
        ended = true
      }
    }
    await assert.rejects(store.put('k', head(), broken()), /broken off/)
    assert.equal(ended, true)
  },
  'keeps the records of purges, if it keeps any': async (store) => {
    assert.equal(store.purged === undefined, store.purges === undefined, 'purged and purges belong together')
    if (store.purged === undefined || store.purges === undefined) return
    const records = [
      purge({ kind: 'tag', value: 'a ü', id: '1' }),
      purge({ kind: 'pattern', value: '/a/*', soft: true, time: 5.25, id: '2' }),
      purge({ kind: 'everything', value: '', id: '3' }),
      purge({ kind: 'tag', value: 'a ü', soft: true, time: 9, id: '4' }),
    ]
    for (const record of records) await store.purged(record)
    await store.clear()
    const told: PurgeRecord[] = []
    await store.purges((record) => told.push(record))
    const byId = (one: PurgeRecord, other: PurgeRecord) => one.id.localeCompare(other.id)
    assert.deepEqual(told.sort(byId), records)
  },
}

function purge(part: Partial<PurgeRecord>): PurgeRecord {
  return { kind: 'tag', value: '', soft: false, time: 1_790_000_000_000, id: '', ...part }
}

/** A head of nothing but what is given. */
export function head(part: Partial<StoredHead> = {}): StoredHead {
  return {
    status: 200,
    reason: undefined,
    headers: new HeaderList(),
    requestTime: 1,
    responseTime: 2,
    variant: '',
    tags: [],
    ...part,
  }
}

export async function* chunks(all: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < all.byteLength; at += size) yield all.subarray(at, at + size)
}

export async function bytes(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = []
  for await (const chunk of content) all.push(chunk)
  return Buffer.concat(all)
}

async function texts(store: CacheStore, key: string): Promise<Record<string, string>> {
  const found = await store.find(key)
  const entries = found.map(async (it) => [it.head.variant, (await bytes(it.read())).toString()] as const)
  return Object.fromEntries(await Promise.all(entries))
}
