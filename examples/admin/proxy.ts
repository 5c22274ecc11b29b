/** Two services, and an admin listener that takes one of them out of use for a restart: no request fails. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pool, proxy } from 'gatewright'
import { type AdminSnapshot, admin, type EndpointStatus } from 'gatewright/admin'

const [blue, green] = await Promise.all([service('blue'), service('green')])
const TOKEN = 'an-example-of-a-token-which-is-not-random'

const listener = admin({ port: 0, token: TOKEN })
const app = await proxy()
  .listen({ port: 0 })
  .attach(listener)
  .route('/', pool([blue.url, green.url], { name: 'colours' }).weightedRoundRobin())
  .start({ signals: false })
console.log(`the dashboard is at ${listener.url}, the token is ${TOKEN}`)

// 1. Orchestrators ask without a token; nobody else does.
assert.equal((await fetch(`${listener.url}/ready`)).status, 200)
assert.equal((await fetch(`${listener.url}/api/snapshot`)).status, 401)

// 2. Blue is drained. Everything goes to green.
console.log(`blue is ${(await command('drain', blue.url)).state}`)
assert.deepEqual(await coloursOf(4), new Set(['green']))

// 3. It comes back, with a third of the traffic.
await command('weight', blue.url, { weight: 0.5 })
await command('readmit', blue.url)
assert.deepEqual(await coloursOf(6), new Set(['blue', 'green']))

// 4. What has happened.
const { traffic, pools } = (await ask('/api/snapshot')) as AdminSnapshot
assert.deepEqual([traffic.total, traffic.failures], [10, 0])
console.log(`${traffic.total} exchanges, ${traffic.failures} failures`)
for (const { id, state, weight, successes } of pools[0]!.endpoints)
  console.log(`${id}: ${state}, weight ${weight}, ${successes} responses`)

await app.close()
for (const { server } of [blue, green]) server.close()

async function service(colour: string): Promise<{ server: Server; url: string }> {
  const server = createServer((_, response) => response.end(colour)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

async function ask(path: string, body?: object): Promise<unknown> {
  const headers = { Authorization: `Bearer ${TOKEN}`, 'Content-Type': 'application/json' }
  const command = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
  const response = await fetch(listener.url + path, { headers, ...command })
  assert.equal(response.status, 200)
  return response.json()
}

function command(name: string, endpoint: string, more: object = {}): Promise<EndpointStatus> {
  return ask(`/api/endpoints/${name}`, { pool: 'colours', endpoint, ...more }) as Promise<EndpointStatus>
}

async function coloursOf(requests: number): Promise<Set<string>> {
  const colours = new Set<string>()
  for (let i = 0; i < requests; i++) colours.add(await (await fetch(app.url)).text())
  return colours
}
