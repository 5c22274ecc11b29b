/** A site behind a cache in memory and on disk: asked once by many, and not at all after a restart. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pool, proxy } from 'gatewright'
import { cache, diskStore } from 'gatewright/cache'

// A slow site, which says that its pages may be kept for a minute.
let asked = 0
const site = createServer((_, response) => {
  asked++
  setTimeout(() => {
    response.writeHead(200, {
      'Cache-Control': 'max-age=60, stale-if-error=600',
      'Content-Type': 'text/plain',
    })
    response.end('a page')
  }, 100)
}).listen(0, '127.0.0.1')
await once(site, 'listening')
const origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`

const folder = await mkdtemp(join(tmpdir(), 'gatewright-example-'))
// The port is a part of the host, and so of what a response is stored under.
const port = await freePort()

const start = async () => {
  const store = diskStore({ path: folder, maxBytes: '1gb' })
  const app = await proxy()
    .listen({ port })
    .use(cache({ maxBytes: '64mb', store }))
    .route('/', pool([origin]))
    .start({ signals: false })
  return { app, store, url: app.url }
}

// 1. Fifty ask at once: one question goes to the site.
const before = await start()
const pages = await Promise.all(Array.from({ length: 50 }, () => fetch(before.url)))
for (const page of pages) assert.equal(await page.text(), 'a page')
assert.equal(asked, 1)
await before.app.close()
await before.store.close()

// 2. A new process finds on disk what the old one has stored, as old as it is.
const after = await start()
const found = await fetch(after.url)
assert.equal(await found.text(), 'a page')
console.log(`asked ${asked} time, then: ${found.headers.get('cache-status')}`)
assert.equal(asked, 1)
await after.app.close()
await after.store.close()

site.close()
await rm(folder, { recursive: true })

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port: free } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return free
}
