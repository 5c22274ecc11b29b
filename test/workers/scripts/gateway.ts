import { pool, proxy, respond } from 'gatewright'
import { startWorkers } from 'gatewright/workers'

// The gateway of the tests: each answer is the process that gives it, and those of /held wait for a service.
const [port = '0', servicePort = '1', workers = '2'] = process.argv.slice(2)
const app = proxy()
  .listen(Number(port))
  .route('/', () => respond(200, `${process.pid}`))
  .route('/held', pool([`http://127.0.0.1:${servicePort}`]))
const running = await startWorkers(app, { workers: Number(workers), signals: { limitMs: '20s' } })
if ('workers' in running) {
  const pids = running.workers.map(({ pid }) => pid)
  console.log(`serving ${new URL(running.url).port} ${pids.join(' ')}`)
}
