import { durationMs } from '../../core/options.ts'
import type { Http2Field } from '../http2/simple-hpack.ts'
import type { SimpleStream } from '../http2/simple-stream.ts'
import { type FakeReply, type FieldInit, fieldsOf } from './fake-reply.ts'
import type { ReceivedRequest } from './fake-request.ts'
import type { Http2Speaker } from './http2-speaker.ts'
import {
  beginning,
  bytesOf,
  collected,
  framingOf,
  isFraming,
  isWhole,
  latin1,
  mayHaveBody,
} from './reply-bytes.ts'
import type { RequestFaults } from './upstream-faults.ts'

interface ReplyPlace {
  mayWrite(): boolean
  sleep(ms: number): Promise<void>
  running(): Promise<void>
}

/** A response as it goes on a stream, with the faults of its framing worked in. */
interface Http2Message {
  readonly status: number
  readonly head: Http2Field[]
  readonly body: Uint8Array | AsyncIterable<string | Uint8Array>
  readonly trailers: Http2Field[] | undefined
  /** Nothing may follow the head. */
  readonly headOnly: boolean
}

/** @internal Sends a reply on a stream, as fast as its windows allow, or as badly as a fault wants. */
export class Http2Reply {
  readonly #speaker: Http2Speaker
  readonly #stream: SimpleStream
  readonly #place: ReplyPlace

  constructor(speaker: Http2Speaker, stream: SimpleStream, place: ReplyPlace) {
    this.#speaker = speaker
    this.#stream = stream
    this.#place = place
  }

  /** Resolves with the status when all of it has left that will leave; 0 for what is no response. */
  async write(
    request: ReceivedRequest,
    reply: FakeReply | undefined,
    faults: RequestFaults | undefined,
  ): Promise<number> {
    const end = faults?.end
    this.#interim(reply, faults)
    switch (end?.kind) {
      case 'reset-before-head':
        await this.#speaker.reset()
        return 0
      case 'half-close':
        this.#speaker.end()
        return 0
      case 'malformed':
        this.#speaker.raw(latin1(end.bytes))
        this.#speaker.end()
        return 0
    }
    if (reply === undefined) return 0
    if (reply.raw !== undefined) {
      this.#speaker.raw(latin1(reply.raw))
      return 0
    }
    const message = await messageOf(request, reply, faults)
    if (!this.#place.mayWrite()) return message.status
    if (end?.kind === 'reset-after-bytes') this.#stream.cutAfter(end.bytes, () => void this.#speaker.reset())
    await this.#send(message, faults, reply.tunnel !== undefined)
    if (end?.kind === 'reset-after-bytes') await this.#speaker.reset()
    if (faults?.extra === true) this.#stream.sectionTooMuch([[':status', '200']], true)
    return message.status
  }

  /** The message, up to where a fault breaks it off. */
  async #send(message: Http2Message, faults: RequestFaults | undefined, tunnels: boolean): Promise<void> {
    const { status, head, body, trailers, headOnly } = message
    const end = faults?.end
    const breaks = breakOf(message, end)
    const empty = headOnly || (isWhole(body) && bytesOf(body).byteLength === 0)
    const ends = !tunnels && (headOnly || (empty && trailers === undefined && breaks === undefined))
    const dripMs = faults?.drip && durationMs('fault.drip', 'every', faults.drip.every)
    if (dripMs !== undefined) await this.#place.sleep(dripMs)
    await this.#place.running()
    this.#stream.section([[':status', `${status}`], ...head], ends)
    if (breaks !== 0 && !ends) await this.#body(message, faults, breaks, tunnels)
    if (breaks === undefined) return
    if (end?.kind === 'reset-stream') this.#stream.reset(end.code)
    else if (end?.kind === 'truncate') this.#speaker.end()
    else await this.#speaker.reset()
  }

  /** The body and what follows it; of a body that breaks off, so many bytes. */
  async #body(
    { body, trailers }: Http2Message,
    faults: RequestFaults | undefined,
    most: number | undefined,
    tunnels: boolean,
  ): Promise<void> {
    const closes = most === undefined && trailers === undefined && !tunnels
    if (isWhole(body)) await this.#piece(bytesOf(body).subarray(0, most), faults, closes)
    else {
      for await (const part of most === undefined ? body : beginning(body, most)) {
        await this.#piece(bytesOf(part), faults, false)
        // Leaving the loop tells the generator.
        if (!this.#place.mayWrite()) break
      }
      if (closes) await this.#stream.data(NOTHING, true)
    }
    await this.#place.running()
    if (trailers !== undefined && most === undefined) this.#stream.section(trailers, true)
  }

  async #piece(bytes: Uint8Array, faults: RequestFaults | undefined, ended: boolean): Promise<void> {
    const drip = faults?.drip
    if (drip === undefined) {
      await this.#place.running()
      await this.#stream.data(bytes, ended)
      return
    }
    const everyMs = durationMs('fault.drip', 'every', drip.every)
    for (let at = 0; at < bytes.byteLength && this.#place.mayWrite(); at += drip.bytes) {
      await this.#place.sleep(everyMs)
      await this.#place.running()
      await this.#stream.data(
        bytes.subarray(at, at + drip.bytes),
        ended && at + drip.bytes >= bytes.byteLength,
      )
    }
  }

  #interim(reply: FakeReply | undefined, faults: RequestFaults | undefined): void {
    const injected = faults?.interim ?? []
    for (const { status, headers, times = 1 } of injected) {
      for (let i = 0; i < times; i++) this.#section(status, headers)
    }
    for (const { status, headers } of reply?.informational ?? []) this.#section(status, headers)
  }

  #section(status: number, headers: FieldInit | undefined): void {
    this.#stream.section([[':status', `${status}`], ...lowered(headers)], false)
  }
}

/** Behind how many bytes of its body a response breaks off; `undefined`: it does not. */
function breakOf({ body }: Http2Message, end: RequestFaults['end']): number | undefined {
  switch (end?.kind) {
    case 'reset-after-head':
      return 0
    case 'reset-stream':
      return end.after === 'head' ? 0 : end.after
    case 'truncate':
      return isWhole(body) ? Math.min(end.bytes, Math.max(0, bytesOf(body).byteLength - 1)) : end.bytes
    default:
      return undefined
  }
}

async function messageOf(
  request: ReceivedRequest,
  reply: FakeReply,
  faults: RequestFaults | undefined,
): Promise<Http2Message> {
  const { status = 200 } = reply
  const fault = faults?.framing
  const framed = fault !== undefined && mayHaveBody(status)
  let body = reply.body ?? ''
  if (fault?.kind === 'wrong-content-length' && !isWhole(body)) body = await collected(body)
  const given = lowered(reply.headers)
  const head = framed ? given.filter(([name]) => !isFraming(name)) : given
  const length = isWhole(body) ? bytesOf(body).byteLength : undefined
  if (framed && fault.kind === 'wrong-content-length')
    head.push(['content-length', `${Math.max(0, (length ?? 0) + fault.by)}`])
  else if (
    !framed &&
    mayHaveBody(status) &&
    reply.tunnel === undefined &&
    length !== undefined &&
    !given.some(([name]) => isFraming(name)) &&
    framingOf(reply, given, body) === 'length'
  )
    head.push(['content-length', `${length}`])
  const trailers = framed && fault.kind === 'trailers' ? fault.fields : reply.trailers
  return {
    status,
    head,
    body: isWhole(body) ? bytesOf(body) : body,
    trailers: trailers && lowered(trailers),
    headOnly: request.method === 'HEAD' || !mayHaveBody(status),
  }
}

/** Names of fields are in lower case in HTTP/2 (RFC 9113 section 8.2). */
function lowered(init: FieldInit | undefined): Http2Field[] {
  return fieldsOf(init).map(([name, value]) => [name.toLowerCase(), value])
}

const NOTHING = Buffer.alloc(0)
