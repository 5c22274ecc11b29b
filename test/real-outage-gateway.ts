/** A proxy in a process of its own, so that it can be ended by a signal. Told the urls of its services; tells its own. */
import { pool, proxy } from '../src/index.ts'

const running = await proxy()
  .listen(0)
  .route('/', pool(process.argv.slice(2)))
  .start()
process.send!({ url: running.url })
await running.closed
process.disconnect()
