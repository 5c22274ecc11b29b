/** A start page of three services, of which one is slow and one is broken. */
import assert from 'node:assert/strict'
import { pool, proxy } from 'gatewright'
import { aggregate } from 'gatewright/filters/aggregate'
import { simulate } from 'gatewright/testing'

const home = aggregate({
  timeoutMs: '500ms',
  passHeaders: ['authorization'],
  parts: {
    user: { from: pool(['http://users']), request: '/users/:id', required: true },
    news: { from: 'http://news', request: '/top?limit=3' },
    offers: { from: 'http://offers', request: ({ request }) => `/offers?${request.query}` },
  },
})

const sim = simulate(proxy().route('GET /home/:id', home))
sim.upstream('http://users').on('GET /users/:id', ({ params }) => ({ delayMs: 20, json: { id: params.id } }))
sim.upstream('http://news').pause()
sim.upstream('http://offers').reply({ status: 500, body: 'a stack trace' })

const response = await sim.get('/home/7?lang=en')
assert.deepEqual([response.status, response.durationMs], [200, 500])
const { data, errors } = response.json() as { data: unknown; errors: Record<string, { title: string }> }
assert.deepEqual(data, { user: { id: '7' } })
assert.deepEqual(Object.keys(errors), ['news', 'offers'])
assert.equal(errors.offers?.title, 'Internal Server Error')
await sim.assertNoLeaks()
