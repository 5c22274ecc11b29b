/** A whole proxy tested with its services, its outages and its hours: no sockets, no waiting. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  assertProblem,
  assertServedBy,
  assertStatus,
  exchange,
  fault,
  forEachSeed,
  run,
  simulate,
} from 'gatewright/testing'
import { limitPerHour } from './limit-per-hour.ts'
import { gateway } from './proxy.ts'

const ada = { Authorization: 'Bearer abc' }
const bob = { Authorization: 'Bearer def' }

await test('the limit lets one request through, and no second one', async () => {
  const filter = limitPerHour(1)
  assertStatus(await run(filter, exchange()), 200)
  assertStatus(await run(filter, exchange()), 429)
})

await test('the pool survives the loss of one of its three endpoints', async () => {
  await using sim = simulate(gateway(), { seed: 1 })
  const load = sim.load({ rate: 2, duration: '40s', request: { url: '/orders', headers: ada } })

  await sim.advance('10s')
  sim.upstream('http://orders-2:8080').outage({ lasts: '20s' })
  const { byStatus, byEndpoint } = await load

  assert.deepEqual(Object.keys(byStatus), ['200'])
  assert.ok(byEndpoint['http://orders-2:8080']!.share < 0.25)
  await sim.assertNoLeaks()
})

await test('an endpoint that is back gets its share again', async () => {
  await using sim = simulate(gateway(), { seed: 1 })
  sim.upstream('http://orders-2:8080').outage({ lasts: '20s' })
  await sim.advance('30s')

  const served = []
  for (let i = 0; i < 3; i++) served.push(await sim.get('/orders', { headers: ada }))
  assertServedBy(
    served.find((it) => it.exchange?.attempts[0]?.endpoint === 'http://orders-2:8080')!,
    'http://orders-2:8080',
  )
  await sim.assertNoLeaks()
})

await test('a hundred requests an hour, for each client', async () => {
  await using sim = simulate(gateway())
  const first = await sim.load({ rate: 1, duration: '2m', request: { url: '/orders', headers: ada } })
  assert.deepEqual(first.byStatus, { 200: 100, 429: first.sent - 100 })

  const refused = await sim.get('/orders', { headers: ada })
  assertStatus(refused, 429)
  assertStatus(await sim.client('198.51.100.2').get('/orders', { headers: bob }), 200)

  await sim.advance(Number(refused.headers.get('retry-after')) * 1_000)
  assertStatus(await sim.get('/orders', { headers: ada }), 200)
  await sim.assertNoLeaks()
})

await test('a service that answers nonsense is not passed on, whatever the seed', async () => {
  await forEachSeed(20, async (seed) => {
    await using sim = simulate(gateway(), { seed })
    for (const upstream of sim.upstreams) {
      upstream.on('GET /healthz', {})
      upstream.inject(fault.malformed('HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n'), {
        match: 'GET /orders',
      })
    }
    assertProblem(await sim.get('/orders', { headers: ada }), 'upstream_response_malformed')
    await sim.assertNoLeaks()
  })
})
