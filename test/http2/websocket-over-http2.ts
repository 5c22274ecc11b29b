import { createHash } from 'node:crypto'
import {
  type ClientHttp2Session,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2'
import { Duplex } from 'node:stream'
import { WebSocket, type WebSocketServer } from 'ws'

/** Fields of a handshake that both versions have (RFC 8441 section 5). */
const SHARED = ['sec-websocket-version', 'sec-websocket-protocol', 'sec-websocket-extensions', 'origin']
const KEY = 'dGhlIHNhbXBsZSBub25jZQ=='

type Http2End = Duplex & { close(code?: number): void }

/** A stream of HTTP/2 that looks to `ws` like a connection of HTTP/1.1: the head that it writes first is handed out. */
class Http2Line extends Duplex {
  readonly #onHead: (head: string) => void
  #head: string | undefined = ''
  #stream: Http2End | undefined
  #waiting: (() => void) | undefined

  constructor(onHead: (head: string) => void) {
    super()
    this.#onHead = onHead
  }

  /** Carries from now on what the stream does. */
  attach(stream: Http2End): void {
    this.#stream = stream
    stream.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) stream.pause()
    })
    stream.on('end', () => this.push(null))
    stream.on('error', () => {})
    stream.on('close', () => this.destroy())
    this.#waiting?.()
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    if (this.#head === undefined) {
      this.#whenAttached(() => this.#stream!.write(chunk, done))
      return
    }
    this.#head += chunk.toString('latin1')
    const end = this.#head.indexOf('\r\n\r\n')
    if (end >= 0) {
      const head = this.#head
      this.#head = undefined
      this.#onHead(head)
    }
    done()
  }

  override _final(done: () => void): void {
    this.#whenAttached(() => this.#stream!.end(done))
  }

  override _read(): void {
    this.#stream?.resume()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#stream?.close()
    done(error)
  }

  #whenAttached(then: () => void): void {
    if (this.#stream !== undefined) then()
    else this.#waiting = then
  }
}

function fieldsOf(head: string): Record<string, string> {
  const lines = head.split('\r\n').slice(1)
  return Object.fromEntries(
    lines
      .map((line) => [
        line.slice(0, line.indexOf(':')).toLowerCase(),
        line.slice(line.indexOf(':') + 1).trim(),
      ])
      .filter(([name]) => SHARED.includes(name!)),
  )
}

/** A client of `ws`, in a stream of a session. */
export function connectOverHttp2(
  session: ClientHttp2Session,
  path: string,
  protocols: string[],
  options: { perMessageDeflate?: boolean; headers?: Record<string, string> } = {},
): WebSocket {
  const line = new Http2Line((head) => {
    const stream = session.request({
      ':method': 'CONNECT',
      ':protocol': 'websocket',
      ':path': path,
      ':scheme': 'http',
      ':authority': 'a.example',
      ...options.headers,
      ...fieldsOf(head),
    })
    stream.on('error', () => line.destroy())
    stream.on('response', (fields) => {
      const status = Number(fields[':status'])
      const key = /sec-websocket-key: (.*)/i.exec(head)![1]!
      const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
      line.push(
        status === 200
          ? `HTTP/1.1 101 OK\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n${shared(fields)}\r\n`
          : `HTTP/1.1 ${status} X\r\nConnection: close\r\n\r\n`,
      )
      line.attach(stream)
    })
  })
  return new WebSocket('ws://a.example/', protocols, {
    perMessageDeflate: options.perMessageDeflate ?? false,
    createConnection: (() => line) as never,
  })
}

function shared(fields: IncomingHttpHeaders): string {
  return SHARED.filter((name) => fields[name] !== undefined)
    .map((name) => `${name}: ${String(fields[name])}\r\n`)
    .join('')
}

/** A server of `ws` whose handshakes come as streams of HTTP/2. */
export function serveOverHttp2(sockets: WebSocketServer): Http2Server {
  const server = createServer({ settings: { enableConnectProtocol: true } })
  server.on('stream', (stream: ServerHttp2Stream, fields) => {
    stream.on('error', () => {})
    const line = new Http2Line((head) => {
      const status = Number(head.split(' ')[1])
      if (status === 101) {
        stream.respond({ ':status': 200, ...fieldsOf(head) })
        line.attach(stream)
      } else {
        stream.respond({ ':status': status })
        stream.end()
        line.destroy()
      }
    })
    const request = {
      method: 'GET',
      url: fields[':path'],
      socket: {},
      headers: { ...fields, upgrade: fields[':protocol'], 'sec-websocket-key': KEY },
    }
    sockets.handleUpgrade(request as never, line, Buffer.alloc(0), (socket) =>
      sockets.emit('connection', socket, request),
    )
  })
  return server
}
