import { firstValue } from '../network/simple-http1.ts'
import { type FakeReply, type FieldInit, fieldsOf } from './fake-reply.ts'
import type { FakeRequest } from './fake-request.ts'
import { isInPlace, type RequestFaults } from './upstream-faults.ts'

/** @internal A reply as it goes on the wire, with the faults worked in. */
export interface WireReply {
  /** 0 for what is no response. */
  readonly status: number
  readonly interim: Buffer
  readonly head: Buffer
  /** Framed, unless it comes bit by bit. */
  readonly body: Uint8Array | AsyncIterable<string | Uint8Array>
  /** Whether each bit of the body becomes a chunk. */
  readonly chunked: boolean
  /** Behind the body: the last chunk, trailers, a response too many. */
  readonly tail: Buffer
  /** Behind so many bytes of head, body and tail it is over. */
  readonly cut: number
  readonly after: 'keep' | 'end' | 'close' | 'reset'
}

/** @internal What is sent for a request. `reply` may be missing where a fault takes its place. */
export async function wireReply(
  request: FakeRequest,
  reply: FakeReply | undefined,
  faults: RequestFaults | undefined,
): Promise<WireReply> {
  const interim = interimBytes(reply, faults)
  const end = faults?.end
  if (reply === undefined || isInPlace(end)) {
    const head = end?.kind === 'malformed' ? latin1(end.bytes) : NOTHING
    const after = end?.kind === 'reset-before-head' ? 'reset' : 'end'
    return { ...EMPTY, status: 0, interim, head, after }
  }
  const sound = reply.raw === undefined ? await framed(request, reply, faults) : raw(reply.raw)
  const after = reply.after ?? (endsAfter(request, reply) ? 'end' : 'keep')
  const extra = faults?.extra === true ? Buffer.concat([sound.tail, EXTRA]) : sound.tail
  const whole: WireReply = {
    ...EMPTY,
    ...sound,
    interim,
    tail: extra,
    after: reply.raw === undefined && leavesUnframed(faults) ? 'end' : after,
  }
  return faults === undefined ? whole : brokenOff(whole, faults)
}

/** @internal The same for what is there at once, and has no faults. */
export function plainBytes(request: FakeRequest, reply: FakeReply): Uint8Array {
  if (reply.raw !== undefined) return latin1(reply.raw)
  const body = bytesOf((reply.body ?? '') as string | Uint8Array)
  const framing = framingOf(reply, fieldsOf(reply.headers), body)
  const head = headText(reply, framing, body.byteLength)
  if (request.method === 'HEAD') return Buffer.from(head, 'latin1')
  if (framing === 'chunked')
    return Buffer.concat([Buffer.from(head, 'latin1'), chunk(body), lastChunk(reply.trailers)])
  const bytes = Buffer.allocUnsafe(head.length + body.byteLength)
  bytes.write(head, 'latin1')
  bytes.set(body, head.length)
  return bytes
}

/** @internal Whether `plainBytes` will do. */
export function isPlain({ body, delayMs, informational, tunnel }: FakeReply): boolean {
  return (
    delayMs === undefined &&
    informational === undefined &&
    tunnel === undefined &&
    (body === undefined || isWhole(body))
  )
}

/** @internal Whether the messages ask for the end of the connection. */
export function endsAfter(request: FakeRequest, reply: FakeReply): boolean {
  if (reply.framing === 'close') return true
  const asked = request.header('connection')
  if (asked !== undefined && /close/i.test(asked)) return true
  if (request.version === 'HTTP/1.0' && !/keep-alive/i.test(asked ?? '')) return true
  if (reply.headers === undefined) return false
  return /close/i.test(firstValue(fieldsOf(reply.headers), 'connection') ?? '')
}

/** @internal */
export function chunk(bytes: Uint8Array): Buffer {
  if (bytes.byteLength === 0) return NOTHING
  return Buffer.concat([Buffer.from(`${bytes.byteLength.toString(16)}\r\n`), bytes, CRLF])
}

/** @internal */
export function bytesOf(part: string | Uint8Array): Uint8Array {
  return typeof part === 'string' ? Buffer.from(part, 'utf8') : part
}

/** @internal */
export function isWhole(body: NonNullable<FakeReply['body']>): body is string | Uint8Array {
  return typeof body === 'string' || body instanceof Uint8Array
}

type Sound = Pick<WireReply, 'status' | 'head' | 'body' | 'chunked' | 'tail'>

async function framed(
  request: FakeRequest,
  reply: FakeReply,
  faults: RequestFaults | undefined,
): Promise<Sound> {
  const { status = 200 } = reply
  const fault = faults?.framing
  let body = reply.body ?? ''
  let given = reply
  let framing = framingOf(reply, fieldsOf(reply.headers), body)
  if (fault?.kind === 'wrong-content-length') {
    if (!isWhole(body)) body = await collected(body)
    framing = 'length'
  } else if (fault !== undefined && mayHaveBody(status)) framing = 'chunked'
  if (fault !== undefined && mayHaveBody(status)) {
    // A fault of the framing is one whatever framing the reply asks for.
    const headers = fieldsOf(reply.headers).filter(([name]) => !isFraming(name))
    const by = fault.kind === 'wrong-content-length' ? fault.by : 0
    if (by !== 0) headers.push(['Content-Length', `${Math.max(0, lengthOf(body) + by)}`])
    given = { ...reply, headers }
  }
  const length = isWhole(body) ? bytesOf(body).byteLength : undefined
  const head = Buffer.from(headText(given, framing, length), 'latin1')
  if (request.method === 'HEAD') return { ...EMPTY, status, head }
  const chunked = framing === 'chunked'
  const trailers = fault?.kind === 'trailers' ? fault.fields : reply.trailers
  return {
    status,
    head,
    body: isWhole(body) ? (chunked ? chunk(bytesOf(body)) : bytesOf(body)) : body,
    chunked,
    tail: !chunked ? NOTHING : fault?.kind === 'bad-chunk' ? BAD_CHUNK : lastChunk(trailers),
  }
}

function raw(given: string | Uint8Array): Sound {
  const bytes = latin1(given)
  const found = bytes.indexOf('\r\n\r\n')
  const head = found < 0 ? bytes.length : found + 4
  const status = /^HTTP\/\d\.\d (\d{3})/.exec(bytes.toString('latin1', 0, 12))
  return {
    status: Number(status?.[1] ?? 0),
    head: bytes.subarray(0, head),
    body: bytes.subarray(head),
    chunked: false,
    tail: NOTHING,
  }
}

/** Works in what ends a response before its time. */
function brokenOff(reply: WireReply, { end }: RequestFaults): WireReply {
  switch (end?.kind) {
    case 'reset-after-head':
      return { ...reply, cut: reply.head.length, after: 'reset' }
    case 'reset-after-bytes':
      return { ...reply, cut: end.bytes, after: 'reset' }
    case 'truncate': {
      const { head, body, chunked } = reply
      if (!isWhole(body)) return { ...reply, body: beginning(body, end.bytes), tail: NOTHING, after: 'end' }
      const bytes = bytesOf(body)
      // The line with the size of the one chunk goes before it, a line end behind.
      const line = chunked && bytes.length > 0 ? bytes.indexOf(LF) + 1 : 0
      const most = chunked ? Math.max(0, bytes.length - line - CRLF.length) : Math.max(0, bytes.length - 1)
      return { ...reply, cut: head.length + line + Math.min(end.bytes, most), after: 'end' }
    }
    default:
      return reply
  }
}

/** @internal */
export async function* beginning(
  body: AsyncIterable<string | Uint8Array>,
  most: number,
): AsyncGenerator<Uint8Array> {
  let left = most
  if (left === 0) return
  for await (const part of body) {
    const bytes = bytesOf(part).subarray(0, left)
    left -= bytes.byteLength
    yield bytes
    if (left === 0) return
  }
}

/** @internal */
export async function collected(body: AsyncIterable<string | Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const part of body) parts.push(bytesOf(part))
  return Buffer.concat(parts)
}

function headText(
  reply: FakeReply,
  framing: 'length' | 'chunked' | 'close',
  length: number | undefined,
): string {
  const { status = 200, reason = status === 200 ? 'OK' : '' } = reply
  const headers = fieldsOf(reply.headers)
  let text = `HTTP/1.1 ${status} ${reason}\r\n${fieldLines(headers)}`
  if (mayHaveBody(status) && !headers.some(([name]) => isFraming(name))) {
    if (framing === 'chunked') text += 'Transfer-Encoding: chunked\r\n'
    else if (framing === 'length' && length !== undefined) text += `Content-Length: ${length}\r\n`
  }
  return `${text}\r\n`
}

/** @internal */
export function framingOf(
  { framing, trailers }: FakeReply,
  headers: readonly (readonly [string, string])[],
  body: NonNullable<FakeReply['body']>,
): 'length' | 'chunked' | 'close' {
  if (framing !== undefined) return framing
  if (firstValue(headers, 'transfer-encoding') !== undefined) return 'chunked'
  if (firstValue(headers, 'content-length') !== undefined) return 'length'
  return isWhole(body) && trailers === undefined ? 'length' : 'chunked'
}

function interimBytes(reply: FakeReply | undefined, faults: RequestFaults | undefined): Buffer {
  const own = reply?.informational ?? []
  const injected = faults?.interim ?? []
  if (own.length === 0 && injected.length === 0) return NOTHING
  const all = [
    ...injected.flatMap(({ status, headers, times = 1 }) =>
      Array.from({ length: times }, () => ({ status, headers })),
    ),
    ...own,
  ]
  const text = all.map(({ status, headers }) => `HTTP/1.1 ${status} \r\n${fieldLines(fieldsOf(headers))}\r\n`)
  return Buffer.from(text.join(''), 'latin1')
}

function fieldLines(fields: readonly (readonly [string, string])[]): string {
  let text = ''
  for (const [name, value] of fields) text += `${name}: ${value}\r\n`
  return text
}

function lastChunk(trailers: FieldInit | undefined): Buffer {
  return Buffer.from(`0\r\n${fieldLines(fieldsOf(trailers))}\r\n`, 'latin1')
}

/** @internal */
export function latin1(bytes: string | Uint8Array): Buffer {
  return typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : Buffer.from(bytes)
}

function lengthOf(body: NonNullable<FakeReply['body']>): number {
  return isWhole(body) ? bytesOf(body).byteLength : 0
}

/** @internal */
export function mayHaveBody(status: number): boolean {
  return status >= 200 && status !== 204 && status !== 304
}

/** @internal */
export function isFraming(name: string): boolean {
  return /^(?:content-length|transfer-encoding)$/i.test(name)
}

/** Whether the client cannot tell where the next response begins. */
function leavesUnframed(faults: RequestFaults | undefined): boolean {
  const kind = faults?.framing?.kind
  return kind === 'wrong-content-length' || kind === 'bad-chunk'
}

const NOTHING = Buffer.alloc(0)
const LF = 10
const CRLF = Buffer.from('\r\n')
const BAD_CHUNK = Buffer.from('size\r\n\r\n')
const EXTRA = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nextra')
const EMPTY = { body: NOTHING, chunked: false, tail: NOTHING, cut: Number.POSITIVE_INFINITY }
