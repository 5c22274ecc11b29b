import { pool, proxy, respond, selfSigned } from 'gatewright'
import { admin } from 'gatewright/admin'
import { circuitBreaker, rateLimit } from 'gatewright/filters'
import { metrics } from 'gatewright/filters/metrics'
import { startWorkers } from 'gatewright/workers'

// A gateway, also with TLS, with one admin listener for all of its workers, that lets a hundred requests through in all, and
// leaves a service alone that has failed twenty times. What `/end` is asked for ends its process.
const [adminPort = '0'] = process.argv.slice(2)
const limit = rateLimit({
  limit: 100,
  per: '1h',
  algorithm: 'fixed-window',
  key: 'all',
  whenUnavailable: 'refuse',
})
const breaker = circuitBreaker({
  minVolume: 20,
  windowMs: '1h',
  openMs: '1h',
  onChange: ({ kind }) => console.log(`${kind} in ${process.pid}`),
})
const app = proxy()
  .listen(0)
  .listen({ port: 0, tls: await selfSigned() })
  .use(metrics())
  .attach(admin({ port: Number(adminPort) }))
  .route('/end', () => process.exit(3))
  .route('/users', pool(['http://127.0.0.1:9'], { name: 'users' }))
  .route('/limited', limit, () => respond(200, `${process.pid}`))
  .route('/failing', breaker, () => respond(500, 'failed'))
  .route('/', () => respond(200, `${process.pid}`))
const running = await startWorkers(app, { workers: 2, signals: { limitMs: '5s' } })
if ('workers' in running) console.log(`serving ${running.urls.map((url) => new URL(url).port).join(' ')}`)
