/** A service that writes its own address into its pages gets another one, whatever it is compressed with. */
import assert from 'node:assert/strict'
import { gunzipSync, gzipSync } from 'node:zlib'
import { pool, proxy } from 'gatewright'
import { compress } from 'gatewright/filters/compress'
import { decompress } from 'gatewright/filters/decompress'
import { replaceText } from 'gatewright/filters/replace-text'
import { simulate } from 'gatewright/testing'

// From the outside in: a response passes them from the last one to the first.
const app = proxy().route(
  '/',
  compress({ codings: ['gzip'], minBytes: 0 }),
  replaceText([
    ['http://shop.internal:8080', 'https://shop.example'],
    ['Intranet', 'Shop'],
  ]),
  decompress(),
  pool(['http://shop']),
)

const sim = simulate(app)
const page = '<title>Intranet</title><a href="http://shop.internal:8080/cart">'
sim.upstream('http://shop').reply({
  headers: { 'content-type': 'text/html; charset=utf-8', 'content-encoding': 'gzip' },
  body: gzipSync(page),
})

const expected = '<title>Shop</title><a href="https://shop.example/cart">'
assert.equal((await sim.get('/')).text(), expected)
const compressed = await sim.get('/', { headers: { 'Accept-Encoding': 'gzip' } })
assert.equal(String(gunzipSync(compressed.body)), expected)
await sim.assertNoLeaks()
