/** Pages are compressed as each client likes it; a stream of events stays a stream. */
import assert from 'node:assert/strict'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { pool, proxy } from 'gatewright'
import { compress } from 'gatewright/filters/compress'
import { simulate } from 'gatewright/testing'

const app = proxy()
  .use(compress({ minBytes: 500 }))
  .route('/', pool(['http://web']))

const sim = simulate(app)
const page = '<p>One line after the other.</p>\n'.repeat(200)
sim
  .upstream('http://web')
  .on('GET /', { headers: { 'content-type': 'text/html', etag: '"1"' }, body: page })
  .on('GET /logo.png', { headers: { 'content-type': 'image/png' }, body: 'x'.repeat(2_000) })

// 1. The client names what it can read, and how much it likes it.
const modern = await sim.get('/', { headers: { 'Accept-Encoding': 'gzip, br, zstd' } })
assert.equal(modern.headers.get('content-encoding'), 'zstd')
assert.equal(String(zstdDecompressSync(modern.body)), page)
const old = await sim.get('/', { headers: { 'Accept-Encoding': 'gzip, br;q=0' } })
assert.equal(String(gunzipSync(old.body)), page)

// 2. Caches are told that there are several answers, and that this one is not the service's, byte by byte.
assert.equal(old.headers.get('vary'), 'Accept-Encoding')
assert.equal(old.headers.get('etag'), 'W/"1"')

// 3. Who wants none gets none, and neither does what is compressed by itself.
assert.equal((await sim.get('/')).text(), page)
const logo = await sim.get('/logo.png', { headers: { 'Accept-Encoding': 'gzip' } })
assert.equal(logo.headers.has('content-encoding'), false)
await sim.assertNoLeaks()
