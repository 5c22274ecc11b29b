/** A service that reads plain JSON only, and clients that send it compressed: what does not expand as it should never gets there. */
import assert from 'node:assert/strict'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { pool, proxy } from 'gatewright'
import { decompress } from 'gatewright/filters/decompress'
import { simulate } from 'gatewright/testing'

const app = proxy().route(
  '/events',
  decompress({ requests: true, responses: false, maxBytes: '1mb' }),
  pool(['http://events']),
)

const sim = simulate(app)
const events = sim.upstream('http://events').reply({ status: 202 })
const send = (coding: string, body: Uint8Array) =>
  sim.post('/events', { headers: { 'Content-Type': 'application/json', 'Content-Encoding': coding }, body })

// 1. What the service gets has no coding, whatever it came in.
assert.equal((await send('gzip', gzipSync('[1]'))).status, 202)
assert.equal((await send('br', brotliCompressSync('[2]'))).status, 202)
assert.deepEqual(
  events.requests.map((it) => [String(it.body), it.header('content-encoding')]),
  [
    ['[1]', undefined],
    ['[2]', undefined],
  ],
)

// 2. A bomb, a body that was cut off, and a coding that nobody reads.
assert.equal((await send('gzip', gzipSync(Buffer.alloc(50_000_000)))).status, 413)
assert.equal((await send('gzip', gzipSync('[3]').subarray(0, 15))).status, 400)
const unknown = await send('compress', Buffer.from('[4]'))
assert.equal(unknown.status, 415)
assert.equal(unknown.headers.get('accept-encoding'), 'zstd, br, gzip, deflate')
await sim.assertNoLeaks()
