/**
 * Gatewright with its defaults, as its own process: `node gatewright.ts <port> <upstream port> [h2]`, with HTTP/2 to the
 * service or without. It runs from `dist`, as users run it. (This folder lies in the repository's own package, so the name `gatewright` is that package.)
 */
import { pool, proxy } from 'gatewright'

const [port, upstream] = process.argv.slice(2).map(Number)

await proxy()
  .listen({ host: '127.0.0.1', port: port ?? 0 })
  .route('/', pool([`http://127.0.0.1:${upstream}`], { http2: process.argv[4] === 'h2' }))
  .start()

process.stdin.resume().on('end', () => process.exit(0))
