/** Tells the service who asks, and clients which request it was, in error answers too. */
import assert from 'node:assert/strict'
import { attribute, onRequest, pool, proxy } from 'gatewright'
import { headers } from 'gatewright/filters/headers'
import { simulate } from 'gatewright/testing'

const tenant = attribute<string>('tenant')
const findTenant = onRequest((exchange) => exchange.set(tenant, exchange.request.host.split('.')[0] ?? ''))

const app = proxy().route(
  '/users/:id',
  findTenant,
  headers({
    request: { set: { 'X-Tenant': tenant, 'X-User': 'users/{params.id}' }, remove: ['X-Debug'] },
    response: { set: { 'X-Request-Id': '{id}' }, remove: ['Server'], onErrors: true },
  }),
  pool(['http://users:8080']),
)

const sim = simulate(app)
sim.upstream('http://users:8080').reply((request) => ({
  headers: { Server: 'users/1.2' },
  body: `${request.header('x-tenant')} ${request.header('x-user')} ${request.header('x-debug')}`,
}))
const request = { headers: { Host: 'acme.example', 'X-Tenant': 'another', 'X-Debug': '1' } }

const found = await sim.get('/users/7', request)
assert.equal(found.text(), 'acme users/7 undefined')
assert.equal(found.headers.has('server'), false)

sim.upstream('http://users:8080').inject({ kind: 'refuse' })
sim.upstream('http://users:8080').resetConnections()
const failed = await sim.get('/users/7', request)
assert.equal(failed.status, 502)
assert.match(failed.headers.get('x-request-id') ?? '', /^[0-9a-f]{32}$/)

// A line break in a parameter never gets into a field.
const hostile = await sim.get('/users/7%0d%0aX-Admin:1', request)
assert.equal(hostile.status, 400)
await sim.assertNoLeaks()
console.log(failed.headers.get('x-request-id'), failed.text())
