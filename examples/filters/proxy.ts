/** Filters, from one-liners up: a step before, a step after, an early answer, a transform of the body, a filter in full. */
import assert from 'node:assert/strict'
import { attribute, type Filter, onRequest, onResponse, ProxyError, pool, proxy, respond } from 'gatewright'
import { fakeUpstream } from 'gatewright/testing'

const service = await fakeUpstream({ socket: true })
  .on('GET /greeting', { headers: { 'X-Powered-By': 'a service' }, body: 'hello, world\n' })
  .start()

// 1. A step on the request. Returning nothing lets it go on.
const addTenant = onRequest(({ request }) => {
  request.headers.set('X-Tenant', request.host.split('.')[0] ?? '')
})

// 2. An early answer: what the step returns is sent, and the service is never asked.
const requireKey = onRequest(({ request }) => {
  if (request.headers.get('x-api-key') !== 'secret') return respond(401, 'a key is needed\n')
})

// 3. A step on the response's head.
const hideService = onResponse((response) => {
  response.headers.delete('X-Powered-By')
})

// 4. A transform sees the body chunk by chunk, as it passes. Nothing is held in memory.
const shout = onResponse((response) => {
  response.body.transform(async function* (chunks) {
    for await (const chunk of chunks) yield Buffer.from(Buffer.from(chunk).toString('latin1').toUpperCase())
  })
})

// 5. A filter in full. `next` ends when the head is there; the last byte has gone when `onComplete` is called.
const startedAt = attribute<number>('startedAt')
const lines: string[] = []
const log: Filter = (exchange, next) => {
  exchange.set(startedAt, performance.now())
  exchange.onComplete(({ status, bytesSent, result }) => {
    const ms = performance.now() - (exchange.get(startedAt) ?? 0)
    lines.push(`${exchange.request.method} ${exchange.request.path} ${status} ${bytesSent} bytes ${result}`)
    assert.ok(ms >= 0)
  })
  return next(exchange)
}

const running = await proxy()
  .listen(0)
  .use(log)
  .route('/greeting', requireKey, addTenant, hideService, shout, pool([service.url]))
  .route('/closed', () => {
    throw new ProxyError('no_endpoint')
  })
  // Answers errors in a way of your own; undefined leaves it to the default, a problem document.
  .onError((error) => (error.code === 'no_endpoint' ? respond(503, 'closed for today\n') : undefined))
  .start({ signals: false })

const refused = await fetch(`${running.url}/greeting`)
assert.equal(refused.status, 401)
assert.equal(service.requests.length, 0)

const answered = await fetch(`${running.url}/greeting`, { headers: { 'X-Api-Key': 'secret' } })
assert.equal(await answered.text(), 'HELLO, WORLD\n')
assert.equal(answered.headers.get('x-powered-by'), null)
assert.equal(service.requests[0]?.header('X-Tenant'), '127')

const closed = await fetch(`${running.url}/closed`)
assert.equal(closed.status, 503)
assert.equal(await closed.text(), 'closed for today\n')

await running.close()
await service.close()
for (const line of lines) console.log(line)
assert.equal(lines.length, 3)
