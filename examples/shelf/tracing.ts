/** A request that is retried: one span of the exchange, two of its attempts, and the service knows which one it is. */
import assert from 'node:assert/strict'
import { BasicTracerProvider, type ReadableSpan } from '@opentelemetry/sdk-trace-base'
import { pool, proxy } from 'gatewright'
import { tracing } from 'gatewright/filters/tracing'
import { fault, simulate } from 'gatewright/testing'

const spans: ReadableSpan[] = []
const tracerProvider = new BasicTracerProvider({
  spanProcessors: [
    {
      onStart() {},
      onEnd: (span) => spans.push(span),
      forceFlush: async () => {},
      shutdown: async () => {},
    },
  ],
})

const users = pool(['http://users']).retry({ attempts: 2, budget: 1 })
const sim = simulate(proxy().use(tracing({ tracerProvider })).route('/users/:id', users))
const service = sim.upstream('http://users')
service.inject(fault.refuse(), { next: 1 })

assert.equal((await sim.get('/users/7')).status, 200)
await sim.settle()

const [failed, again] = spans.filter(({ name }) => name === 'GET')
const exchange = spans.find(({ name }) => name === 'GET /users/:id')
assert.equal(failed?.attributes['error.type'], 'upstream_refused')
assert.equal(again?.attributes['http.request.resend_count'], 1)
assert.equal(again?.parentSpanContext?.spanId, exchange?.spanContext().spanId)
assert.ok(service.requests[0]?.header('traceparent')?.includes(String(again?.spanContext().spanId)))

await sim.assertNoLeaks()
console.log(
  `${exchange?.name}: ${failed?.status.message}, then ${again?.status.code === 0 ? 'an answer' : 'none'}`,
)
