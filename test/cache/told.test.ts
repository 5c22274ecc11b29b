import { type DecisionRecord, pool, proxy } from 'gatewright'
import { type Cache, type CacheOptions, cache } from 'gatewright/cache'
import { fault, simulate } from 'gatewright/testing'
import { describe, expect, test } from 'vitest'
import { stateOf } from '../../src/core/filter-state.ts'

const SERVICE = 'http://service'

function start(options: CacheOptions = {}) {
  const pages: Cache = cache(options)
  const records: DecisionRecord[] = []
  const app = proxy()
    .use((exchange, next) => {
      records.push(exchange.record())
      return next(exchange)
    })
    .use(pages)
    .route('/*', pool([SERVICE]))
  const sim = simulate(app)
  const serve = (headers: Record<string, string>, body = 'text') =>
    sim.upstream(SERVICE).reply({ headers, body })
  serve({ 'Cache-Control': 'max-age=60', ETag: '"1"' })
  return { sim, pages, records, serve, service: sim.upstream(SERVICE) }
}

describe('what a cache tells', () => {
  test('is in the record, in Cache-Status and in the counts, the same of each', async () => {
    const { sim, pages, records, serve, service } = start()
    await using _ = sim
    const status = async (...request: Parameters<typeof sim.get>) =>
      (await sim.get(...request)).headers.get('cache-status')
    const told = [await status('/a'), await status('/a')]
    await sim.advance('70s')
    service.reply({ status: 304, headers: { ETag: '"1"', 'Cache-Control': 'max-age=60' } })
    told.push(await status('/a'))
    serve({ 'Cache-Control': 'private' })
    told.push(await status('/a', { headers: { 'Cache-Control': 'no-cache' } }))
    serve({ 'Cache-Control': 'max-age=60, stale-if-error=600' })
    await sim.get('/b')
    await sim.advance('70s')
    service.inject(fault.refuse(), { next: 1 })
    told.push(await status('/b'), await status('/b'))
    told.push((await sim.post('/b', { body: 'x' })).headers.get('cache-status'))
    expect(told).toEqual([
      'gatewright; fwd=uri-miss; stored',
      'gatewright; hit; ttl=60',
      'gatewright; fwd=stale; fwd-status=304',
      'gatewright; fwd=request; detail=private',
      'gatewright; fwd=stale; detail=stale-if-error',
      'gatewright; fwd=stale; stored',
      'gatewright; fwd=method',
    ])
    const recorded = records.flatMap(({ caches }) => caches)
    expect(
      recorded.map(({ result, level, reason, stored, notStored }) => [
        result,
        level,
        reason,
        stored,
        notStored,
      ]),
    ).toEqual([
      ['miss', undefined, 'uri-miss', true, undefined],
      ['hit', 'memory', 'fresh', false, undefined],
      ['revalidated', 'memory', 'stale', false, undefined],
      ['bypass', undefined, 'request-no-cache', false, 'private'],
      ['miss', undefined, 'uri-miss', true, undefined],
      ['stale', 'memory', 'stale-if-error', false, undefined],
      ['expired', undefined, 'stale', true, undefined],
      ['bypass', undefined, 'method', false, undefined],
    ])
    expect(pages.stats()).toMatchObject({
      results: { hit: 1, stale: 1, revalidated: 1, miss: 2, expired: 1, bypass: 2 },
      stored: 3,
      notStored: { private: 1 },
      answers: { memory: 3 },
      answerBytes: { memory: 12 },
      store: undefined,
      filling: 0,
    })
    expect(stateOf(pages)).toEqual({
      kind: 'cache',
      // The unsafe request has taken it away.
      entries: 0,
      bytes: 0,
      results: { hit: 1, stale: 1, revalidated: 1, miss: 2, expired: 1, bypass: 2 },
      collapsed: 0,
      stored: 3,
      notStored: { private: 1 },
      answers: { memory: 3 },
    })
    expect(records[1]!.toString()).toContain(
      'cache gatewright: hit from memory, fresh, fresh for another 60000 ms',
    )
    expect(records[3]!.toString()).toContain(
      'cache gatewright: bypass, request-no-cache, not stored: private',
    )
    await sim.assertNoLeaks()
  })

  test('is in error answers too', async () => {
    const { sim, pages, service } = start({ name: 'edge' })
    await using _ = sim
    service.inject(fault.refuse())
    expect((await sim.get('/a')).headers.get('cache-status')).toBe('edge; fwd=uri-miss')
    expect((await sim.post('/a')).headers.get('cache-status')).toBe('edge; fwd=method')
    const refused = await sim.get('/a', { headers: { 'Cache-Control': 'only-if-cached' } })
    expect([refused.status, refused.headers.get('cache-status')]).toEqual([
      504,
      'edge; detail=only-if-cached',
    ])
    expect(pages.stats().results).toMatchObject({ miss: 2, bypass: 1 })
    await sim.assertNoLeaks()
  })

  test('counts those who waited for another one', async () => {
    const { sim, pages } = start()
    await using _ = sim
    const all = await Promise.all(Array.from({ length: 5 }, () => sim.get('/a')))
    const statuses = all.map((it) => it.headers.get('cache-status'))
    expect(statuses).toEqual([
      'gatewright; fwd=uri-miss; stored',
      ...Array(4).fill('gatewright; fwd=uri-miss; stored; collapsed'),
    ])
    expect(pages.stats()).toMatchObject({ results: { miss: 5 }, collapsed: 4, stored: 1 })
    expect(stateOf(pages)).toMatchObject({ entries: 1, bytes: pages.bytes, collapsed: 4, stored: 1 })
    expect(pages.bytes).toBeGreaterThan(0)
    await sim.assertNoLeaks()
  })
})
