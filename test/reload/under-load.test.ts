import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, createServer, get, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { startFollowed } from '../../src/config/start-followed.ts'

const RELOADS = 100
const CLIENTS = 8

async function service(name: string): Promise<Server> {
  const server = createServer((_, response) => response.end(name))
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return server
}

/** Each differs from the one before in what a reload has to do: pools, their endpoints, filters, routes, listeners. */
function configuration(generation: number, [one, other]: readonly string[]): string {
  const isEven = generation % 2 === 0
  const endpoints = isEven
    ? `[{ address: "${one}", weight: ${1 + (generation % 7)} }, "${other}"]`
    : `["${other}"]`
  return `proxy:
  listen:
    - { port: 0 }
${generation % 5 === 0 ? '    - { port: 0, limits: { connections: 100 } }\n' : ''}  upstreams:
    ${generation % 3 === 0 ? 'users' : 'people'}:
      endpoints: ${endpoints}
      balancer: ${isEven ? 'least_connections' : 'round_robin'}
      retry: { attempts: ${2 + (generation % 2)} }
  filters:
    - request_id
    - headers: { response: { set: { x-generation: "${generation}" } } }
${isEven ? '    - rate_limit: { limit: 1000000, per: 1m }\n' : ''}  routes:
    - path: /users
      upstream: ${generation % 3 === 0 ? 'users' : 'people'}
    - path: /only/${generation}
      respond: { status: 200, body: "${generation}" }
`
}

/** What a request came to: its status and its generation, or why it failed. */
function asked(url: string, agent: Agent): Promise<{ status: number; generation: number }> {
  return new Promise((resolve, reject) => {
    get(url, { agent }, (response) => {
      response.on('error', reject).resume()
      response.on('end', () =>
        resolve({ status: response.statusCode!, generation: Number(response.headers['x-generation']) }),
      )
    }).on('error', reject)
  })
}

it(`${RELOADS} reloads under load cost no request, and each is served when it has been done`, {
  timeout: 120_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gatewright-reloads-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'gateway.yaml')
  const services = await Promise.all([service('one'), service('other')])
  const addresses = services.map((server) => `127.0.0.1:${(server.address() as AddressInfo).port}`)
  writeFileSync(file, configuration(0, addresses))
  const { running, follower } = await startFollowed(file, { watch: false, signals: false })
  onTestFinished(() => running.close())
  // The first listener stays.
  const url = `${running.url}/users`
  // Nothing is sent again by itself, so that nothing is hidden.
  const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS })
  onTestFinished(() => agent.destroy())

  let isLoading = true
  let count = 0
  let latest = 0
  const failures: string[] = []
  const client = async (): Promise<void> => {
    while (isLoading) {
      const least = latest
      try {
        const { status, generation } = await asked(url, agent)
        if (status !== 200) failures.push(`status ${status}`)
        // What began when a reload was done is served as that says.
        if (generation < least) failures.push(`generation ${generation} after ${least}`)
      } catch (error) {
        failures.push(String(error))
      }
      count++
    }
  }
  const clients = Array.from({ length: CLIENTS }, client)
  for (let generation = 1; generation <= RELOADS; generation++) {
    writeFileSync(file, configuration(generation, addresses))
    await follower.reload()
    latest = generation
    expect((await asked(`${running.url}/only/${generation}`, agent)).status).toBe(200)
  }
  isLoading = false
  await Promise.all(clients)
  expect(failures).toEqual([])
  expect(count).toBeGreaterThan(RELOADS)
  expect(follower.status).toMatchObject({ reloads: RELOADS, failure: undefined })
})
