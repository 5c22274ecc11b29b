/**
 * The origin for uploads, as its own process: `node sink.ts <port>`. It reads each body to its end before it answers,
 * which nginx's `return` does not do (it answers at once and throws the rest away, and a proxy that streams then sees
 * an answer in mid-upload). It also echoes heads at `/echo` and messages at `/websocket`, and serves the bodies where nginx is missing.
 *
 * Written on `node:net` so that it takes little from the core that it shares with the load generator. It is no
 * HTTP server: it trusts its one client and takes bodies with a Content-Length only.
 */
import { createServer, type Socket } from 'node:net'
import { echoWebSocket } from './websocket-echo.ts'

const KIB = 1024
const responses = new Map([
  ['/1k', respond(Buffer.alloc(KIB, 'x'))],
  ['/64k', respond(Buffer.alloc(64 * KIB, 'x'))],
  ['/1m', respond(Buffer.alloc(1024 * KIB, 'x'))],
])
const ok = respond(Buffer.from('ok'))

function respond(body: Buffer, status = '200 OK'): Buffer {
  const head = `HTTP/1.1 ${status}\r\nServer: sink\r\nContent-Type: text/plain\r\nCache-Control: public, max-age=60\r\nContent-Length: ${body.length}\r\n\r\n`
  return Buffer.concat([Buffer.from(head), body])
}

function serve(socket: Socket): void {
  let pendingHead = ''
  let bodyLeft = 0
  let answer = ok
  socket.setNoDelay(true)
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk) => {
    let at = 0
    while (at < chunk.length) {
      if (bodyLeft > 0) {
        const taken = Math.min(bodyLeft, chunk.length - at)
        bodyLeft -= taken
        at += taken
        if (bodyLeft === 0) socket.write(answer)
        continue
      }
      // Heads are short and nearly always whole in one chunk, so the search may start over.
      const before = pendingHead.length
      const text = pendingHead + chunk.toString('latin1', at)
      const end = text.indexOf('\r\n\r\n')
      if (end < 0) {
        pendingHead = text
        return
      }
      pendingHead = ''
      at += end + 4 - before
      const head = text.slice(0, end)
      const path = head.slice(head.indexOf(' ') + 1, head.indexOf(' ', head.indexOf(' ') + 1))
      if (/\r\ntransfer-encoding:/i.test(head)) {
        socket.end(respond(Buffer.from('the sink needs a Content-Length'), '411 Length Required'))
        return
      }
      if (path === '/websocket') {
        echoWebSocket(socket, head)
        return
      }
      answer = path === '/echo' ? respond(Buffer.from(head)) : (responses.get(path) ?? ok)
      bodyLeft = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0)
      if (bodyLeft === 0) socket.write(answer)
    }
  })
}

createServer(serve).listen(Number(process.argv[2]), '127.0.0.1')
process.stdin.resume().on('end', () => process.exit(0))
