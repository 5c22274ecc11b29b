/**
 * Messages that are echoed, as its own process: `node websocket-load.ts <port>`. Each connection sends a message, waits for it
 * to come back, and sends the next. On `node:net`, with frames made beforehand, so that it takes little from the core that it
 * shares with the service; prints the same report as `wrk-report.lua`.
 */
import { connect } from 'node:net'
import { MESSAGE_BYTES } from './websocket-echo.ts'

const port = Number(process.argv[2])
const seconds = Number(process.env.BENCH_SECONDS)
const connections = Number(process.env.BENCH_CONNECTIONS)
const errors = { connect: 0, read: 0, write: 0, status: 0, timeout: 0 }
const latenciesUs: number[] = []

const payload = Buffer.alloc(MESSAGE_BYTES, 'x')
const mask = Buffer.of(1, 2, 3, 4)
const sent = Buffer.concat([
  Buffer.of(0x82, 0x80 | MESSAGE_BYTES),
  mask,
  payload.map((byte, i) => byte ^ mask[i % mask.length]!),
])
const wanted = Buffer.concat([Buffer.of(0x82, MESSAGE_BYTES), payload])

const until = performance.now() + seconds * 1000
let open = connections

function over(): void {
  open -= 1
  if (open === 0) report()
}

function run(): void {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  let opened = false
  let received = Buffer.alloc(0)
  let at = 0
  const next = () => {
    at = performance.now()
    if (at < until) socket.write(sent)
    else socket.end()
  }
  socket.on('error', () => {
    if (opened) errors.read += 1
    else errors.connect += 1
  })
  socket.on('end', () => {
    if (performance.now() < until) errors.read += 1
  })
  socket.on('close', over)
  socket.on('data', (chunk) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk])
    if (!opened) {
      const end = received.indexOf('\r\n\r\n')
      if (end < 0) return
      if (!received.toString('latin1', 0, 13).startsWith('HTTP/1.1 101 ')) {
        errors.status += 1
        socket.destroy()
        return
      }
      opened = true
      received = received.subarray(end + 4)
      next()
      return
    }
    if (received.length < wanted.length) return
    if (!received.equals(wanted)) {
      errors.read += 1
      socket.destroy()
      return
    }
    received = Buffer.alloc(0)
    latenciesUs.push((performance.now() - at) * 1000)
    next()
  })
  socket.write(
    'GET /websocket HTTP/1.1\r\nHost: bench.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  )
}

const started = performance.now()
for (let i = 0; i < connections; i++) run()

function report(): void {
  const durationUs = Math.round((performance.now() - started) * 1000)
  latenciesUs.sort((a, b) => a - b)
  const percentile = (share: number) => Math.round(latenciesUs[Math.floor(latenciesUs.length * share)] ?? 0)
  const requests = latenciesUs.length
  const figures = { requests, durationUs, bytes: requests * MESSAGE_BYTES }
  console.log(
    `REPORT ${JSON.stringify({ ...figures, p50Us: percentile(0.5), p99Us: percentile(0.99), errors })}`,
  )
  process.exit(0)
}
