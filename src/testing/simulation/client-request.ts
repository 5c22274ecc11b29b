import { HeaderList, type HeadersInit } from '../../core/headers.ts'
import { invalidOption, knownOptions } from '../../core/options.ts'

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
  /** The head, and a body that is there whole. */
  readonly bytes: Buffer
  /** The rest, where it comes bit by bit. */
  readonly chunks: AsyncIterable<string | Uint8Array> | undefined
  /** Whether each becomes a chunk: not where the test gives a length. */
  readonly chunked: boolean
  readonly trailers: HeaderList
}

const OPTIONS = ['method', 'url', 'headers', 'body', 'json', 'trailers']

/** @internal */
export function writeRequest(owner: string, request: ClientRequest, authority: string): WrittenRequest {
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
  let head = `${method} ${target} HTTP/1.1\r\n`
  if (!headers.has('host')) head += `Host: ${host}\r\n`
  if (json !== undefined && !headers.has('content-type')) head += 'Content-Type: application/json\r\n'
  head += headers.lines(0)
  if (body !== undefined && typeof body !== 'string' && !(body instanceof Uint8Array) && !isIterable(body))
    throw invalidOption(
      owner,
      'body',
      'text, bytes or chunks that come one by one; give an object as "json"',
      body,
    )
  const whole = typeof body === 'string' ? Buffer.from(body, 'utf8') : body
  const chunked = !headers.has('content-length')
  const framed = headers.has('content-length') || headers.has('transfer-encoding')
  if (whole !== undefined && !(whole instanceof Uint8Array)) {
    if (!framed) head += 'Transfer-Encoding: chunked\r\n'
    return { method, url, bytes: Buffer.from(`${head}\r\n`, 'latin1'), chunks: whole, chunked, trailers }
  }
  if (trailers.size > 0) {
    if (!framed) head += 'Transfer-Encoding: chunked\r\n'
    const chunks = whole === undefined || whole.byteLength === 0 ? none() : once(whole)
    return { method, url, bytes: Buffer.from(`${head}\r\n`, 'latin1'), chunks, chunked, trailers }
  }
  if (whole !== undefined && !framed) head += `Content-Length: ${whole.byteLength}\r\n`
  const start = Buffer.from(`${head}\r\n`, 'latin1')
  return {
    method,
    url,
    bytes: whole === undefined ? start : Buffer.concat([start, whole]),
    chunks: undefined,
    chunked,
    trailers,
  }
}

/** @internal One chunk as it goes over the wire. */
export function chunkBytes(chunk: string | Uint8Array): Buffer {
  const bytes = typeof chunk === 'string' ? Buffer.from(chunk, 'utf8') : chunk
  if (bytes.byteLength === 0) return Buffer.alloc(0)
  return Buffer.concat([Buffer.from(`${bytes.byteLength.toString(16)}\r\n`), bytes, Buffer.from('\r\n')])
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
