/** A server that there is already gets a proxy for a part of its paths. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pool, proxy, toNodeListener } from 'gatewright'

const users = createServer((request, response) => response.end(`user of ${request.url}`))
const usersUrl = await listening(users)

const listener = toNodeListener(proxy().route('/api', pool([usersUrl])), { limits: { bodyBytes: '1mb' } })
const server = createServer((request, response) => {
  // With Express: `app.use(listener)`, before any body parser.
  if (request.url?.startsWith('/api')) listener(request, response)
  else response.end('served as before')
})
server.on('upgrade', listener.upgrade) // WebSockets
const url = await listening(server)

assert.equal(await (await fetch(`${url}/api/users/7`)).text(), 'user of /api/users/7')
assert.equal(await (await fetch(`${url}/page`)).text(), 'served as before')

server.close()
await listener.drain('1s') // its pools end with it
server.closeAllConnections()
users.close()

async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
