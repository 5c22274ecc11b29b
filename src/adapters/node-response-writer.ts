import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Http2ServerResponse } from 'node:http2'
import type { Writable } from 'node:stream'
import type { BodySink, BodySource } from '../core/body-source.ts'
import { ProxyError } from '../core/errors.ts'
import { FieldKind, NOT_IN_TRAILERS } from '../core/field-name.ts'
import type { HeaderList } from '../core/headers.ts'
import type { MemoryUse } from '../core/network.ts'
import type { Framing } from '../transport/framing.ts'
import { RESPONSE_DROPPED } from '../transport/http1/head-writer.ts'

/** Where a server of Node's wants its response. */
export type NodeResponse = ServerResponse | Http2ServerResponse

export function isHttp2Response(response: NodeResponse): response is Http2ServerResponse {
  return 'stream' in response
}

/** Is told how a response goes on. */
export interface NodeResponseWriterOwner {
  /** All of it was given to Node. */
  written(): void
  /** The body's source failed, or did not keep its length. */
  writingFailed(error: unknown): void
  /** Node takes no more for now, or takes more again. */
  onBlocked(blocked: boolean): void
}

/** The head of a response, made, and written when there is something behind it. */
export interface NodeHead {
  readonly status: number
  readonly reason: string | undefined
  readonly headers: HeaderList
  readonly framing: Framing
  readonly length: string | undefined
  /** Whether the connection ends behind it. */
  readonly close: boolean
}

/** Writes one response: the head, then a body as its source pushes it, at the pace of the client. */
export class NodeResponseWriter implements BodySink {
  readonly #response: NodeResponse
  readonly #owner: NodeResponseWriterOwner
  #head: NodeHead | undefined
  #source: BodySource | undefined
  #framing: Framing = 'none'
  #left = 0
  blocked = false
  /** Bytes of the body. */
  bytes = 0

  constructor(response: NodeResponse, owner: NodeResponseWriterOwner) {
    this.#response = response
    this.#owner = owner
  }

  /** Whether a body is under way. */
  get active(): boolean {
    return this.#source !== undefined
  }

  /** Writes a response whose whole body is here. */
  writeWhole(head: NodeHead, bytes: Uint8Array): void {
    this.#writeHead(head)
    this.bytes = bytes.byteLength
    if (bytes.byteLength === 0) this.#response.end()
    else this.#response.end(bytes)
    this.#owner.written()
  }

  start(head: NodeHead, source: BodySource): void {
    this.#head = head
    this.#framing = head.framing
    this.#source = source
    this.#left = head.framing === 'length' ? (source.length ?? 0) : Number.POSITIVE_INFINITY
    this.#response.on('drain', () => this.#drained())
    source.open(this)
    if (this.#source !== source || this.#head === undefined) return
    this.#flushHead()
    if (!isHttp2Response(this.#response)) this.#response.flushHeaders()
  }

  /** Gives the body up. */
  cancel(reason: ProxyError): void {
    const source = this.#source
    this.#source = undefined
    this.#head = undefined
    source?.cancel(reason)
  }

  onChunk(chunk: Uint8Array): MemoryUse {
    if (this.#source === undefined) return true
    this.#left -= chunk.byteLength
    if (this.#left < 0) {
      this.#fail(new ProxyError('internal_error', { detail: 'a body is longer than its length' }))
      return true
    }
    try {
      this.#flushHead()
      this.bytes += chunk.byteLength
      if (!(this.#response as Writable).write(chunk) && !this.blocked && this.#source !== undefined) {
        this.blocked = true
        this.#source.pause()
        this.#owner.onBlocked(true)
      }
    } catch (thrown) {
      this.#fail(thrown)
    }
    return undefined
  }

  onEnd(trailers: HeaderList | undefined): void {
    if (this.#source === undefined) return
    if (this.#framing === 'length' && this.#left > 0) {
      this.#fail(new ProxyError('internal_error', { detail: 'a body is shorter than its length' }))
      return
    }
    this.#source = undefined
    try {
      this.#flushHead()
      if (trailers !== undefined) this.#addTrailers(trailers)
      this.#response.end()
    } catch (thrown) {
      this.#owner.writingFailed(thrown)
      return
    }
    this.#owner.written()
  }

  onError(error: unknown): void {
    if (this.#source !== undefined) this.#fail(error)
  }

  #drained(): void {
    if (!this.blocked) return
    this.blocked = false
    this.#owner.onBlocked(false)
    this.#source?.resume()
  }

  #fail(error: unknown): void {
    const source = this.#source
    this.#source = undefined
    source?.cancel(error instanceof ProxyError ? error : new ProxyError('internal_error', { cause: error }))
    this.#owner.writingFailed(error)
  }

  #flushHead(): void {
    const head = this.#head
    this.#head = undefined
    if (head !== undefined) this.#writeHead(head)
  }

  #writeHead(head: NodeHead): void {
    if (isHttp2Response(this.#response)) this.#response.writeHead(head.status, joinedFields(head))
    else if (head.reason === undefined) this.#response.writeHead(head.status, fieldLines(head))
    else this.#response.writeHead(head.status, head.reason, fieldLines(head))
  }

  #addTrailers(trailers: HeaderList): void {
    const lines = linesWithout(trailers, NOT_IN_TRAILERS)
    if (isHttp2Response(this.#response)) this.#response.addTrailers(joined(lines))
    else if (this.#framing === 'chunked') this.#response.addTrailers(lines)
  }
}

type Lines = [name: string, value: string][]

function linesWithout({ fields, values }: HeaderList, dropped: number): Lines {
  const lines: Lines = []
  for (let i = 0; i < fields.length; i++)
    if ((fields[i]!.kind & dropped) === 0) lines.push([fields[i]!.wire, values[i]!])
  return lines
}

/** Names and values in turn: Node keeps their order and their case. */
function fieldLines({ headers, framing, length, close }: NodeHead): string[] {
  const lines = linesWithout(headers, RESPONSE_DROPPED)
    // Node refuses to announce trailers where it cannot send any.
    .filter(([name]) => framing === 'chunked' || name.toLowerCase() !== 'trailer')
    .flat()
  if (length !== undefined) lines.push('Content-Length', length)
  if (close) lines.push('Connection', 'close')
  return lines
}

function joinedFields({ headers, length }: NodeHead): OutgoingHttpHeaders {
  const fields = joined(linesWithout(headers, RESPONSE_DROPPED | FieldKind.handshake))
  if (length !== undefined) fields['content-length'] = length
  return fields
}

/** Of several lines Node's HTTP/2 keeps the last, or throws; a list is the same (RFC 9110 section 5.3), but for cookies. */
function joined(lines: Lines): OutgoingHttpHeaders {
  const fields: Record<string, string | string[]> = Object.create(null)
  const cookies: string[] = []
  for (const [name, value] of lines) {
    const lower = name.toLowerCase()
    const before = fields[lower]
    if (lower === 'set-cookie') cookies.push(value)
    else fields[lower] = before === undefined ? value : `${String(before)}, ${value}`
  }
  if (cookies.length > 0) fields['set-cookie'] = cookies
  return fields
}
