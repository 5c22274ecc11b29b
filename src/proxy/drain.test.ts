import { pool, proxy, readiness, respond } from 'gatewright'
import { assertJournalled, assertOutcome, type Simulation, simulate } from 'gatewright/testing'
import { describe, expect, test } from 'vitest'

/** Services that take a while, behind a proxy that says whether it is ready. */
function slowly(seed: number): Simulation {
  const users = pool(['http://u1', 'http://u2'])
  const app = proxy().route('GET /ready', readiness()).route('/', users)
  const sim = simulate(app, { seed, latencyMs: 5 })
  for (const it of sim.upstreams) it.latency({ kind: 'exponential', meanMs: 200 })
  return sim
}

/** A load balancer: asks every half a second, and sends its traffic elsewhere after two answers that are not 200. */
function balancer(sim: Simulation) {
  const answers: number[] = []
  sim.every(500, async () => {
    if (answers.slice(-2).some((it) => it === 200) || answers.length < 2)
      answers.push((await sim.client('192.0.2.2').get('/ready')).status)
  })
  return { answers, sends: () => answers.length < 2 || answers.slice(-2).includes(200) }
}

describe('a drain with a notice, under load', () => {
  test.each([1, 2, 3, 4, 5])(
    'fails no request that a load balancer sends until it notices (seed %i)',
    async (seed) => {
      await using sim = slowly(seed)
      const { answers, sends } = balancer(sim)
      const results: Promise<number>[] = []
      let inNotice = 0
      let draining = false
      sim.every(10, () => {
        if (!sends()) return
        if (draining) inNotice++
        // No browser would send a POST again. Each client has connections of its own, and keeps them.
        const client = sim.client(`198.51.100.${results.length % 20}`)
        results.push(client.post('/users', { json: {} }).then(({ status }) => status))
      })
      await sim.advance('3s')
      draining = true
      const drained = sim.drain({ noticeMs: '3s', limitMs: '10s' })
      // From the first moment on.
      expect((await sim.client('192.0.2.3').get('/ready')).status).toBe(503)
      await drained

      expect(inNotice).toBeGreaterThan(50)
      expect(new Set(await Promise.all(results))).toEqual(new Set([200]))
      expect(answers.slice(0, 5)).toEqual([200, 200, 200, 200, 200])
      expect(answers.slice(-2)).toEqual([503, 503])
      await expect(sim.get('/users')).rejects.toThrow('ECONNREFUSED')
      await sim.assertNoLeaks()
    },
  )
})

describe('a drain without a notice, under load', () => {
  test.each([1, 2, 3, 4, 5])(
    'answers every request that is not refused as a connection (seed %i)',
    async (seed) => {
      await using sim = slowly(seed)
      let answered = 0
      // Each sends the next request as soon as it has a response, on the same connection while that is kept.
      const client = async (number: number): Promise<string> => {
        for (;;) {
          try {
            const { status } = await sim.client(`198.51.100.${number}`).post('/users', { json: {} })
            if (status !== 200) return `status ${status}`
            answered++
          } catch (error) {
            return (error as Error).message.replace(/.*: (connect \w+).*/s, '$1')
          }
        }
      }
      const ends = Array.from({ length: 30 }, (_, number) => client(number))
      await sim.advance('2s')
      const drained = sim.drain('10s')
      expect(new Set(await sim.until(Promise.all(ends)))).toEqual(new Set(['connect ECONNREFUSED']))
      await drained
      expect(answered).toBeGreaterThan(200)
      expect(sim.upstreams.reduce((sum, { totalRequests }) => sum + totalRequests, 0)).toBe(answered)
      await sim.assertNoLeaks()
    },
  )
})

test('tunnels have a time of their own in a drain, and end as what they are', async () => {
  const chat = pool(['http://chat'])
  await using sim = simulate(
    proxy()
      .route('/chat', chat)
      .route('/', () => respond(200, 'ok')),
  )
  sim.upstream('http://chat').reply({
    status: 101,
    headers: { Connection: 'Upgrade', Upgrade: 'websocket' },
    tunnel: (bytes, peer) => peer.write(bytes),
  })
  const client = await sim.connect()
  await client.send('GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
  await sim.settle()
  const drained = sim.drain({ noticeMs: '1s', tunnelMs: '5s', limitMs: '30s' })
  await sim.advance(5_999)
  expect(sim.exchanges[0]!.outcome).toBeUndefined()
  await sim.advance(1)
  assertOutcome(sim.exchanges[0]!, { result: 'failed', status: 101, error: 'proxy_closed' })
  await drained
  expect(sim.nowMs).toBe(6_000)
  assertJournalled(sim, /a drain has begun/, /failed 101 \(proxy_closed\)/, /the drain is over/)
  await sim.assertNoLeaks()
})
