import { type Filter, pool, proxy } from 'gatewright'
import { type CacheOptions, type CacheStore, cache, type PurgeSelector } from 'gatewright/cache'
import { simulate } from 'gatewright/testing'
import { describe, expect, test } from 'vitest'
import { ForgetfulStore, ListStore } from './list-store.ts'

const SERVICE = 'http://service'

/** Several caches before one service, on one clock: a request says with `X-Node` which it is for. */
function start(nodes: Record<string, CacheOptions>, startAt?: number) {
  const caches = Object.fromEntries(Object.entries(nodes).map(([name, options]) => [name, cache(options)]))
  const choice: Filter = (exchange, next) => caches[exchange.request.headers.get('x-node')!]!(exchange, next)
  const app = proxy()
    .use(choice)
    .route('/', pool([SERVICE]))
  const sim = simulate(app, { startAt })
  const service = sim.upstream(SERVICE)
  let version = 0
  const serve = (headers: Record<string, string> = {}) =>
    service.reply({
      headers: { 'Cache-Control': 'max-age=100000', 'Cache-Tag': 'one', ETag: `"${++version}"`, ...headers },
      body: `v${version}`,
    })
  serve()
  /** What a node answers, and how. */
  const ask = async (node: string, path = '/a') => {
    const response = await sim.get(path, { headers: { Host: 'a.example', 'X-Node': node } })
    await sim.settle()
    return response
  }
  const text = async (node: string, path?: string) => (await ask(node, path)).text()
  return { sim, caches, serve, service, ask, text }
}

describe('purges on a store that several caches have', () => {
  test.each<[string, PurgeSelector]>([
    ['url', { url: 'http://a.example/a' }],
    ['tag', { tag: 'one' }],
    ['pattern', { pattern: { host: 'a.example', path: '/:x' } }],
    ['everything', { everything: true }],
  ])('reach all of them, and those who come later: by %s', async (_, what) => {
    const store = new ListStore()
    const { sim, caches, serve, text } = start({ a: { store }, b: { store }, later: { store } })
    await using _sim = sim
    expect([await text('a'), await text('b')]).toEqual(['v1', 'v1'])
    await sim.advance('1s')
    serve()
    expect([await text('a'), await text('b')]).toEqual(['v1', 'v1'])
    await sim.until(caches.a!.purge(what))
    expect(store.records).toHaveLength(1)
    expect(await text('later')).toBe('v2')
    serve()
    // Of what was asked for in the millisecond of the purge, a store does not say whether that was before it.
    expect(await text('b')).toBe('v3')
    await sim.advance('1ms')
    serve()
    expect(await text('a')).toBe('v4')
    await sim.assertNoLeaks()
  })

  test('are believed by those who come later before anything else is', async () => {
    for (const soft of [false, true]) {
      const store = new ListStore()
      const { sim, caches, service, ask, text } = start({ a: { store }, later: { store } })
      await using _ = sim
      await text('a')
      await sim.advance('1s')
      await sim.until(caches.a!.purge({ tag: 'one' }, { soft }))
      await sim.advance('1s')
      let reads = 0
      store.before.read = async () => void reads++
      service.reply({ status: 304, headers: { ETag: '"1"', 'Cache-Control': 'max-age=9' } })
      const answer = await ask('later')
      expect([answer.status, answer.headers.get('cache-status')]).toEqual(
        soft ? [200, 'gatewright; fwd=stale; fwd-status=304'] : [304, expect.stringContaining('fwd=miss')],
      )
      // What is gone is not even read.
      expect(reads).toBe(soft ? 1 : 0)
      await sim.assertNoLeaks()
    }
  })

  test('leave alone what was asked for after them, wherever it is found', async () => {
    const store = new ListStore()
    const { sim, caches, serve, text } = start({ a: { store }, later: { store } })
    await using _ = sim
    await text('a', '/other')
    await sim.until(caches.a!.purge({ tag: 'one' }))
    await sim.advance('1s')
    await text('a')
    serve()
    expect([await text('later'), caches.later!.entries]).toEqual(['v1', 1])
    await sim.assertNoLeaks()
  })

  test('are not heard of again by who has made them', async () => {
    const store = new ListStore()
    const { sim, caches, serve, text } = start({ a: { store } })
    await using _ = sim
    await text('a')
    store.before.purged = () => new Promise((resolve) => void sim.clock.setTimeout(resolve, 100))
    const purging = caches.a!.purge({ tag: 'one' })
    serve()
    expect(await text('a')).toBe('v2')
    await sim.until(purging)
    serve()
    expect(await text('a')).toBe('v2')
    await sim.assertNoLeaks()
  })

  test('reach what is in memory while the store is asked for something newer', async () => {
    for (const soft of [false, true]) {
      const store = new ListStore()
      const { sim, caches, service, serve, text } = start({ a: { store } })
      await using _ = sim
      serve({ 'Cache-Control': 'max-age=10' })
      await text('a')
      await sim.advance('20s')
      store.before.find = () => new Promise((resolve) => void sim.clock.setTimeout(resolve, 100))
      const asking = sim.get('/a', { headers: { Host: 'a.example', 'X-Node': 'a' } })
      await sim.advance('50ms')
      await sim.until(caches.a!.purge({ tag: 'one' }, { soft }))
      service.reply(
        soft
          ? { status: 304, headers: { ETag: '"2"', 'Cache-Control': 'max-age=99' } }
          : { headers: { 'Cache-Control': 'max-age=99' } },
      )
      await asking
      const validated = service.requests.at(-1)!.headers.some(([name]) => name === 'If-None-Match')
      expect(validated).toBe(soft)
      // Whoever was asked after the purge has outlived it.
      await text('a')
      expect(service.requests).toHaveLength(2)
      await sim.assertNoLeaks()
    }
  })

  test('are read once, before the store is used first', async () => {
    const store = new ListStore()
    const { sim, text } = start({ a: { store } })
    await using _ = sim
    expect(store.reads).toBe(0)
    await Promise.all(['/a', '/b', '/c'].map((path) => text('a', path)))
    await text('a', '/d')
    expect(store.reads).toBe(1)
    await sim.assertNoLeaks()
  })

  test('do not reach caches of another partition, but those of whom it is not known', async () => {
    const store = new ListStore()
    const parts = { a: { store }, b: { store, partition: 'b' }, c: { store, partition: 'b' } }
    const { sim, caches, serve, text } = start(parts)
    await using _ = sim
    const all = () => Promise.all(['a', 'b', 'c'].map((node) => text(node)))
    expect(await all()).toEqual(['v1', 'v1', 'v1'])
    await sim.advance('1s')
    serve()
    await sim.until(caches.a!.purge({ everything: true }))
    expect(await all()).toEqual(['v2', 'v1', 'v1'])
    await sim.advance('1s')
    serve()
    await sim.until(caches.b!.purge({ tag: 'one' }))
    expect(await all()).toEqual(['v2', 'v3', 'v3'])
    for (const [value, kind] of [
      ['', 'everything'],
      ['no value of ours', 'tag'],
      ['-5:-9:/no/*/x', 'pattern'],
    ] as const) {
      await sim.advance('1s')
      const before = await all()
      serve()
      store.tell({ kind, value, soft: false, time: sim.clock.wallTime(), id: value })
      const after = await all()
      // The last one has the partition of `a` in it.
      expect(after.map((it, i) => it === before[i])).toEqual(
        kind === 'pattern' ? [false, true, true] : [false, false, false],
      )
    }
    await sim.assertNoLeaks()
  })

  test('count once, however often they are heard of, and whatever time they name', async () => {
    const store = new ListStore()
    const { sim, caches, serve, text } = start({ a: { store }, b: { store } })
    await using _ = sim
    await text('b')
    await sim.until(caches.a!.purge({ tag: 'one' }))
    await sim.advance('1s')
    serve()
    expect(await text('b')).toBe('v2')
    serve()
    for (const record of store.records) store.tell(record)
    expect(await text('b')).toBe('v2')
    store.tell({ ...store.records[0]!, id: 'other', time: Number.NaN })
    expect(await text('b')).toBe('v3')
    await sim.advance('1s')
    serve()
    expect(await text('b')).toBe('v3')
    await sim.assertNoLeaks()
  })

  test('reach what is just being read from the store', async () => {
    for (const call of ['find', 'read'] as const) {
      const store = new ListStore()
      const { sim, caches, serve, text } = start({ a: { store }, b: { store } })
      await using _ = sim
      await text('a')
      await sim.advance('1s')
      serve()
      store.before[call] = () => new Promise((resolve) => void sim.clock.setTimeout(resolve, 100))
      const reading = text('b')
      await sim.advance('50ms')
      await sim.until(caches.a!.purge({ tag: 'one' }))
      expect(await reading).toBe('v2')
      await sim.assertNoLeaks()
    }
  })

  test('are about what was asked for before them, though the clock was set back', async () => {
    const store = new ListStore()
    const noon = Date.UTC(2026, 5, 1, 12)
    {
      const { sim, text } = start({ a: { store } }, noon)
      await using _ = sim
      await text('a')
      await sim.assertNoLeaks()
    }
    const { sim, caches, serve, text } = start({ a: { store, key: () => 'other' }, b: { store } }, noon)
    await using _ = sim
    await text('a')
    const wallTime = sim.clock.wallTime.bind(sim.clock)
    const back = { by: 0 }
    Object.assign(sim.clock, { wallTime: () => wallTime() - back.by })
    back.by = 3_600_000
    await sim.until(caches.a!.purge({ tag: 'one' }))
    serve()
    serve()
    expect(await text('b')).toBe('v3')
    await sim.assertNoLeaks()
  })
})

describe('a store whose records cannot be read', () => {
  test('is not believed, and nobody waits longer for it than for the store', async () => {
    const store = new ListStore()
    const { sim, serve, text } = start({ a: { store }, b: { store } })
    await using _ = sim
    await text('a')
    serve()
    let read = () => {}
    store.before.purges = () => new Promise((resolve) => (read = resolve))
    const begun = sim.nowMs
    expect(await text('b')).toBe('v2')
    expect(sim.nowMs - begun).toBe(500)
    expect(store.reads).toBe(2)
    read()
    await sim.settle()
    serve()
    await text('a', '/c')
    serve()
    expect(await text('b', '/c')).toBe('v3')
    await sim.assertNoLeaks()
  })

  test('is asked for them again', async () => {
    const store = new ListStore()
    const { sim, caches, serve, text } = start({ a: { store }, b: { store } })
    await using _ = sim
    await text('a')
    await text('a', '/c')
    await sim.advance('1s')
    await sim.until(caches.a!.purge({ url: 'http://a.example/c' }))
    store.before.purges = () => Promise.reject(new Error('gone'))
    serve()
    expect(await text('b')).toBe('v2')
    store.before = {}
    await text('a', '/d')
    serve()
    expect([await text('b', '/d'), await text('b', '/c')]).toEqual(['v2', 'v3'])
    expect(store.reads).toBe(3)
    await sim.assertNoLeaks()
  })
})

describe('a purge that the store does not keep', () => {
  test('holds here, and is told to who has made it', async () => {
    const store = new ListStore()
    const { sim, caches, serve, text } = start({ a: { store } })
    await using _ = sim
    await text('a')
    await sim.advance('1s')
    store.before.purged = () => Promise.reject(new Error('disk full'))
    await expect(sim.until(caches.a!.purge({ tag: 'one' }))).rejects.toThrow('disk full')
    serve()
    expect(await text('a')).toBe('v2')
    await sim.advance('1s')
    store.before.purged = () => new Promise(() => {})
    const begun = sim.nowMs
    await expect(sim.until(caches.a!.purge({ tag: 'one' }))).rejects.toThrow('10000 ms')
    expect(sim.nowMs - begun).toBe(10_000)
    await sim.assertNoLeaks()
  })

  test('holds here also for what is found there, where it keeps none at all', async () => {
    const store: CacheStore = new ForgetfulStore()
    // With so little memory each one pushes out the other.
    const { sim, caches, serve, text } = start({ a: { store, maxBytes: 1_500 } })
    await using _ = sim
    await text('a')
    await text('a', '/b')
    serve()
    expect(await text('a')).toBe('v1')
    await sim.advance('1s')
    await sim.until(caches.a!.purge({ tag: 'one' }))
    expect([await text('a', '/b'), await text('a')]).toEqual(['v2', 'v2'])
    await sim.assertNoLeaks()
  })
})
