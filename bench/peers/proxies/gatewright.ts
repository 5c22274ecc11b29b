/**
 * Gatewright with its defaults, as its own process: `node gatewright.ts <port> <upstream port> <h2 or http/1.1>
 * <cache or pass> [<certificate> <key>]`, where the third says what the service is spoken to in. It runs from `dist`, as users run it. (This folder lies in the repository's own package, so the name `gatewright` is that package.)
 */
import { pool, proxy } from 'gatewright'
import { cache } from 'gatewright/cache'

const [port, upstream, toService, stores, certFile, keyFile] = process.argv.slice(2)

const description = stores === 'cache' ? proxy().use(cache()) : proxy()

await description
  .listen({
    host: '127.0.0.1',
    port: Number(port),
    ...(certFile && keyFile ? { tls: { certFile, keyFile } } : {}),
  })
  .route('/', pool([`http://127.0.0.1:${upstream}`], { http2: toService === 'h2' }))
  .start()

process.stdin.resume().on('end', () => process.exit(0))
