import { pool, proxy, respond } from 'gatewright'
import { admin } from 'gatewright/admin'
import { metrics } from 'gatewright/filters/metrics'
import { startWorkers } from 'gatewright/workers'

// A gateway with one admin listener for all of its workers. What `/end` is asked for ends its process.
const [adminPort = '0'] = process.argv.slice(2)
const app = proxy()
  .listen(0)
  .use(metrics())
  .attach(admin({ port: Number(adminPort) }))
  .route('/end', () => process.exit(3))
  .route('/users', pool(['http://127.0.0.1:9'], { name: 'users' }))
  .route('/', () => respond(200, `${process.pid}`))
const running = await startWorkers(app, { workers: 2, signals: { limitMs: '5s' } })
if ('workers' in running) console.log(`serving ${new URL(running.url).port}`)
