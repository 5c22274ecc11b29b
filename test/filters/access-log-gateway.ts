/** A gateway whose access log goes to standard output, and its only client. It tells its parent how it has fared. */
import { once } from 'node:events'
import { log as ownLog } from '../../src/core/log.ts'
import { accessLog } from '../../src/filters/access-log.ts'
import { proxy, respond } from '../../src/index.ts'

const MAX_BYTES = 131_072

ownLog.level = 'silent'
const log = accessLog({
  maxQueueBytes: MAX_BYTES,
  fields: Object.fromEntries(['a', 'b', 'c', 'd'].map((name) => [name, () => 'x'.repeat(1_000)])),
})
const running = await proxy()
  .listen({ host: '127.0.0.1', port: 0 })
  .use(log)
  .route('/', () => respond(200, 'ok'))
  .start({ signals: false })

async function ask(requests: number): Promise<void> {
  const { dropped } = log
  let ok = 0
  let bounded = true
  for (let i = 0; i < requests; i++) {
    const response = await fetch(running.url)
    if (response.status === 200 && (await response.text()) === 'ok') ok++
    bounded &&= log.queuedBytes <= MAX_BYTES && process.stdout.writableLength <= 65_536
  }
  process.send?.({ ok, bounded, dropping: log.dropped > dropped })
}

await ask(400)
await once(process, 'message')
await ask(20)
await running.close()
process.disconnect()
