import { createServer, type RequestListener } from 'node:http'

const [port = 0, upstreamPort = 0] = process.argv.slice(2).map(Number)

export { port }
export const upstream = `http://127.0.0.1:${upstreamPort}`

/** Idle clients are kept as long as nginx keeps them. Node's own 5 s would close them under the measurement. */
export const KEEP_ALIVE_MS = 75_000

/** Listens for a library that has a request listener and no server of its own. */
export function serve(listener: RequestListener): void {
  createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, listener).listen(port, '127.0.0.1')
  endWithHarness()
}

/** The harness holds the other end of stdin; when that is gone, so are we. */
export function endWithHarness(): void {
  process.stdin.resume().on('end', () => process.exit(0))
}
