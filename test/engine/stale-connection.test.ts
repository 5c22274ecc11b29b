import { expect, test } from 'vitest'
import { pool, proxy } from '../../src/index.ts'
import { fault, simulate } from '../../src/testing/index.ts'

test('a request that met a stale connection takes a new one, although another idle one is there', async () => {
  const sim = simulate(proxy().route('/', pool(['http://service'])))
  const service = sim.upstream('http://service')
  service.reply({ delayMs: 10 })
  await Promise.all([sim.get('/'), sim.get('/')])
  expect(service.connections).toBe(2)

  service.inject(fault.resetBeforeHead(), { next: 1 })
  expect((await sim.get('/')).status).toBe(200)
  const [first, second] = service.requests.slice(2).map(({ connection }) => connection)
  expect(first).toBeLessThan(3)
  expect(second).toBe(3)
  await sim.assertNoLeaks()
})

test('a new connection that breaks is no stale one: the client is told', async () => {
  const sim = simulate(proxy().route('/', pool(['http://service'])))
  const service = sim.upstream('http://service')
  service.reply({ delayMs: 10 })
  await Promise.all([sim.get('/'), sim.get('/')])

  service.inject(fault.resetBeforeHead(), { next: 2 })
  expect((await sim.get('/')).status).toBe(502)
  expect(service.totalRequests).toBe(4)
  await sim.assertNoLeaks()
})
