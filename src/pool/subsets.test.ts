import { describe, expect, test, vi } from 'vitest'
import { proxy } from '../proxy/proxy.ts'
import { assertProblem, assertServedBy, fault, simulate } from '../testing/index.ts'
import type { EndpointOptions } from './endpoint-spec.ts'
import { pool } from './pool.ts'
import type { SubsetOptions } from './subset.ts'

const PROBED = { path: '/healthz', intervalMs: '1s', timeoutMs: '500ms', rise: 1, fall: 1 } as const

const ENDPOINTS: readonly EndpointOptions[] = [
  { url: 'http://old1', labels: { version: 'v1' } },
  { url: 'http://old2', labels: { version: 'v1' } },
  { url: 'http://new', labels: { version: 'v2' } },
]

/** A canary by header, and all others on v1. */
const byHeader = (options?: SubsetOptions) =>
  pool(ENDPOINTS).subset(({ request }) => ({ version: request.headers.get('x-version') ?? 'v1' }), options)

const asking = (version: string) => ({ headers: { 'X-Version': version } })

describe('pool.subset', () => {
  test('sends a canary who asks for it, and nobody else', async () => {
    await using sim = simulate(proxy().route('/', byHeader()), { seed: 1 })
    const load = await sim.load({
      rate: 100,
      duration: '4s',
      request: (number) => (number % 4 === 0 ? { url: '/', ...asking('v2') } : '/'),
    })
    expect(load.byEndpoint['http://new']!.count).toBe(Math.ceil(load.sent / 4))
    expect(Object.keys(load.byEndpoint)).toHaveLength(3)
    expect(load.errorRate).toBe(0)
    await sim.assertNoLeaks()
  })

  test('answers 503 where no endpoint has the labels', async () => {
    await using sim = simulate(proxy().route('/', byHeader()), { seed: 1 })
    assertProblem(await sim.get('/', asking('v3')), 'no_endpoint')
    await using retrying = simulate(proxy().route('/', byHeader().retry().hedge()), { seed: 1 })
    assertProblem(await retrying.get('/', asking('v3')), 'no_endpoint')
    await sim.assertNoLeaks()
    await retrying.assertNoLeaks()
  })

  test('lets all serve where no endpoint has the labels, if it is told to', async () => {
    await using sim = simulate(proxy().route('/', byHeader({ fallback: 'any' })), { seed: 1 })
    const { byEndpoint, errorRate } = await sim.load({
      rate: 100,
      duration: '3s',
      request: { url: '/', ...asking('v3') },
    })
    expect([Object.keys(byEndpoint).length, errorRate]).toEqual([3, 0])
    await sim.assertNoLeaks()
  })

  test('asks an unfit endpoint rather than none, or leaves it to the others', async () => {
    for (const [fallback, servedBy] of [
      ['none', /new/],
      ['any', /old/],
    ] as const) {
      await using sim = simulate(proxy().route('/', byHeader({ fallback }).health(PROBED)), { seed: 1 })
      sim.upstream('http://new').on('GET /healthz', { status: 503 }).on('GET /', { body: 'new' })
      await sim.advance('2s')
      expect((await sim.get('/', asking('v2'))).exchange!.attempts[0]!.endpoint).toMatch(servedBy)
      await sim.assertNoLeaks()
    }
  })

  test('tries again within the subset alone', async () => {
    await using sim = simulate(proxy().route('/', byHeader().retry({ attempts: 4 })), { seed: 1 })
    sim.upstream('http://new').inject(fault.resetBeforeHead())
    sim.upstream('http://old1').inject(fault.resetBeforeHead())
    const lost = await sim.get('/', asking('v2'))
    assertProblem(lost, 'upstream_reset')
    expect(lost.exchange!.attempts.map(({ endpoint }) => endpoint)).toEqual(Array(4).fill('http://new'))
    for (let i = 0; i < 4; i++) assertServedBy(await sim.get('/'), 'http://old2')
    await sim.assertNoLeaks()
  })

  test('does not hedge against itself: a subset of one endpoint has no second one', async () => {
    await using sim = simulate(proxy().route('/', byHeader().hedge({ afterMs: '50ms' })), { seed: 1 })
    for (const it of sim.upstreams) it.reply({ delayMs: 500, body: 'late' })
    expect((await sim.get('/', asking('v2'))).exchange!.attempts).toHaveLength(1)
    expect((await sim.get('/')).exchange!.attempts).toHaveLength(2)
    await sim.assertNoLeaks()
  })

  test('draws lots once for each exchange: every attempt is of the version that was drawn', {
    timeout: 120_000,
  }, async () => {
    const target = pool(ENDPOINTS).subset(({ random }) => ({ version: random() < 0.2 ? 'v2' : 'v1' }))
    await using sim = simulate(proxy().route('/', target.retry({ attempts: 3, on: 503 })), { seed: 6 })
    for (const it of sim.upstreams) it.reply(() => ({ status: sim.random() < 0.5 ? 503 : 200 }))
    await sim.load({ rate: 200, duration: '10s' })
    let canaries = 0
    for (const { attempts } of sim.exchanges) {
      const versions = new Set(attempts.map(({ endpoint }) => (endpoint === 'http://new' ? 'v2' : 'v1')))
      expect(versions.size).toBe(1)
      if (versions.has('v2')) canaries++
    }
    // A fifth of two thousand, within four standard deviations.
    expect(Math.abs(canaries / sim.exchanges.length - 0.2)).toBeLessThan(0.036)
    await sim.assertNoLeaks()
  })

  test('is reported as a mistake of the program where it returns no labels', async () => {
    const target = pool(ENDPOINTS).subset(() => Promise.resolve({ version: 'v1' }) as never)
    await using sim = simulate(proxy().route('/', target), { seed: 1 })
    const report = vi.spyOn(console, 'error').mockImplementation(() => {})
    expect((await sim.get('/')).status).toBe(500)
    expect(report.mock.calls.flat().join(' ')).toContain('must return an object of strings, or undefined')
    report.mockRestore()
    await sim.assertNoLeaks()
  })
})
