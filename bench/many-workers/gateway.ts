/** `node gateway.ts <port> <upstream port> <workers>`: prints the processes of the workers when all serve. */
import { createHash } from 'node:crypto'
import { type Handler, pool, proxy, respond } from 'gatewright'
import { startWorkers } from 'gatewright/workers'

const [port, upstream, workers] = process.argv.slice(2).map(Number)
const service = pool([`http://127.0.0.1:${upstream}`])
const answer = 'x'.repeat(1024)
const bytes = Buffer.alloc(128 * 1024, 'x')

/** About what it takes to check a signature, or to change a body of some size: so much more than the load generator does. */
const works: Handler = () => {
  createHash('sha256').update(bytes).digest()
  return respond(200, answer)
}

const app = proxy().listen({ port: port!, host: '127.0.0.1' }).route('/1k', service).route('/works', works)
const running = await startWorkers(app, { workers: workers! })
if ('workers' in running) {
  console.log(JSON.stringify(running.workers.map(({ pid }) => pid)))
  process.stdin.resume().on('end', () => process.exit(0))
}
