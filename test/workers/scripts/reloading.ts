import { readFile } from 'node:fs/promises'
import { pool, proxy, respond } from 'gatewright'
import { startWorkers } from 'gatewright/workers'

// What it serves, and where, is in a file.
const [file = '', servicePort = '1'] = process.argv.slice(2)
const load = async () => {
  const { text, ports } = JSON.parse(await readFile(file, 'utf8')) as { text: string; ports: number[] }
  return ports
    .reduce((app, port) => app.listen(port), proxy())
    .route('/', () => respond(200, `${text} ${process.pid}`))
    .route('/held', pool([`http://127.0.0.1:${servicePort}`]))
}
const running = await startWorkers(await load(), { workers: 2, load })
if ('workers' in running)
  console.log(`serving ${new URL(running.url).port} ${running.workers.map(({ pid }) => pid).join(' ')}`)
