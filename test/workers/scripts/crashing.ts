import { proxy, respond } from 'gatewright'
import { startWorkers } from 'gatewright/workers'

// Its workers end before they come to the call: only they have someone to send messages to.
if (process.send !== undefined) {
  console.log(`a process of this one would be worker ${process.env.GATEWRIGHT_WORKER}`)
  process.exit(3)
}
const app = proxy()
  .listen(0)
  .route('/', () => respond(200, 'ok'))
await startWorkers(app, { workers: 2 })
