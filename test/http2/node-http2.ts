import { once } from 'node:events'
import {
  type ClientHttp2Session,
  connect,
  constants,
  createServer,
  type Http2Session,
  type ServerHttp2Stream,
  type Settings,
} from 'node:http2'
import { duplexPair } from 'node:stream'
import type { Field } from './field-lists.ts'
import { PlainSession } from './plain-session.ts'

/** What node:http2 read of one message: field lines as they came. */
export interface NodeMessage {
  readonly head: readonly Field[]
  readonly body: Buffer
  readonly trailers: readonly Field[]
}

export interface NodePeerOptions {
  /** What node tells us of itself. */
  readonly settings?: Settings
  /** Whether node pads its frames as much as it can. */
  readonly pads?: boolean
  /** What we tell node of our table. */
  readonly tableBytes?: number
}

const RAW_HEADERS = 2

function options({ settings = {}, pads = false }: NodePeerOptions): {
  settings: Settings
  paddingStrategy: number
} {
  return {
    settings: { maxHeaderListSize: 1_000_000, initialWindowSize: 1_000_000, ...settings },
    paddingStrategy: pads ? constants.PADDING_STRATEGY_MAX : constants.PADDING_STRATEGY_NONE,
  }
}

/** A server of node:http2 with our client, over a pair of streams. */
export class NodeServer {
  readonly ours: PlainSession
  readonly node: Promise<Http2Session>
  readonly #server
  readonly #requests: ((stream: ServerHttp2Stream, head: Field[]) => void)[] = []
  #streamId = -1

  constructor(peer: NodePeerOptions = {}) {
    const [ours, theirs] = duplexPair()
    this.#server = createServer(options(peer))
    this.node = once(this.#server, 'session').then(([session]) => session as Http2Session)
    this.#server.on('stream', (stream, _headers, _flags, rawHeaders: string[]) => {
      this.#requests.shift()!(stream, pairs(rawHeaders))
    })
    this.#server.emit('connection', theirs)
    this.ours = new PlainSession(ours, 'client', peer.tableBytes ?? 4096)
  }

  /** Sends a request that node reads, and its answer, which we read. */
  async exchange(
    request: { head: readonly Field[]; body?: Buffer; trailers?: readonly Field[] },
    response: { head: readonly Field[]; body?: Buffer; trailers?: readonly Field[] },
  ): Promise<{ node: NodeMessage; ours: { sections: readonly (readonly Field[])[]; body: Buffer } }> {
    this.#streamId += 2
    const read = new Promise<NodeMessage>((resolve, reject) => {
      this.#requests.push((stream, head) => {
        const { body, trailers } = response
        stream.on('error', reject)
        stream.respond(asHeaders(response.head), {
          endStream: body === undefined,
          waitForTrailers: trailers !== undefined,
        })
        if (trailers !== undefined) stream.on('wantTrailers', () => stream.sendTrailers(asHeaders(trailers)))
        if (body !== undefined) stream.end(body)
        collect(stream).then((rest) => resolve({ head, ...rest }), reject)
      })
    })
    sendMessage(this.ours, this.#streamId, request)
    const [node, message] = await Promise.all([read, this.ours.message()])
    return { node, ours: message }
  }

  async close(): Promise<void> {
    const session = await this.node
    const closed = once(session, 'close')
    session.destroy()
    await closed
  }
}

/** A client of node:http2 with our server. */
export class NodeClient {
  readonly ours: PlainSession
  readonly node: ClientHttp2Session

  constructor(peer: NodePeerOptions = {}) {
    const [ours, theirs] = duplexPair()
    this.ours = new PlainSession(ours, 'server', peer.tableBytes ?? 4096)
    this.node = connect('http://a.example', { ...options(peer), createConnection: () => theirs })
  }

  /** Node sends a request that we read; our answer is read by node. */
  async exchange(
    request: { head: readonly Field[]; body?: Buffer; trailers?: readonly Field[] },
    response: { head: readonly Field[]; body?: Buffer; trailers?: readonly Field[] },
  ): Promise<{ node: NodeMessage; ours: { sections: readonly (readonly Field[])[]; body: Buffer } }> {
    const { body, trailers } = request
    const stream = this.node.request(asHeaders(request.head), {
      endStream: body === undefined,
      waitForTrailers: trailers !== undefined,
    })
    if (trailers !== undefined) stream.on('wantTrailers', () => stream.sendTrailers(asHeaders(trailers)))
    const responded = once(stream, 'response').then((args) => pairs(args[RAW_HEADERS] as string[]))
    const rest = collect(stream)
    if (body !== undefined) stream.end(body)
    const message = await this.ours.message()
    sendMessage(this.ours, message.streamId, response)
    return { node: { head: await responded, ...(await rest) }, ours: message }
  }

  async close(): Promise<void> {
    const closed = once(this.node, 'close')
    this.node.destroy()
    await closed
  }
}

function sendMessage(
  session: PlainSession,
  streamId: number,
  { head, body, trailers }: { head: readonly Field[]; body?: Buffer; trailers?: readonly Field[] },
): void {
  session.send(streamId, head, body === undefined && trailers === undefined)
  if (body !== undefined) session.writer.data(streamId, body, trailers === undefined)
  if (trailers !== undefined) session.send(streamId, trailers, true)
  session.writer.flush()
}

async function collect(
  stream: NodeJS.ReadableStream & NodeJS.EventEmitter,
): Promise<{ body: Buffer; trailers: readonly Field[] }> {
  let trailers: readonly Field[] = []
  stream.on('trailers', (_headers, _flags, rawHeaders: string[]) => {
    trailers = pairs(rawHeaders)
  })
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return { body: Buffer.concat(chunks), trailers }
}

function pairs(flat: readonly string[]): Field[] {
  return Array.from({ length: flat.length / 2 }, (_, i): Field => [flat[i * 2]!, flat[i * 2 + 1]!])
}

/** As node:http2 takes them: fields of one name are a list. */
function asHeaders(fields: readonly Field[]): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {}
  for (const [name, value] of fields) {
    const known = headers[name]
    headers[name] = known === undefined ? value : [...(Array.isArray(known) ? known : [known]), value]
  }
  return headers
}
