import { pool, proxy } from 'gatewright'
import { type CacheOptions, cache } from 'gatewright/cache'
import { fault, type Simulation, simulate } from 'gatewright/testing'
import { describe, expect, test } from 'vitest'
import { fails, never, type Script, ScriptedStore, throwsAtOnce } from './scripted-store.ts'

const SERVICE = 'http://service'
const FRESH = { 'Cache-Control': 'max-age=60', ETag: '"1"' }
const BIG = Array.from({ length: 200_000 }, (_, i) => String(i).padStart(10, '.')).join('')

function start(store: ScriptedStore, options: CacheOptions = {}) {
  const kept = cache({ store, ...options })
  const sim = simulate(
    proxy()
      .use(kept)
      .route('/', pool([SERVICE])),
  )
  sim.upstream(SERVICE).reply({ headers: FRESH, body: 'text' })
  return { sim, kept }
}

/** A store that has `/a`, of the last instance of a process. */
async function stocked(headers: Record<string, string> = FRESH, body = 'stored', options: CacheOptions = {}) {
  const store = new ScriptedStore()
  const { sim, kept } = start(store, options)
  sim.upstream(SERVICE).reply({ headers, body })
  expect((await sim.get('/a')).text() === body).toBe(true)
  await kept.close()
  await sim.assertNoLeaks()
  await sim.close()
  expect(store.keys.length).toBe(1)
  store.calls.length = 0
  return store
}

const asked = (sim: Simulation) => sim.upstream(SERVICE).requests.length
const status = (response: { headers: { get(name: string): string | undefined } }) =>
  response.headers.get('cache-status')

const late =
  (sim: () => Simulation, ms: number): Script =>
  async (go) => {
    await new Promise<void>((resolve) => sim().clock.setTimeout(resolve, ms))
    return go()
  }

describe('a store behind the memory', () => {
  test('answers after a restart, and what it has goes into memory with its age and its expiry', async () => {
    const store = await stocked()
    const { sim, kept } = start(store)
    await sim.advance('20s')
    const found = await sim.get('/a')
    expect([found.text(), status(found), found.headers.get('age')]).toEqual([
      'stored',
      'gatewright; hit; ttl=40; detail=scripted',
      '20',
    ])
    expect(kept.entries).toBe(1)
    const held = await sim.get('/a')
    expect([held.text(), status(held), held.headers.get('age')]).toEqual([
      'stored',
      'gatewright; hit; ttl=40',
      '20',
    ])
    expect(store.calls).toEqual(['find'])
    await sim.advance('41s')
    expect(asked(sim)).toBe(0)
    expect(status(await sim.get('/a'))).toContain('fwd=stale')
    await sim.assertNoLeaks()
    await sim.close()
  })

  test('is validated: a 304 is about what only the store has', async () => {
    const store = await stocked()
    const { sim } = start(store)
    await sim.advance('61s')
    sim.upstream(SERVICE).reply({ status: 304, headers: { 'Cache-Control': 'max-age=100', ETag: '"1"' } })
    expect((await sim.get('/a')).text()).toBe('stored')
    expect(sim.upstream(SERVICE).requests[0]!.headers).toContainEqual(['If-None-Match', '"1"'])
    await sim.advance('90s')
    expect(status(await sim.get('/a'))).toBe('gatewright; hit; ttl=10')
    expect(store.calls).toEqual(['find', 'freshen'])
    await sim.assertNoLeaks()
    await sim.close()
  })

  test('has variants', async () => {
    const store = new ScriptedStore()
    const vary = { ...FRESH, Vary: 'Accept-Language' }
    for (const round of [1, 2]) {
      const { sim, kept } = start(store)
      for (const language of ['de', 'en']) {
        sim.upstream(SERVICE).reply({ headers: vary, body: `${language} ${round}` })
        const response = await sim.get('/a', { headers: { 'Accept-Language': language } })
        expect(response.text()).toBe(`${language} 1`)
      }
      expect(asked(sim)).toBe(round === 1 ? 2 : 0)
      await kept.close()
      await sim.assertNoLeaks()
      await sim.close()
    }
  })

  test('learns what an unsafe request has changed', async () => {
    const store = await stocked()
    const { sim, kept } = start(store)
    await sim.post('/a', { body: 'x' })
    expect((await sim.get('/a')).text()).toBe('text')
    await kept.close()
    expect(store.keys.flatMap((key) => store.textsOf(key))).toEqual(['text'])
    await sim.assertNoLeaks()
    await sim.close()
  })

  test('is written before it is closed, and asked no more afterwards', async () => {
    const store = new ScriptedStore()
    const { sim, kept } = start(store)
    store.put_ = late(() => sim, 100)
    await sim.get('/a')
    const closed = kept.close()
    expect(kept.close()).toBe(closed)
    await sim.advance('1s')
    await closed
    expect(store.calls).toEqual(['find', 'put', 'close'])
    await sim.get('/b')
    expect(store.calls.length).toBe(3)
    await sim.assertNoLeaks()
    await sim.close()
  })

  test('brings nothing into memory that is too long for it', async () => {
    const store = await stocked(FRESH, 'x'.repeat(5_000))
    const { sim, kept } = start(store, { maxBytes: 100_000, maxEntryBytes: 4_999 })
    for (let i = 0; i < 2; i++)
      expect(status(await sim.get('/a'))).toBe('gatewright; hit; ttl=60; detail=scripted')
    expect([kept.entries, asked(sim)]).toEqual([0, 0])
    await sim.assertNoLeaks()
    await sim.close()
  })

  test.each([4_999, 5_000, 5_001])(
    'keeps 5000 bytes with a limit of %d: in memory or not, they answer',
    async (limit) => {
      const store = new ScriptedStore()
      const { sim, kept } = start(store, { maxBytes: 100_000, maxEntryBytes: limit })
      sim.upstream(SERVICE).reply({ headers: FRESH, body: 'x'.repeat(5_000) })
      for (let i = 0; i < 3; i++) expect((await sim.get('/a')).text()).toBe('x'.repeat(5_000))
      expect([kept.entries, asked(sim)]).toEqual([limit < 5_000 ? 0 : 1, 1])
      await sim.assertNoLeaks()
      await sim.close()
    },
  )
})

describe('a store that fails fails no request: ', () => {
  const looksUp: [string, (store: ScriptedStore) => void][] = [
    ['it hangs', (store) => (store.find_ = never)],
    ['it rejects', (store) => (store.find_ = fails)],
    ['it throws', (store) => (store.find_ = throwsAtOnce)],
    ['it gives no list', (store) => (store.find_ = async () => 7 as never)],
    ['it gives nothing in its list', (store) => (store.found_ = () => undefined)],
    [
      'it gives a head without fields',
      (store) => (store.found_ = (it) => ({ ...it, head: { ...it.head, headers: [] } })),
    ],
    [
      'it gives a status that is none',
      (store) => (store.found_ = (it) => ({ ...it, head: { ...it.head, status: 7 } })),
    ],
    [
      'it gives a reason of two lines',
      (store) => (store.found_ = (it) => ({ ...it, head: { ...it.head, reason: 'a\r\nb: c' } })),
    ],
    [
      'it gives a time that is none',
      (store) => (store.found_ = (it) => ({ ...it, head: { ...it.head, responseTime: Number.NaN } })),
    ],
    [
      'it gives tags that are none',
      (store) => (store.found_ = (it) => ({ ...it, head: { ...it.head, tags: [1] } })),
    ],
    ['it gives a length below 0', (store) => (store.found_ = (it) => ({ ...it, length: -1 }))],
    ['it gives too few bytes', (store) => (store.found_ = (it) => ({ ...it, length: it.length + 1 }))],
    [
      'it gives too many bytes',
      (store) => (store.found_ = (it) => ({ ...it, read: () => it.read(), length: it.length - 1 })),
    ],
    ['it gives no bytes', (store) => (store.read_ = () => text())],
    ['reading throws', (store) => (store.read_ = () => throwsAtOnce(async () => {}, '') as never)],
    ['reading breaks', (store) => (store.read_ = breaks)],
    ['reading hangs', (store) => (store.read_ = hangs)],
  ]

  test.each(looksUp)('%s', async (_, script) => {
    const store = await stocked(FRESH, 'stored '.repeat(5_000))
    script(store)
    const { sim, kept } = start(store)
    for (const path of ['/a', '/b', '/a']) expect((await sim.get(path)).text()).toBe('text')
    expect(asked(sim)).toBe(2)
    const part = await sim.get('/a', {
      headers: { Range: 'bytes=1-2', Authorization: 'x', 'Cache-Control': 'no-cache' },
    })
    expect([part.status, part.text()]).toEqual([200, 'text'])
    expect(kept.stats().store!.failures).toBeGreaterThan(0)
    await sim.assertNoLeaks()
    await sim.close()
  })

  const writes: [string, (store: ScriptedStore) => void][] = [
    ['writing hangs', (store) => (store.put_ = never)],
    ['writing rejects', (store) => (store.put_ = fails)],
    ['writing throws', (store) => (store.put_ = throwsAtOnce)],
  ]

  test.each(writes)('%s', async (_, script) => {
    const store = new ScriptedStore()
    script(store)
    const { sim, kept } = start(store)
    for (let i = 0; i < 30; i++) expect((await sim.get(`/${i}`)).text()).toBe('text')
    await sim.advance('1m')
    expect(kept.stats().store).toMatchObject({ droppedWrites: 30 })
    expect(store.keys).toEqual([])
    await sim.assertNoLeaks()
    await sim.close()
  })

  test('is waited for half a second, and left alone when it was late five times', async () => {
    const store = new ScriptedStore()
    const { sim, kept } = start(store)
    store.find_ = late(() => sim, 2_000)
    const took: number[] = []
    for (let i = 0; i < 7; i++) {
      const before = sim.clock.now()
      await sim.get(`/${i}`)
      took.push(sim.clock.now() - before)
    }
    expect(took).toEqual([500, 500, 500, 500, 500, 0, 0])
    expect(kept.stats().store!.leftAlone).toBe(true)
    store.find_ = (go) => go()
    await sim.advance('1s')
    await sim.get('/again')
    expect(kept.stats().store!.leftAlone).toBe(false)
    await sim.advance('2s')
    await sim.assertNoLeaks()
    await sim.close()
  })
})

describe('what was removed', () => {
  test('does not come back where the store has not removed it', async () => {
    const store = await stocked()
    store.remove_ = fails
    const { sim } = start(store)
    await sim.post('/a', { body: 'x' })
    sim.upstream(SERVICE).reply({ headers: { 'Cache-Control': 'no-store' }, body: 'new' })
    for (let i = 0; i < 20; i++) {
      expect((await sim.get('/a')).text()).toBe('new')
      await sim.advance('1s')
    }
    store.remove_ = (go) => go()
    expect((await sim.get('/a')).text()).toBe('new')
    expect(store.keys).toEqual([])
    await sim.assertNoLeaks()
    await sim.close()
  })

  test('does not come back by a lookup that began before', async () => {
    const store = await stocked()
    const { sim } = start(store)
    store.find_ = async (go) => {
      const found = await go()
      await new Promise<void>((resolve) => sim.clock.setTimeout(resolve, 300))
      return found
    }
    const before = sim.get('/a')
    await sim.advance('100ms')
    await sim.post('/a', { body: 'x' })
    const after = sim.get('/a')
    await before
    expect((await after).text()).toBe('text')
    expect((await sim.get('/a')).text()).toBe('text')
    await sim.assertNoLeaks()
    await sim.close()
  })

  test('does not come back by a write that was given up on and is made later', async () => {
    const store = new ScriptedStore()
    const { sim, kept } = start(store, { maxBytes: 3_000 })
    sim.upstream(SERVICE).reply({ headers: { 'Cache-Control': 'max-age=600' }, body: 'old' })
    store.put_ = late(() => sim, 20_000)
    await sim.get('/a')
    await sim.advance('11s')
    store.put_ = (go) => go()
    await sim.post('/a', { body: 'x' })
    await sim.advance('15s')
    expect(store.keys.flatMap((key) => store.textsOf(key))).toEqual(['old'])
    sim.upstream(SERVICE).reply({ headers: { 'Cache-Control': 'no-store' }, body: 'new' })
    for (let i = 0; i < 3; i++) expect((await sim.get('/a')).text()).toBe('new')
    expect(kept.entries).toBe(0)
    await sim.assertNoLeaks()
    await sim.close()
  })
})

describe('contents that are too long for the memory', () => {
  const small = { maxBytes: 400_000, maxEntryBytes: 100_000 }

  test('go into the store and come from it as they come', async () => {
    const store = await stocked(FRESH, BIG, small)
    const { sim, kept } = start(store, small)
    for (let i = 0; i < 2; i++) {
      const found = await sim.get('/a')
      expect([found.text() === BIG, status(found)]).toEqual([
        true,
        'gatewright; hit; ttl=60; detail=scripted',
      ])
    }
    const part = await sim.get('/a', { headers: { Range: 'bytes=65530-65545' } })
    expect([part.status, part.text()]).toEqual([206, BIG.slice(65_530, 65_546)])
    expect([kept.entries, asked(sim)]).toEqual([0, 0])
    await sim.assertNoLeaks()
    await sim.close()
  })

  test('are asked for where their begin cannot be read', async () => {
    const store = await stocked(FRESH, BIG, small)
    for (const read of [breaks, hangs]) {
      store.read_ = read
      const { sim } = start(store, small)
      expect((await sim.get('/a')).text()).toBe('text')
      await sim.assertNoLeaks()
      await sim.close()
      await stocked(FRESH, BIG, small)
    }
  })

  test.each([
    ['breaks', breaks],
    ['hangs', hangs],
  ])('break off where the store %s in mid-content', async (_, how) => {
    const store = await stocked(FRESH, BIG, small)
    let reads = 0
    store.read_ = (pieces) => (reads++ === 0 ? pieces : how(pieces))
    const { sim } = start(store, small)
    const broken = await sim.get('/a')
    expect([broken.status, broken.complete]).toEqual([200, false])
    expect(sim.clock.now()).toBeLessThan(6_000)
    await sim.assertNoLeaks()
    await sim.close()
  })

  test('are not stored where they break off, however far they came', async () => {
    const store = new ScriptedStore()
    const { sim, kept } = start(store, small)
    sim.upstream(SERVICE).reply({ headers: FRESH, body: BIG }).inject(fault.truncate(1_500_000), { next: 1 })
    expect((await sim.get('/a')).complete).toBe(false)
    expect(store.calls).toEqual(['find', 'put'])
    expect([store.keys, kept.stats().store!.droppedWrites]).toEqual([[], 0])
    await sim.assertNoLeaks()
    await sim.close()
  })

  test('are not half there where they come for longer than a write may take', async () => {
    const store = new ScriptedStore()
    const { sim } = start(store, small)
    sim.upstream(SERVICE).reply({ headers: FRESH, body: BIG }).inject(fault.drip(50_000, '1s'))
    expect((await sim.get('/a')).text() === BIG).toBe(true)
    expect(store.keys.flatMap((key) => store.textsOf(key)).map((it) => it === BIG)).toEqual([true])
    await sim.assertNoLeaks()
    await sim.close()
  })

  test('are held up by a slow store for two seconds at most, and then not stored', async () => {
    const store = new ScriptedStore()
    const { sim } = start(store, small)
    const body = BIG + BIG + BIG
    sim.upstream(SERVICE).reply({ headers: FRESH, body })
    store.put_ = never
    const before = sim.clock.now()
    expect((await sim.get('/a')).text() === body).toBe(true)
    expect(sim.clock.now() - before).toBe(2_000)
    await sim.assertNoLeaks()
    await sim.close()
  })
})

async function* text(): AsyncGenerator<Uint8Array> {
  yield 'text' as never
}

async function* breaks(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    yield piece
    throw new Error('the connection is lost')
  }
}

async function* hangs(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    yield piece
    await new Promise(() => {})
  }
}
