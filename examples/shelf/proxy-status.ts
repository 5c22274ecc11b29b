/** What has gone wrong, in a word that other proxies understand. */
import assert from 'node:assert/strict'
import { pool, proxy } from 'gatewright'
import { proxyStatus } from 'gatewright/filters/proxy-status'
import { fault, simulate } from 'gatewright/testing'

const app = proxy()
  .use(proxyStatus({ name: 'edge-1.example.net', received: true }))
  .route('/', pool(['http://users']))

const sim = simulate(app)
const fine = await sim.get('/users/7')
assert.equal(fine.headers.get('proxy-status'), 'edge-1.example.net; received-status=200')

sim.upstream('http://users').inject(fault.resetBeforeHead())
const broken = await sim.get('/users/7')
assert.equal(broken.headers.get('proxy-status'), 'edge-1.example.net; error=connection_terminated')

await sim.assertNoLeaks()
console.log(`Proxy-Status: ${broken.headers.get('proxy-status')}`)
