import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import { type HeadLimits, parseRequestHead, type RequestHead } from '../transport/http1/request-head.ts'
import { malformed, SyntaxFault } from '../transport/http1/syntax.ts'
import { isSameHost } from '../transport/http2/message-rules.ts'

/** A request that a server of Node's has read: over HTTP/1, or by the compatible API of `node:http2`. */
export type NodeRequest = IncomingMessage | Http2ServerRequest

export function isHttp2(request: NodeRequest): request is Http2ServerRequest {
  // Over HTTP/1, Node also reads requests that call themselves HTTP/2.0.
  return request.httpVersionMajor === 2 && 'stream' in request
}

/**
 * The head of a request, read again by the parser of our own listeners: what Node has let through, or another middleware has
 * written since, has to pass the same rules as what comes to them. Throws a `SyntaxFault`.
 */
export function nodeRequestHead(request: NodeRequest, limits: HeadLimits): RequestHead {
  const bytes = headBytes(request)
  const head = parseRequestHead(bytes, 0, bytes.length, limits)
  // What is whole and not complete is longer than the limit.
  if (head === undefined) throw new SyntaxFault('too-large', `a head of more than ${limits.headBytes} bytes`)
  return head
}

/** The head as it would have come over HTTP/1. */
export function headBytes(request: NodeRequest): Buffer {
  // What HTTP/2 says is said in the same words. Node reads HTTP/0.9, too.
  const version = isHttp2(request) ? '1.1' : request.httpVersion
  let text = `${checked(request.method ?? '')} ${checked(request.url ?? '')} HTTP/${version}\r\n`
  for (const [name, value] of fieldLines(request)) text += `${checked(name)}: ${checked(value)}\r\n`
  return Buffer.from(`${text}\r\n`, 'latin1')
}

/** What would end a line, or is no octet: cut down to one, it might be anything. */
const NOT_ON_A_LINE = /[\r\n\u0100-\uffff]/

function checked(text: string): string {
  if (NOT_ON_A_LINE.test(text)) throw malformed('a line break, or a character that is no octet')
  return text
}

/** What the message is framed by, and what the connection is about: Node has acted on it as it came. */
const AS_IT_CAME = new Set(['content-length', 'transfer-encoding', 'connection', 'upgrade', 'te', 'expect'])

/** The field lines as they came, but for what other middleware has set, changed or deleted in `headers`. */
function fieldLines(request: NodeRequest): [name: string, value: string][] {
  const { headers } = request
  const raw = rawLines(request)
  const lines: [string, string][] = []
  const done = new Set<string>()
  for (const [name, value] of raw) {
    const lower = name.toLowerCase()
    if (AS_IT_CAME.has(lower)) lines.push([name, value])
    else if (!done.has(lower)) {
      done.add(lower)
      const came = raw.filter(([it]) => it.toLowerCase() === lower)
      const now = Object.hasOwn(headers, lower) ? headers[lower] : undefined
      if (isSame(now, came)) lines.push(...came)
      else lines.push(...linesOf(name, now))
    }
  }
  for (const [name, value] of Object.entries(headers)) {
    const lower = name.toLowerCase()
    if (!done.has(lower) && !AS_IT_CAME.has(lower) && !name.startsWith(':'))
      lines.push(...linesOf(name, value))
  }
  return lines
}

function rawLines(request: NodeRequest): [name: string, value: string][] {
  const { rawHeaders } = request
  const lines: [string, string][] = []
  const pseudo = new Map<string, string>()
  let host: string | undefined
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!
    const value = rawHeaders[i + 1]!
    if (name.startsWith(':')) pseudo.set(name, value)
    else {
      if (name.toLowerCase() === 'host') host = value
      lines.push([name, value])
    }
  }
  if (!isHttp2(request)) return lines
  if (host === undefined) {
    const { authority } = request
    // The authority counts as the host (RFC 9113 section 8.3.1), and Node shows it where there is a Host beside it, too.
    request.headers.host ??= authority
    lines.unshift(['Host', request.headers.host])
  } else {
    const authority = pseudo.get(':authority')
    if (authority !== undefined && !isSameHost(host, authority, pseudo.get(':scheme')))
      throw malformed('a Host that differs from :authority')
  }
  return lines
}

/** Whether a value is what Node makes of these lines: it joins some, and of others keeps the first. */
function isSame(
  now: string | readonly string[] | undefined,
  came: readonly (readonly [string, string])[],
): boolean {
  const values = came.map(([, value]) => value)
  if (typeof now !== 'string')
    return now !== undefined && now.length === values.length && now.every((it, i) => it === values[i])
  return now === values[0] || now === values.join(', ') || now === values.join('; ')
}

function linesOf(name: string, value: string | readonly string[] | undefined): [string, string][] {
  if (value === undefined) return []
  return [value].flat().map((it) => [name, String(it)])
}
