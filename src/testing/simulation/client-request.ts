import { HeaderList, type HeadersInit } from '../../core/headers.ts'
import { invalidOption, knownOptions } from '../../core/options.ts'
import type { Http2Field } from '../http2/simple-hpack.ts'
import type { ClientWebSocketOptions } from './simulated-websocket.ts'

/** A request as a simulated client sends it. Wrong ones are sent, byte by byte, by `sim.connect()`. */
export interface ClientRequest {
  /** Default `GET`; `POST` when there is a body. */
  readonly method?: string | undefined
  /**
   * `/path?query`, or absolute, which gives `Host` too. Sent as it stands, to the listener whose port the url names, if
   * there is one, else to the first that is reached by its scheme, else to the first. `https` needs one with TLS.
   */
  readonly url: string
  /** `Host` and what frames the body are added, unless they are given here. */
  readonly headers?: HeadersInit | undefined
  /** A string goes as UTF-8. Chunks go one by one, in the framing `chunked`. Default none. */
  readonly body?: string | Uint8Array | AsyncIterable<string | Uint8Array> | undefined
  /** A body of JSON, with its `Content-Type`. Not together with `body`. */
  readonly json?: unknown
  /** Fields behind the body; makes the framing `chunked`. */
  readonly trailers?: HeadersInit | undefined
}

/** What may be said beside the url. */
export type ClientRequestOptions = Omit<ClientRequest, 'url'>

/** @internal A request, ready to be written. */
export interface WrittenRequest {
  readonly method: string
  readonly url: string
  /** What comes behind the head bit by bit. */
  readonly chunks: AsyncIterable<string | Uint8Array> | undefined
  /** In HTTP/1.1, whether each becomes a chunk: not where the test gives a length. */
  readonly chunked: boolean
  readonly trailers: HeaderList
  /** The head in HTTP/1.1, and a body that is there whole. */
  readonly bytes: () => Buffer
  readonly http2: () => Http2Request
}

/** @internal A request by HTTP/2. */
export interface Http2Request {
  readonly fields: readonly Http2Field[]
  /** A body that is there whole. */
  readonly whole: Uint8Array | undefined
  readonly chunks: AsyncIterable<string | Uint8Array> | undefined
  readonly trailers: readonly Http2Field[]
}

/** @internal A request for a WebSocket. */
export function writeWebSocketRequest(
  owner: string,
  url: string,
  { headers, protocols = [] }: ClientWebSocketOptions,
  authority: string,
  scheme: 'http' | 'https' = 'http',
): WrittenRequest {
  const given = [
    ...HeaderList.from(headers),
    ['Sec-WebSocket-Version', '13'] as const,
    ...(protocols.length === 0 ? [] : [['Sec-WebSocket-Protocol', protocols.join(', ')] as const]),
  ]
  const asked = { method: 'GET', url: httpUrl(url) }
  const upgrade = [
    ['Connection', 'Upgrade'],
    ['Upgrade', 'websocket'],
    ['Sec-WebSocket-Key', WEBSOCKET_KEY],
  ] as const
  const request = writeRequest(owner, { ...asked, headers: [...upgrade, ...given] }, authority, scheme)
  const http2 = (): Http2Request => {
    const sent = writeRequest(
      owner,
      { ...asked, method: 'CONNECT', headers: given },
      authority,
      scheme,
    ).http2()
    return {
      ...sent,
      fields: [...sent.fields.slice(0, 1), [':protocol', 'websocket'], ...sent.fields.slice(1)],
    }
  }
  return { ...request, http2 }
}

/** @internal The same for all: chance would make two runs of one seed differ. It is that of the example of RFC 6455. */
export const WEBSOCKET_KEY = 'dGhlIHNhbXBsZSBub25jZQ=='

/** @internal `ws:` and `wss:` urls too. */
export function httpUrl(url: string): string {
  return typeof url === 'string' ? url.replace(/^ws(?=s?:)/, 'http') : url
}

const OPTIONS = ['method', 'url', 'headers', 'body', 'json', 'trailers']

/** @internal */
export function writeRequest(
  owner: string,
  request: ClientRequest,
  authority: string,
  scheme: 'http' | 'https' = 'http',
): WrittenRequest {
  knownOptions(owner, request, OPTIONS)
  const { url, json } = request
  const { host, target } = hostAndTarget(owner, url, authority)
  if (json !== undefined && request.body !== undefined)
    throw invalidOption(owner, 'json', 'given without "body"', json)
  const body = json === undefined ? request.body : JSON.stringify(json)
  const { method = body === undefined ? 'GET' : 'POST' } = request
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(method)) throw invalidOption(owner, 'method', 'a token', method)
  const headers = HeaderList.from(request.headers)
  const trailers = HeaderList.from(request.trailers)
  const isJson = json !== undefined && !headers.has('content-type')
  if (body !== undefined && typeof body !== 'string' && !(body instanceof Uint8Array) && !isIterable(body))
    throw invalidOption(
      owner,
      'body',
      'text, bytes or chunks that come one by one; give an object as "json"',
      body,
    )
  const whole = typeof body === 'string' ? Buffer.from(body, 'utf8') : body
  const hasLength = headers.has('content-length')
  const framed = hasLength || headers.has('transfer-encoding')
  const bitByBit = whole !== undefined && !(whole instanceof Uint8Array)
  const chunks = bitByBit
    ? whole
    : trailers.size === 0
      ? undefined
      : whole === undefined || whole.byteLength === 0
        ? none()
        : once(whole)
  const bytes = (): Buffer => {
    let head = `${method} ${target} HTTP/1.1\r\n`
    if (!headers.has('host')) head += `Host: ${host}\r\n`
    if (isJson) head += 'Content-Type: application/json\r\n'
    head += headers.lines(0)
    if (!framed) {
      if (chunks !== undefined) head += 'Transfer-Encoding: chunked\r\n'
      else if (whole !== undefined) head += `Content-Length: ${(whole as Uint8Array).byteLength}\r\n`
    }
    const start = Buffer.from(`${head}\r\n`, 'latin1')
    return chunks !== undefined || whole === undefined ? start : Buffer.concat([start, whole as Uint8Array])
  }
  const http2 = (): Http2Request => {
    const fields: Http2Field[] = [
      [':method', method],
      [':scheme', scheme],
      [':authority', headers.get('host') ?? host],
      [':path', target],
    ]
    if (isJson) fields.push(['content-type', 'application/json'])
    for (const [name, value] of headers) {
      if (name.toLowerCase() !== 'host') fields.push([name.toLowerCase(), value])
    }
    if (chunks === undefined && whole !== undefined && !framed)
      fields.push(['content-length', `${(whole as Uint8Array).byteLength}`])
    return {
      fields,
      whole: bitByBit ? undefined : whole,
      chunks: bitByBit ? whole : undefined,
      trailers: [...trailers].map(([name, value]) => [name.toLowerCase(), value]),
    }
  }
  return { method, url, chunks, chunked: !hasLength, trailers, bytes, http2 }
}

/** @internal One chunk as it goes over the wire. */
export function chunkBytes(chunk: string | Uint8Array): Buffer {
  const bytes = bytesOf(chunk)
  if (bytes.byteLength === 0) return Buffer.alloc(0)
  return Buffer.concat([Buffer.from(`${bytes.byteLength.toString(16)}\r\n`), bytes, Buffer.from('\r\n')])
}

/** @internal */
export function bytesOf(chunk: string | Uint8Array): Uint8Array {
  return typeof chunk === 'string' ? Buffer.from(chunk, 'utf8') : chunk
}

function hostAndTarget(owner: string, url: string, authority: string): { host: string; target: string } {
  if (typeof url === 'string') {
    if (/^(?:\/[\x21-\xff]*|\*)$/.test(url)) return { host: authority, target: url }
    const found = /^https?:\/\/([^/?#\s]+)(\/[\x21-\xff]*)?$/.exec(url)
    if (found !== null) return { host: found[1]!, target: found[2] ?? '/' }
  }
  throw invalidOption(owner, 'url', 'a path such as "/users?page=2", or an absolute http or https url', url)
}

function isIterable(body: unknown): body is AsyncIterable<string | Uint8Array> {
  return typeof body === 'object' && body !== null && Symbol.asyncIterator in body
}

async function* none(): AsyncGenerator<Uint8Array> {}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
