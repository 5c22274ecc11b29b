import { pool, proxy } from 'gatewright'
import { cache } from 'gatewright/cache'
import { fault, type Simulation, simulate } from 'gatewright/testing'
import { describe, expect, test } from 'vitest'

const SERVICE = 'http://service'
const app = () =>
  proxy()
    .use(cache())
    .route('/', pool([SERVICE]))

function start(headers: Record<string, string>, body = 'text') {
  const sim = simulate(app())
  sim.upstream(SERVICE).reply({ headers, body })
  return sim
}

const asked = (sim: Simulation) => sim.upstream(SERVICE).requests.length
const status = (response: { headers: { get(name: string): string | undefined } }) =>
  response.headers.get('cache-status')

describe('cache', () => {
  test('answers from what it has stored, with its age, until it is stale', async () => {
    await using sim = start({ 'Cache-Control': 'max-age=60' })
    const first = await sim.get('/a')
    expect([first.text(), status(first), first.headers.get('age')]).toEqual([
      'text',
      'gatewright; fwd=uri-miss; stored',
      undefined,
    ])
    await sim.advance('10s')
    const second = await sim.get('/a')
    expect([second.text(), status(second), second.headers.get('age')]).toEqual([
      'text',
      'gatewright; hit; ttl=50',
      '10',
    ])
    await sim.get('/b')
    expect(asked(sim)).toBe(2)
    await sim.advance('51s')
    expect(status(await sim.get('/a'))).toBe('gatewright; fwd=stale; stored')
    expect(asked(sim)).toBe(3)
    await sim.assertNoLeaks()
  })

  test('validates what is stale, and goes on with it when it is confirmed', async () => {
    await using sim = start({ 'Cache-Control': 'max-age=10', ETag: '"1"' })
    await sim.get('/a')
    await sim.advance('11s')
    sim
      .upstream(SERVICE)
      .reply({ status: 304, headers: { 'Cache-Control': 'max-age=100', ETag: '"1"', 'X-New': '1' } })
    const confirmed = await sim.get('/a')
    expect([confirmed.status, confirmed.text(), confirmed.headers.get('x-new'), status(confirmed)]).toEqual([
      200,
      'text',
      '1',
      'gatewright; fwd=stale; fwd-status=304',
    ])
    expect(sim.upstream(SERVICE).requests.at(-1)!.headers).toContainEqual(['If-None-Match', '"1"'])
    await sim.advance('50s')
    expect(status(await sim.get('/a'))).toContain('hit')
    await sim.assertNoLeaks()
  })

  test('answers 304 to those who have it, also from the first request on', async () => {
    await using sim = start({ 'Cache-Control': 'max-age=10', ETag: '"1"' })
    for (let i = 0; i < 2; i++)
      expect((await sim.get('/a', { headers: { 'If-None-Match': '"1"' } })).status).toBe(304)
    expect(asked(sim)).toBe(1)
    expect((await sim.get('/a')).text()).toBe('text')
    await sim.assertNoLeaks()
  })

  test('keeps one response of each variant', async () => {
    await using sim = start({ 'Cache-Control': 'max-age=10', Vary: 'Accept-Language' })
    for (const language of ['de', 'en', 'de', 'en'])
      await sim.get('/a', { headers: { 'Accept-Language': language } })
    expect(asked(sim)).toBe(2)
    await sim.assertNoLeaks()
  })

  test.each([
    ['is private', { 'Cache-Control': 'private, max-age=10' }, {}],
    ['is not to be stored', { 'Cache-Control': 'no-store' }, {}],
    ['has a cookie', { 'Cache-Control': 'max-age=10', 'Set-Cookie': 'a=1' }, {}],
    ['is of someone who is logged in', { 'Cache-Control': 'max-age=10' }, { Authorization: 'Bearer x' }],
    ['varies on everything', { 'Cache-Control': 'max-age=10', Vary: '*' }, {}],
  ])('stores nothing that %s', async (_, headers, request) => {
    await using sim = start(headers)
    for (let i = 0; i < 2; i++) expect((await sim.get('/a', { headers: request })).text()).toBe('text')
    expect(asked(sim)).toBe(2)
    await sim.assertNoLeaks()
  })

  test('answers with what is stale while it asks for what is fresh', async () => {
    await using sim = start({ 'Cache-Control': 'max-age=10, stale-while-revalidate=60' }, 'old')
    await sim.get('/a')
    await sim.advance('20s')
    sim.upstream(SERVICE).reply({ headers: { 'Cache-Control': 'max-age=10' }, body: 'new', delayMs: 1_000 })
    for (let i = 0; i < 5; i++) expect((await sim.get('/a')).text()).toBe('old')
    await sim.advance('2s')
    expect((await sim.get('/a')).text()).toBe('new')
    expect(asked(sim)).toBe(2)
    await sim.assertNoLeaks()
  })

  test('answers with what is stale where the service fails', async () => {
    await using sim = start({ 'Cache-Control': 'max-age=10, stale-if-error=60' })
    await sim.get('/a')
    await sim.advance('20s')
    sim.upstream(SERVICE).inject(fault.refuse(), { next: 1 })
    expect((await sim.get('/a')).text()).toBe('text')
    sim.upstream(SERVICE).reply({ status: 503 })
    const stale = await sim.get('/a')
    expect([stale.status, status(stale)]).toEqual([
      200,
      'gatewright; fwd=stale; fwd-status=503; detail=stale-if-error',
    ])
    await sim.advance('60s')
    expect((await sim.get('/a')).status).toBe(503)
    await sim.assertNoLeaks()
  })

  test('forgets what an unsafe request has changed', async () => {
    await using sim = start({ 'Cache-Control': 'max-age=60' })
    await sim.get('/a')
    await sim.post('/a', { body: 'x' })
    await sim.get('/a')
    expect(asked(sim)).toBe(3)
    await sim.assertNoLeaks()
  })

  test('does not store what was asked for before it was changed', async () => {
    await using sim = simulate(app())
    sim
      .upstream(SERVICE)
      .reply({ headers: { 'Cache-Control': 'max-age=60' }, body: 'before', delayMs: 2_000 })
    const before = sim.get('/a')
    await sim.advance('1s')
    sim.upstream(SERVICE).reply({ headers: { 'Cache-Control': 'max-age=60' }, body: 'after' })
    await sim.post('/a', { body: 'x' })
    expect((await before).text()).toBe('before')
    expect((await sim.get('/a')).text()).toBe('after')
    expect(asked(sim)).toBe(3)
    await sim.assertNoLeaks()
  })

  test('asks once for all who ask at the same time, also while the content comes, and though the first one leaves', async () => {
    await using sim = simulate(app())
    const body = 'x'.repeat(300_000)
    sim
      .upstream(SERVICE)
      .reply({ headers: { 'Cache-Control': 'max-age=60' }, body })
      .inject(fault.drip(10_000, '100ms'))
    const first = sim.get('/a')
    await sim.advance('500ms')
    const others = Array.from({ length: 20 }, () => sim.get('/a'))
    await sim.advance('500ms')
    first.leave()
    const late = sim.get('/a')
    for (const response of await Promise.all([...others, late])) expect(response.text() === body).toBe(true)
    expect(asked(sim)).toBe(1)
    expect(status(await sim.get('/a'))).toContain('hit')
    await sim.assertNoLeaks()
  })

  test('has everyone ask for himself where the answer cannot be shared', async () => {
    await using sim = simulate(app())
    sim.upstream(SERVICE).reply({ headers: { 'Cache-Control': 'no-store' }, body: 'mine', delayMs: 1_000 })
    const all = await Promise.all(Array.from({ length: 5 }, () => sim.get('/a')))
    expect(all.map((it) => it.text())).toEqual(Array(5).fill('mine'))
    expect(asked(sim)).toBe(5)
    await sim.assertNoLeaks()
  })

  test('answers requests for parts from what it has stored', async () => {
    const body = Array.from({ length: 1_000 }, (_, i) => String(i % 10)).join('')
    await using sim = start(
      { 'Cache-Control': 'max-age=60', ETag: '"1"', 'Content-Type': 'text/plain' },
      body,
    )
    await sim.get('/a')
    const part = (range: string, more = {}) => sim.get('/a', { headers: { Range: range, ...more } })
    const one = await part('bytes=10-19')
    expect([one.status, one.text(), one.headers.get('content-range')]).toEqual([
      206,
      '0123456789',
      'bytes 10-19/1000',
    ])
    expect((await part('bytes=-3')).text()).toBe('789')
    const several = await part('bytes=0-1,500-501')
    const boundary = /^multipart\/byteranges; boundary=(\w+)$/.exec(several.headers.get('content-type')!)![1]
    expect(several.text()).toBe(
      [
        `--${boundary}`,
        'Content-Type: text/plain',
        'Content-Range: bytes 0-1/1000',
        '',
        '01',
        `--${boundary}`,
        'Content-Type: text/plain',
        'Content-Range: bytes 500-501/1000',
        '',
        '01',
        `--${boundary}--`,
        '',
      ].join('\r\n'),
    )
    const beyond = await part('bytes=2000-')
    expect([beyond.status, beyond.text(), beyond.headers.get('content-range')]).toEqual([
      416,
      '',
      'bytes */1000',
    ])
    expect((await part('bytes=0-1', { 'If-Range': '"1"' })).status).toBe(206)
    expect((await part('bytes=0-1', { 'If-Range': '"2"' })).text()).toBe(body)
    expect((await part('bytes=0-1', { 'If-None-Match': '"1"' })).status).toBe(304)
    expect((await part('lines=1-2')).status).toBe(200)
    expect(asked(sim)).toBe(1)
    await sim.assertNoLeaks()
  })

  test('stores nothing of what breaks off', async () => {
    await using sim = simulate(app())
    sim
      .upstream(SERVICE)
      .reply({ headers: { 'Cache-Control': 'max-age=60' }, body: 'x'.repeat(1_000) })
      .inject(fault.resetAfterBytes(100), { next: 1 })
    expect((await sim.get('/a')).complete).toBe(false)
    expect((await sim.get('/a')).text()).toBe('x'.repeat(1_000))
    expect(asked(sim)).toBe(2)
    await sim.assertNoLeaks()
  })

  test('has 504 for those who want a stored response or none', async () => {
    await using sim = start({ 'Cache-Control': 'max-age=60' })
    expect((await sim.get('/a', { headers: { 'Cache-Control': 'only-if-cached' } })).status).toBe(504)
    expect(asked(sim)).toBe(0)
  })
})
