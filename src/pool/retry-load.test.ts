import { describe, expect, test } from 'vitest'
import { proxy } from '../proxy/proxy.ts'
import { fault, type LoadResult, simulate } from '../testing/index.ts'
import { type Pool, pool } from './pool.ts'
import type { RetryOptions } from './retry-options.ts'

const ENDPOINTS = ['http://u1', 'http://u2', 'http://u3']

describe('pool.retry', () => {
  async function outage(shape: (it: Pool) => Pool): Promise<LoadResult> {
    const base = pool(ENDPOINTS, { connectMs: '500ms' }).health({
      path: '/healthz',
      intervalMs: '1s',
      fall: 2,
    })
    await using sim = simulate(proxy().route('/', shape(base)), { seed: 5, keep: 1_000 })
    for (const it of sim.upstreams) it.latency({ kind: 'exponential', meanMs: 8 })
    sim.upstream('http://u2').outage({ after: '5s', lasts: '30s' })
    const result = await sim.load({ rate: 500, duration: '40s' })
    await sim.assertNoLeaks()
    return result
  }

  test('hides the outage of one endpoint in three', { timeout: 120_000 }, async () => {
    const without = await outage((it) => it)
    const withRetry = await outage((it) => it.retry())
    // Without it, a third of the requests is lost until two probes have failed.
    expect(without.errorRate).toBeGreaterThan(0.005)
    expect(without.sent).toBeGreaterThan(19_000)
    expect(withRetry.errorRate).toBeLessThanOrEqual(0.001)
  })

  async function storm(
    options: RetryOptions,
  ): Promise<{ load: LoadResult; received: number; refused: number }> {
    const target = pool(ENDPOINTS).retry({ attempts: 4, on: ['unsent', 'reset', 503], ...options })
    await using sim = simulate(proxy().route('/', target), { seed: 5, keep: 1_000_000 })
    for (const it of sim.upstreams) {
      it.inject(fault.latency({ kind: 'exponential', meanMs: 5 }))
      it.reply(() => ({ status: sim.random() < 0.5 ? 503 : 200 }))
    }
    const load = await sim.load({ rate: 200, duration: '30s' })
    const received = sim.upstreams.reduce((sum, { totalRequests }) => sum + totalRequests, 0)
    const refused =
      sim.journal.toString().match(/not retried, the budget is spent \(status 503\)/g)?.length ?? 0
    await sim.assertNoLeaks()
    return { load, received, refused }
  }

  test('does not make a bad time worse than its budget allows', { timeout: 120_000 }, async () => {
    const unbounded = await storm({ budget: Number.POSITIVE_INFINITY })
    expect(unbounded.received).toBeGreaterThan(unbounded.load.sent * 1.8)
    expect(unbounded.refused).toBe(0)

    const bounded = await storm({ budget: { ratio: 0.2, minPerSecond: 1 } })
    const { sent, byStatus } = bounded.load
    // The floor counts for each second of the load, and for the window in which it begins.
    expect(bounded.received).toBeLessThanOrEqual(sent * 1.2 + 1 * (30 + 10))
    expect(bounded.received).toBeGreaterThan(sent * 1.15)
    // Who is not tried again gets the answer that there was, and it is noted.
    expect(byStatus[503]).toBeGreaterThanOrEqual(bounded.refused)
    expect(bounded.refused).toBeGreaterThan(sent * 0.2)
  })
})
