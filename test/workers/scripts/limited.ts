import { proxy, respond } from 'gatewright'
import { circuitBreaker, rateLimit } from 'gatewright/filters'
import { startWorkers } from 'gatewright/workers'

// A gateway that lets a hundred requests through in all, and leaves a service alone that has failed twenty times.
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
  .route('/', limit, () => respond(200, `${process.pid}`))
  .route('/failing', breaker, () => respond(500, 'failed'))
const running = await startWorkers(app, { workers: 2, signals: { limitMs: '5s' } })
if ('workers' in running) {
  const pids = running.workers.map(({ pid }) => pid)
  console.log(`serving ${new URL(running.url).port} ${pids.join(' ')}`)
}
