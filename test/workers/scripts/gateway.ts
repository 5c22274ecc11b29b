import { proxy, respond } from 'gatewright'
import { startWorkers } from 'gatewright/workers'

// The gateway of the tests: each answer is the process that gives it.
const [port = '0', workers = '2'] = process.argv.slice(2)
const app = proxy()
  .listen(Number(port))
  .route('/', () => respond(200, `${process.pid}`))
const running = await startWorkers(app, { workers: Number(workers), signals: { limitMs: '5s' } })
if ('workers' in running) {
  const pids = running.workers.map(({ pid }) => pid)
  console.log(`serving ${new URL(running.url).port} ${pids.join(' ')}`)
}
