import { createHash, type Hash } from 'node:crypto'
import type { MemoryUse, Network, Wire, WireHandler } from '../../src/core/network.ts'
import { errorCodeName, type Http2Fault } from '../../src/transport/http2/error-codes.ts'
import type { FrameHandler } from '../../src/transport/http2/frame-handler.ts'
import { FrameReader } from '../../src/transport/http2/frame-reader.ts'
import { FrameWriter } from '../../src/transport/http2/frame-writer.ts'
import { HpackDecoder } from '../../src/transport/http2/hpack-decoder.ts'
import { HpackEncoder } from '../../src/transport/http2/hpack-encoder.ts'
import type { Settings } from '../../src/transport/http2/settings.ts'
import { type Field, fieldsOf } from './field-lists.ts'

export interface RawHttp2Options {
  /** Which end it is. Default `client`. */
  readonly side?: 'client' | 'server'
  /** What the first SETTINGS say. */
  readonly settings?: readonly (readonly [id: number, value: number])[]
  /** Gives every window back as bytes come. Default `true`. */
  readonly grants?: boolean
  /** Answers SETTINGS and PING. Default `true`. */
  readonly answers?: boolean
  /** Says the preface and SETTINGS. Default `true`. */
  readonly begins?: boolean
}

/** What a request has, besides the usual control data. */
export interface RawRequest {
  readonly method?: string
  readonly path?: string
  readonly scheme?: string
  readonly authority?: string | undefined
  readonly fields?: readonly Field[]
  /** Ends the stream behind it. Without one the head ends it, unless `open`. */
  readonly body?: string | Uint8Array
  readonly trailers?: readonly Field[]
  /** The stream is not ended. */
  readonly open?: boolean
}

/** What has come on one stream so far. */
export interface ReceivedStream {
  readonly id: number
  /** Interim responses, each with its `:status`. */
  readonly interim: readonly (readonly Field[])[]
  /** Of the final response; 0 while there is none, and for a request. */
  readonly status: number
  readonly fields: readonly Field[]
  readonly trailers: readonly Field[] | undefined
  readonly bytes: number
  readonly text: string
  readonly sha256: string
  /** END_STREAM has come. */
  readonly ended: boolean
  /** The name of the code of its RST_STREAM. */
  readonly reset: string | undefined
  readonly header: (name: string) => string | undefined
}

class Stream implements ReceivedStream {
  readonly id: number
  readonly interim: Field[][] = []
  fields: readonly Field[] = []
  trailers: readonly Field[] | undefined
  status = 0
  bytes = 0
  ended = false
  reset: string | undefined
  readonly #hash: Hash = createHash('sha256')
  #chunks: Buffer[] = []

  constructor(id: number) {
    this.id = id
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString('latin1')
  }

  get sha256(): string {
    return this.#hash.copy().digest('hex')
  }

  readonly header = (name: string): string | undefined => this.fields.find(([it]) => it === name)?.[1]

  section(fields: Field[]): void {
    const status = Number(fields[0]?.[0] === ':status' ? fields[0][1] : 0)
    if (this.status !== 0 || (status === 0 && this.fields.length > 0)) this.trailers = fields
    else if (status === 0) this.fields = fields
    else if (status < 200) this.interim.push(fields)
    else {
      this.status = status
      this.fields = fields
    }
  }

  data(chunk: Buffer): void {
    this.bytes += chunk.length
    this.#hash.update(chunk)
    this.#chunks.push(Buffer.from(chunk))
  }
}

/**
 * One end of HTTP/2, frame by frame: it sends what the test says, in whatever order, keeps no rules of its own, and writes down
 * what comes. What it reads is checked strictly: a frame that the proxy must not send is a `fault`.
 */
export class RawHttp2Peer implements WireHandler, FrameHandler {
  readonly writer: FrameWriter
  readonly encoder = new HpackEncoder()
  readonly wire: Wire
  /** Everything but the frames of streams, in the order it came: `settings`, `settings-ack`, `ping ...`, `goaway ...`. */
  readonly seen: string[] = []
  /** The frames of streams in the order they came: `headers 1`, `data 1 16384`, `end 1`, `reset 1 CANCEL`. */
  readonly order: string[] = []
  grants: boolean
  answers: boolean
  /** What the proxy has sent that breaks a rule. */
  fault: unknown
  /** Increments that the proxy has given, by stream; 0 is the connection. */
  readonly granted: Map<number, number> = new Map()
  readonly #side: 'client' | 'server'
  readonly #reader: FrameReader
  readonly #decoder = new HpackDecoder({ listBytes: 2_000_000, fields: 10_000 })
  readonly #streams = new Map<number, Stream>()
  #nextId = 1
  #together = false
  #end: 'ended' | 'reset' | undefined
  #wake: (() => void)[] = []

  constructor(
    wire: Wire,
    { side = 'client', settings = [], grants = true, answers = true, begins = true }: RawHttp2Options = {},
  ) {
    this.#side = side
    this.#reader = new FrameReader(this, side, { blockBytes: 2_000_000, continuations: 1_000 })
    this.wire = wire
    this.grants = grants
    this.answers = answers
    this.writer = new FrameWriter(wire)
    wire.handler = this
    if (!begins) return
    if (side === 'client') this.writer.preface()
    this.writer.settings(settings)
    this.writer.flush()
  }

  /** What the proxy's SETTINGS say. */
  get peer(): Settings {
    return this.#reader.peer
  }

  /** Takes header sections only of those that keep to a table of this size, as our SETTINGS must have said. */
  limitTable(bytes: number): void {
    this.#decoder.limitTable(bytes)
  }

  /** Entries of the table that the proxy refers to. */
  get tableEntries(): number {
    return this.#decoder.tableEntries
  }

  /** How the connection ended; `undefined` while it has not. */
  get over(): 'ended' | 'reset' | undefined {
    return this.#end
  }

  /** The GOAWAY frames that came: last stream, code, and why. */
  get goaways(): readonly string[] {
    return this.seen.filter((it) => it.startsWith('goaway ')).map((it) => it.slice('goaway '.length))
  }

  // Sending. What is sent in one call of `together` leaves in one write.

  together(send: () => void): void {
    this.#together = true
    send()
    this.#together = false
    this.#flush()
  }

  /** Sends a request on the next stream, and gives the stream's id. */
  request({
    method = 'GET',
    path = '/',
    scheme = 'http',
    authority = 'a',
    fields = [],
    body,
    trailers,
    open = false,
  }: RawRequest = {}): number {
    const id = this.nextId()
    const control: Field[] = [
      [':method', method],
      [':scheme', scheme],
      [':path', path],
      ...(authority === '' ? [] : ([[':authority', authority]] as Field[])),
    ]
    const more = open || trailers !== undefined
    const before = this.#together
    this.#together = true
    this.head(id, [...control, ...fields], !more && body === undefined)
    if (body !== undefined) this.data(id, body, !more)
    if (trailers !== undefined) this.head(id, trailers, !open)
    this.#together = before
    this.#flush()
    return id
  }

  nextId(): number {
    const id = this.#nextId
    this.#nextId += 2
    return id
  }

  /** A header or trailer section of exactly these fields. */
  head(streamId: number, fields: readonly Field[], endStream: boolean): void {
    const out = this.writer.beginHeaders()
    this.encoder.begin(out)
    for (const [name, value] of fields) this.encoder.field(out, name, value)
    this.writer.endHeaders(streamId, endStream)
    this.#flush()
  }

  data(streamId: number, bytes: string | Uint8Array, endStream: boolean = false): void {
    this.writer.data(streamId, typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes, endStream)
    this.#flush()
  }

  reset(streamId: number, code: number): void {
    this.writer.rstStream(streamId, code)
    this.#flush()
  }

  ping(text: string): void {
    this.writer.ping(Buffer.from(text.padEnd(8), 'latin1'), false)
    this.#flush()
  }

  /** Lets the proxy send so much more; on stream 0, on all together. */
  grant(streamId: number, bytes: number): void {
    this.writer.windowUpdate(streamId, bytes)
    this.#flush()
  }

  /** Bytes as they are, behind what was collected. */
  raw(bytes: Uint8Array | string): void {
    this.writer.flush()
    this.wire.write(bytes)
  }

  pause(): void {
    this.wire.pause()
  }

  resume(): void {
    this.wire.resume()
  }

  close(): void {
    this.wire.destroy()
  }

  #flush(): void {
    if (!this.#together) this.writer.flush()
  }

  // What came.

  stream(streamId: number): ReceivedStream {
    return this.#streams.get(streamId) ?? new Stream(streamId)
  }

  /** Waits until the stream has ended or was reset, and gives what came on it. */
  async response(streamId: number): Promise<ReceivedStream> {
    await this.until(`the end of stream ${streamId}`, () => {
      const { ended, reset } = this.stream(streamId)
      return ended || reset !== undefined
    })
    return this.stream(streamId)
  }

  /** Sends a request and waits for the end of its response. */
  ask(request?: RawRequest): Promise<ReceivedStream> {
    return this.response(this.request(request))
  }

  /** Waits until it is so; rejects where the connection ends before. */
  async until(what: string, condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.fault !== undefined) throw this.fault
      if (this.#end !== undefined) throw new Error(`no ${what}: ${this.#end}, after ${this.seen.join(', ')}`)
      await new Promise<void>((resolve) => this.#wake.push(resolve))
    }
  }

  /** Waits for the end of the connection, and gives the GOAWAY that came last. */
  async ended(): Promise<string | undefined> {
    while (this.#end === undefined) await new Promise<void>((resolve) => this.#wake.push(resolve))
    if (this.fault !== undefined) throw this.fault
    return this.goaways.at(-1)
  }

  // The wire's side.

  onData(chunk: Buffer): MemoryUse {
    const before = this.#together
    this.#together = true
    try {
      this.#reader.read(chunk)
    } catch (thrown) {
      this.fault ??= thrown
    }
    this.#together = before
    this.#flush()
    this.#changed()
    return true
  }

  onEnd(): void {
    this.#end ??= 'ended'
    this.wire.end()
    this.#changed()
  }

  onDrain(): void {
    this.#changed()
  }

  onClose(error: Error | undefined): void {
    this.#end ??= error === undefined ? 'ended' : 'reset'
    this.#changed()
  }

  #changed(): void {
    for (const wake of this.#wake.splice(0)) wake()
  }

  // The frames' side.

  onHeaders(streamId: number, bytes: Buffer, endStream: boolean): void {
    const stream = this.#opened(streamId)
    stream.section(fieldsOf(this.#decoder.decode(bytes)))
    this.order.push(`headers ${streamId}`)
    if (endStream) this.#ended(stream)
  }

  onDataStart(streamId: number, size: number): void {
    this.#opened(streamId)
    this.order.push(`data ${streamId} ${size}`)
    if (!this.grants || size === 0) return
    this.writer.windowUpdate(0, size)
    this.writer.windowUpdate(streamId, size)
  }

  onDataPiece(streamId: number, piece: Buffer): MemoryUse {
    this.#opened(streamId).data(piece)
    return true
  }

  onDataEnd(streamId: number, endStream: boolean): void {
    if (endStream) this.#ended(this.#opened(streamId))
  }

  onRstStream(streamId: number, errorCode: number): void {
    if (this.#side === 'server' && !this.#streams.has(streamId))
      this.fault ??= new Error(`RST_STREAM of stream ${streamId}, which was never opened`)
    const name = errorCodeName(errorCode)
    this.#opened(streamId).reset = name
    this.order.push(`reset ${streamId} ${name}`)
  }

  onSetting(): void {}

  onSettingsEnd(): void {
    this.seen.push('settings')
    if (this.answers) this.writer.settingsAck()
  }

  onSettingsAck(): void {
    this.seen.push('settings-ack')
  }

  onPing(data: Buffer, ack: boolean): void {
    this.seen.push(`${ack ? 'pong' : 'ping'} ${data.toString('latin1').trim()}`)
    if (!ack && this.answers) this.writer.ping(data, true)
  }

  onGoaway(lastStreamId: number, errorCode: number, debugData: Buffer): void {
    this.seen.push(
      `goaway ${lastStreamId} ${errorCodeName(errorCode)} ${debugData.toString('latin1')}`.trim(),
    )
  }

  onWindowUpdate(streamId: number, increment: number): void {
    this.granted.set(streamId, (this.granted.get(streamId) ?? 0) + increment)
  }

  onPriorityUpdate(): void {}
  onIdleFrame(): void {}

  onStreamFault(fault: Http2Fault): void {
    this.fault ??= fault
  }

  #opened(streamId: number): Stream {
    const known = this.#streams.get(streamId)
    if (known !== undefined) return known
    const stream = new Stream(streamId)
    this.#streams.set(streamId, stream)
    return stream
  }

  #ended(stream: Stream): void {
    if (stream.ended || stream.reset !== undefined)
      this.fault ??= new Error(`stream ${stream.id} has ended twice`)
    stream.ended = true
    this.order.push(`end ${stream.id}`)
  }
}

/** Connects to an address of this network and begins. */
export function rawHttp2Client(
  network: Network,
  url: string,
  options?: RawHttp2Options,
): Promise<RawHttp2Peer> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    network.connect(
      { host: hostname, port: Number(port) || 80 },
      { onConnect: (wire) => resolve(new RawHttp2Peer(wire, options)), onConnectError: reject },
    )
  })
}
