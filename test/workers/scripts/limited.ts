import { proxy, respond, selfSigned } from 'gatewright'
import { circuitBreaker, rateLimit } from 'gatewright/filters'
import { startWorkers } from 'gatewright/workers'

// A gateway, also with TLS, that lets a hundred requests through in all, and leaves a service alone that has failed twenty times.
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
  .route('/', limit, () => respond(200, `${process.pid}`))
  .route('/pid', () => respond(200, `${process.pid}`))
  .route('/failing', breaker, () => respond(500, 'failed'))
const running = await startWorkers(app, { workers: 2, signals: { limitMs: '5s' } })
if ('workers' in running) {
  const pids = running.workers.map(({ pid }) => pid)
  const ports = running.urls.map((url) => new URL(url).port)
  console.log(`serving ${ports.join(' ')} ${pids.join(' ')}`)
}
