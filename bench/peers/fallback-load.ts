/**
 * A small load generator for smoke runs on machines without wrk, as its own process. A closed loop over
 * `node:http` and `node:https` that prints the same report as `wrk-report.lua`. It is far too heavy to measure a proxy with.
 */
import * as http from 'node:http'
import * as https from 'node:https'

const url = new URL(process.argv[2] ?? '')
const seconds = Number(process.env.BENCH_SECONDS)
const connections = Math.min(Number(process.env.BENCH_CONNECTIONS), 16)
const headers = JSON.parse(process.env.BENCH_HEADERS ?? '{}') as Record<string, string>
const body = Buffer.alloc(Number(process.env.BENCH_REQUEST_BYTES ?? 0), 'x')
const { Agent, request } = url.protocol === 'https:' ? https : http
const kept = { keepAlive: true, maxSockets: connections }
const agent = headers.Connection === 'close' ? false : new Agent(kept)
const errors = { connect: 0, read: 0, write: 0, status: 0, timeout: 0 }
const latenciesUs: number[] = []
let bytes = 0

function once(): Promise<void> {
  return new Promise((resolve) => {
    const started = performance.now()
    const length = body.length > 0 ? { 'Content-Length': String(body.length) } : {}
    const outgoing = request(
      url,
      {
        ...{ agent, method: process.env.BENCH_METHOD, headers: { ...headers, ...length }, timeout: 5_000 },
        rejectUnauthorized: false,
      },
      (incoming) => {
        if ((incoming.statusCode ?? 0) >= 300) errors.status += 1
        incoming.on('data', (chunk: Buffer) => {
          bytes += chunk.length
        })
        incoming.on('error', failed)
        incoming.on('end', () => {
          latenciesUs.push((performance.now() - started) * 1000)
          resolve()
        })
      },
    )
    function failed(): void {
      errors.read += 1
      resolve()
    }
    outgoing.on('timeout', () => outgoing.destroy())
    outgoing.on('error', failed)
    outgoing.end(body)
  })
}

async function loop(until: number): Promise<void> {
  while (performance.now() < until) await once()
}

const started = performance.now()
await Promise.all(Array.from({ length: connections }, () => loop(started + seconds * 1000)))
const durationUs = Math.round((performance.now() - started) * 1000)
latenciesUs.sort((a, b) => a - b)
const percentile = (share: number) => Math.round(latenciesUs[Math.floor(latenciesUs.length * share)] ?? 0)
const report = {
  ...{ requests: latenciesUs.length, durationUs, bytes },
  ...{ p50Us: percentile(0.5), p99Us: percentile(0.99), errors },
}
console.log(`REPORT ${JSON.stringify(report)}`)
process.exit(0)
