/** Two processes serve one port. One is killed, then both are replaced, and every request is answered. */
import assert from 'node:assert/strict'
import { get } from 'node:http'
import { proxy, respond } from 'gatewright'
import { startWorkers } from 'gatewright/workers'

const app = proxy()
  .listen(0)
  .route('/', () => respond(200, `${process.pid}`))

// Three processes come to this call: the one that was started by hand, and two workers that run the same script.
const running = await startWorkers(app, { workers: 2 })

if ('workers' in running) {
  const first = await whoAnswers(running.url)
  console.log(`${running.url} is served by the processes ${[...first].join(' and ')}`)
  assert.equal(first.size, 2)

  const [victim] = running.workers
  process.kill(victim!.pid, 'SIGKILL')
  const meanwhile = await whoAnswers(running.url)
  console.log(`while one is replaced, by ${[...meanwhile].join(' and ')}`)

  await running.roll()
  await whoAnswers(running.url)
  const serving = running.workers.filter(({ phase }) => phase === 'serving')
  console.log(`after a roll, by ${serving.map(({ pid }) => pid).join(' and ')}`)
  assert.equal(serving.length, 2)
  for (const { pid } of serving) assert.ok(!first.has(`${pid}`), `${pid} is new`)

  await running.drain('5s')
}

/** The processes that answer 40 clients, each with a connection of its own. */
async function whoAnswers(url: string): Promise<Set<string>> {
  return new Set(await Promise.all(Array.from({ length: 40 }, () => ask(url))))
}

function ask(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent: false }, (response) => {
      response.setEncoding('utf8').on('data', resolve).on('error', reject)
    })
    request.on('error', reject)
  })
}
