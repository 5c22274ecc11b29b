/** Who the client is, when there are proxies in front: only those that are named are believed, from right to left. */
import assert from 'node:assert/strict'
import { type Handler, pool, proxy, respondJson } from 'gatewright'
import { fakeUpstream } from 'gatewright/testing'

const whoAmI: Handler = ({ client }) => respondJson(200, { address: client.address, scheme: client.scheme })

const service = await fakeUpstream({ socket: true }).start()
const app = proxy()
  .route('/who', whoAmI)
  .route('/service', pool([service.url]))

// Two listeners: one for the world, one for a load balancer on this machine.
const running = await app
  .listen({ port: 0 })
  .listen({ port: 0, trustedProxies: ['loopback', '10.0.0.0/8'] })
  .start({ signals: false })
const [open, behindBalancer] = running.addresses.map(({ port }) => `http://127.0.0.1:${port}`)

const headers = { 'X-Forwarded-For': '203.0.113.9, 198.51.100.7, 10.1.2.3', 'X-Forwarded-Proto': 'https' }

// Anyone can write the field, so without trust it counts for nothing.
const stranger = await (await fetch(`${open}/who`, { headers })).json()
assert.deepEqual(stranger, { address: '127.0.0.1', scheme: 'http' })

// The balancer and 10.1.2.3 are ours; 198.51.100.7 is the first that is not. What it says itself is not believed.
const known = await (await fetch(`${behindBalancer}/who`, { headers })).json()
assert.deepEqual(known, { address: '198.51.100.7', scheme: 'https' })

// What the service is told follows from the same decision.
await fetch(`${open}/service`, { headers })
await fetch(`${behindBalancer}/service`, { headers })
const told = service.requests.map((request) => request.header('X-Forwarded-For'))
assert.deepEqual(told, ['127.0.0.1', '203.0.113.9, 198.51.100.7, 10.1.2.3, 127.0.0.1'])

await running.close()
await service.close()
console.log('a stranger is', stranger, 'and behind a trusted balancer the client is', known)
