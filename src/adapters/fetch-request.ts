import type { Body } from '../core/body.ts'
import { ProxyError } from '../core/errors.ts'
import type { Exchange } from '../core/exchange.ts'
import { FieldKind } from '../core/field-name.ts'
import { writeProxyFields } from '../transport/outgoing-head.ts'

/** What a service of a pool would not be sent either, but for the fields that say whom it is asked as, and how long the body is. */
const DROPPED = FieldKind.hopByHop | FieldKind.expect | FieldKind.forwarding | FieldKind.disguised

const POLICY = { host: undefined, authority: '', xForwarded: true, forwarded: false, via: undefined }

/** The request of an exchange as the Fetch standard has it. Its body is opened when it is read. */
export function fetchRequest(exchange: Exchange): Request {
  const { request, client } = exchange
  const { method, body } = request
  // The standard forbids a `Request` of these.
  if (method === 'CONNECT' || method === 'TRACE' || method === 'TRACK')
    throw new ProxyError('method_not_implemented')
  const url = urlOf(exchange)
  const headers = new Headers()
  const { fields, values } = request.headers
  for (let i = 0; i < fields.length; i++)
    if ((fields[i]!.kind & DROPPED) === 0) headers.append(fields[i]!.wire, values[i]!)
  writeProxyFields(request, client, POLICY, (name, value) => headers.append(name, value))
  const init: RequestInit = { method, headers, signal: exchange.signal, redirect: 'manual' }
  if (body.length === 0) return new Request(url, init)
  if (method === 'GET' || method === 'HEAD') {
    body.discard()
    headers.delete('content-length')
    return new Request(url, init)
  }
  // What a filter has done to the body may have changed its length.
  if (body.length === undefined) headers.delete('content-length')
  else headers.set('content-length', String(body.length))
  return new Request(url, { ...init, body: streamOf(body), duplex: 'half' })
}

/** The target's own form for `OPTIONS *` is a URI without a path (RFC 9112 section 3.3). */
function urlOf({ request: { scheme, host, target } }: Exchange): string {
  const authority = host === '' ? 'localhost' : host
  const url = `${scheme}://${authority}${target === '*' ? '' : target}`
  if (URL.canParse(url)) return url
  throw new ProxyError('request_malformed', { detail: 'a Host that is no host of a URL' })
}

/** Reads one chunk for each that is asked for, and none before. */
function streamOf(body: Body): ReadableStream<Uint8Array> {
  let chunks: AsyncIterator<Uint8Array> | undefined
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        chunks ??= body[Symbol.asyncIterator]()
        const step = await chunks.next()
        if (step.done === true) controller.close()
        else controller.enqueue(step.value)
      },
      async cancel() {
        if (chunks === undefined) body.discard()
        else await chunks.return?.()
      },
    },
    { highWaterMark: 0 },
  )
}
