import fc from 'fast-check'
import { expect, test } from 'vitest'
import { onRequest } from '../core/handler.ts'
import { circuitBreaker } from '../filters/circuit-breaker.ts'
import { concurrencyLimit } from '../filters/concurrency-limit.ts'
import { proxy } from '../proxy/proxy.ts'
import { faultSchedules, injectAll } from '../testing/arbitraries/index.ts'
import { forEachSeed, simulate } from '../testing/index.ts'
import { pool } from './pool.ts'

test('a pool that is dead is answered for by its fallback, and taken again when it is back', {
  timeout: 120_000,
}, async () => {
  await forEachSeed(4, async (seed) => {
    const states: string[] = []
    let attempts = 0
    const count = onRequest(() => {
      attempts++
    })
    const breaker = circuitBreaker({
      windowMs: '1s',
      openMs: '1s',
      maxOpenMs: '2s',
      onChange: ({ kind }) => states.push(kind),
    })
    const archive = pool(['http://archive'], { name: 'archive' })
    const users = pool(['http://u1', 'http://u2'], { name: 'users', connectMs: '500ms' })
      .use(count)
      .guard(breaker)
      .fallback(archive, { on: '502-504' })
    await using sim = simulate(proxy().route('/', users), { seed, keep: 1_000 })
    for (const it of sim.upstreams) it.latency({ kind: 'exponential', meanMs: 8 })
    for (const url of ['http://u1', 'http://u2']) sim.upstream(url).outage({ after: '3s', lasts: '10s' })

    const before = sim.load({ rate: 100, duration: '20s' })
    const asked: number[] = []
    for (const atMs of [4_000, 12_000]) sim.clock.setTimeout(() => asked.push(attempts), atMs)
    const { errorRate, byEndpoint, sent } = await before
    expect(errorRate).toBe(0)
    // In eight seconds of the outage, 800 requests: only as many as it takes to see that it lasts.
    expect(asked[1]! - asked[0]!).toBeLessThan(40)
    expect(sent).toBeGreaterThan(1_800)
    // Ten seconds of twenty, and the while until the breaker has closed.
    expect(byEndpoint['http://archive']!.share).toBeGreaterThan(0.45)
    expect(byEndpoint['http://archive']!.share).toBeLessThan(0.75)
    expect(breaker.state.kind).toBe('closed')
    expect(states.slice(-4)).toEqual(['half-open', 'half-open', 'half-open', 'closed'])

    const after = await sim.load({ rate: 100, duration: '5s' })
    expect(after.errorRate).toBe(0)
    expect(after.byEndpoint['http://archive']).toBeUndefined()
    await sim.assertNoLeaks()
  })
})

test('whatever fails, pool.fallback sends no order twice, no body by half, and leaves nothing', {
  timeout: 120_000,
}, async () => {
  const urls = ['http://u1', 'http://u2', 'http://old']
  const run = fc.record({
    schedule: faultSchedules({ upstreams: urls, lasts: '10s' }),
    seed: fc.nat(),
    retried: fc.boolean(),
    filtered: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(run, async ({ schedule, seed, retried, filtered }) => {
      const limit = concurrencyLimit({ limit: 10 })
      const old = pool(['http://old'], { name: 'old', headMs: '1s' })
      let users = pool(['http://u1', 'http://u2'], { connectMs: '500ms', headMs: '1s' }).guard(limit)
      if (retried) users = users.retry({ attempts: 2, on: ['unsent', 'reset', '5xx'], budget: Infinity })
      if (filtered)
        users = users.guard(
          onRequest(({ request }) => {
            request.body.transform((chunks) => chunks)
          }),
        )
      const target = users.fallback(old.guard(circuitBreaker()), { on: '5xx' })
      await using sim = simulate(proxy().route('/', target), { seed })
      injectAll(schedule, sim)
      const { sent, byOutcome } = await sim.load({
        rate: 20,
        duration: '10s',
        request: (number) => ({
          method: ['GET', 'PUT', 'POST'][number % 3]!,
          url: `/${number}`,
          ...(number % 3 === 0 ? {} : { body: bodyOf(number) }),
        }),
      })
      expect(Object.values(byOutcome).reduce((sum, count) => sum + count)).toBe(sent)
      const posts = new Set<string>()
      for (const { requests } of sim.upstreams) {
        for (const { method, target: path, body, complete } of requests) {
          const whole = method === 'GET' ? '' : bodyOf(Number(path.slice(1)))
          if (complete) expect(body.toString()).toBe(whole)
          else expect(whole.startsWith(body.toString())).toBe(true)
          if (method !== 'POST') continue
          expect(posts.has(path)).toBe(false)
          posts.add(path)
        }
      }
      await sim.advance('2s')
      expect(limit.inFlight).toBe(0)
      await sim.assertNoLeaks()
    }),
    { numRuns: 25 },
  )
})

function bodyOf(number: number): string {
  return `${number} `.repeat(1 + ((number * 977) % 9_000))
}
