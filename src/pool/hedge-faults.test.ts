import fc from 'fast-check'
import { expect, test } from 'vitest'
import { onRequest } from '../core/handler.ts'
import { proxy } from '../proxy/proxy.ts'
import { faultSchedules, injectAll } from '../testing/arbitraries/index.ts'
import { simulate } from '../testing/index.ts'
import { pool } from './pool.ts'

const UPSTREAMS = ['http://u1', 'http://u2', 'http://u3']

test('whatever fails, pool.hedge sends no order twice, no body by half, and leaves nothing', {
  timeout: 60_000,
}, async () => {
  const passing = onRequest(({ request }) => {
    request.body.transform((chunks) => chunks)
  })
  const run = fc.record({
    schedule: faultSchedules({ upstreams: UPSTREAMS, lasts: '10s' }),
    seed: fc.nat(),
    filtered: fc.boolean(),
    retried: fc.boolean(),
    limited: fc.boolean(),
  })
  let hedges = 0
  await fc.assert(
    fc.asyncProperty(run, async ({ schedule, seed, filtered, retried, limited }) => {
      let target = pool(UPSTREAMS, { connectMs: '500ms', headMs: '2s' }).hedge({ afterMs: 20, budget: 1 })
      if (filtered) target = target.use(passing)
      if (retried) target = target.retry({ attempts: 3, on: ['unsent', 'reset', 'timeout', '5xx'] })
      if (limited) target = target.deadline({ ms: '700ms', header: 'X-Request-Timeout' })
      await using sim = simulate(proxy().route('/', target), { seed })
      for (const it of sim.upstreams) it.latency({ kind: 'exponential', meanMs: 20 })
      injectAll(schedule, sim)
      const { sent, byOutcome } = await sim.load({
        rate: 20,
        duration: '10s',
        patience: '1s',
        request: (number) => ({
          method: ['GET', 'PUT', 'POST'][number % 3]!,
          url: `/${number}`,
          ...(number % 3 === 0 ? {} : { body: `${number} `.repeat(1 + ((number * 977) % 9_000)) }),
        }),
      })
      expect(Object.values(byOutcome).reduce((sum, count) => sum + count)).toBe(sent)
      const posts = new Set<string>()
      for (const { requests } of sim.upstreams) {
        for (const { method, target: path, body, complete } of requests) {
          const number = Number(path.slice(1))
          const whole = method === 'GET' ? '' : `${number} `.repeat(1 + ((number * 977) % 9_000))
          if (complete) expect(body.toString()).toBe(whole)
          else expect(whole.startsWith(body.toString())).toBe(true)
          if (method !== 'POST') continue
          expect(posts.has(path)).toBe(false)
          posts.add(path)
        }
      }
      hedges += sim.journal.toString().match(/: hedged after/g)?.length ?? 0
      await sim.assertNoLeaks()
    }),
    { numRuns: 30 },
  )
  // Else it would have shown nothing.
  expect(hedges).toBeGreaterThan(100)
})
