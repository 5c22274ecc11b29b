/**
 * Opens keep-alive connections, sends one request on each and holds them, as its own process:
 * `node idle-client.ts <port> <count>`. It prints `HELD n` when the last answer is in, then answers each line on
 * stdin with the number of connections that are still open, and ends with stdin.
 */
import { connect, type Socket } from 'node:net'

const port = Number(process.argv[2])
const count = Number(process.argv[3])
const AT_ONCE = 64
const BODY_BYTES = 1024
const REQUEST = `GET /1k HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUser-Agent: gatewright-bench\r\nAccept: */*\r\n\r\n`
const held = new Set<Socket>()

function open(): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    let received = ''
    const failed = setTimeout(() => socket.destroy(), 5_000)
    socket.on('connect', () => socket.write(REQUEST))
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1')
      const headEnd = received.indexOf('\r\n\r\n')
      // A chunked answer is a little longer than the body; its last chunk is awaited too.
      const whole = /\r\ntransfer-encoding: *chunked/i.test(received)
        ? received.endsWith('0\r\n\r\n')
        : received.length >= headEnd + 4 + BODY_BYTES
      if (headEnd < 0 || !whole) return
      clearTimeout(failed)
      received = ''
      if (!socket.destroyed) held.add(socket)
      resolve()
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      clearTimeout(failed)
      held.delete(socket)
      resolve()
    })
  })
}

let left = count
async function loop(): Promise<void> {
  while (left > 0) {
    left -= 1
    await open()
  }
}

await Promise.all(Array.from({ length: Math.min(AT_ONCE, count) }, loop))
console.log(`HELD ${held.size}`)
process.stdin.on('data', () => console.log(`OPEN ${held.size}`))
process.stdin.on('end', () => process.exit(0))
