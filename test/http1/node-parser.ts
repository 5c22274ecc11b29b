import { type ClientRequest, createServer, type IncomingMessage, request } from 'node:http'
import { Duplex } from 'node:stream'

/** What Node's own parser (llhttp, strict) made of the first message on a connection. */
export interface NodeReading {
  /** Undefined when the head was not accepted. */
  start: (string | number)[] | undefined
  headers: string[]
  body: string
  trailers: string[]
  complete: boolean
  /** `HPE_...` */
  error: string | undefined
}

/** A connection that stays in the process. */
class LoopWire extends Duplex {
  readonly reading: NodeReading = {
    start: undefined,
    headers: [],
    body: '',
    trailers: [],
    complete: false,
    error: undefined,
  }

  override _read(): void {}

  override _write(_chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    done()
  }
}

const server = createServer({ insecureHTTPParser: false, maxHeaderSize: 65_536, keepAliveTimeout: 0 })
server.maxHeadersCount = 0
server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
  ;(socket as LoopWire).reading.error ??= error.code
  socket.destroy()
})
server.on('connect', (message, socket) => {
  noteHead(socket as LoopWire, message)
  ;(socket as LoopWire).reading.complete = true
})
for (const event of ['request', 'checkContinue', 'checkExpectation']) {
  server.on(event, (message: IncomingMessage) => {
    const wire = message.socket as unknown as LoopWire
    if (wire.reading.start === undefined) noteMessage(wire, message)
  })
}

/** Has Node's server read a request. */
export async function nodeReadsRequest(bytes: string): Promise<NodeReading> {
  const wire = new LoopWire()
  wire.on('error', () => {})
  server.emit('connection', wire)
  wire.push(Buffer.from(bytes, 'latin1'))
  await settled()
  wire.destroy()
  return wire.reading
}

/** Has Node's client read the response to a request of `method`; then the connection ends. */
export async function nodeReadsResponse(bytes: string, method = 'GET'): Promise<NodeReading> {
  const wire = new LoopWire()
  const { reading } = wire
  wire.on('error', () => {})
  const options = { method, host: 'a', createConnection: () => wire, insecureHTTPParser: false }
  const sent: ClientRequest = request({ ...options, maxHeaderSize: 65_536 })
  sent.maxHeadersCount = 0
  sent.on('error', (error: NodeJS.ErrnoException) => {
    reading.error ??= error.code
  })
  sent.on('response', (message) => noteMessage(wire, message))
  sent.on('upgrade', (message) => {
    noteHead(wire, message)
    reading.complete = true
  })
  sent.on('information', ({ statusCode, statusMessage, httpVersionMinor, rawHeaders }) => {
    if (reading.start !== undefined) return
    reading.start = [statusCode, statusMessage, httpVersionMinor]
    reading.headers = rawHeaders as unknown as string[]
    reading.complete = true
  })
  sent.end()
  await settled()
  wire.push(Buffer.from(bytes, 'latin1'))
  wire.push(null)
  await settled()
  await settled()
  sent.destroy()
  wire.destroy()
  return reading
}

function noteMessage(wire: LoopWire, message: IncomingMessage): void {
  const { reading } = wire
  if (reading.start !== undefined) return
  noteHead(wire, message)
  message.on('error', () => {})
  message.on('data', (chunk: Buffer) => {
    reading.body += chunk.toString('latin1')
  })
  message.on('end', () => {
    reading.complete = message.complete
    reading.trailers = message.rawTrailers
  })
}

function noteHead(wire: LoopWire, message: IncomingMessage): void {
  const { method, url, statusCode, statusMessage, httpVersionMinor, rawHeaders } = message
  wire.reading.headers = rawHeaders
  wire.reading.start =
    method === null || method === undefined
      ? [statusCode!, statusMessage!, httpVersionMinor]
      : [method, url!, httpVersionMinor]
}

/** Everything that needs no outside event has happened after this. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
