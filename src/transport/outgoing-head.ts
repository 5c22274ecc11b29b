import { ProxyError } from '../core/errors.ts'
import { type Client, NOBODY } from '../core/exchange.ts'
import { FieldKind } from '../core/field-name.ts'
import type { HeaderList } from '../core/headers.ts'
import type { RequestMessage } from '../core/message.ts'
import { forwardedNode } from './client-resolver.ts'
import type { Framing } from './framing.ts'
import { REQUEST_DROPPED } from './http1/head-writer.ts'

/** What a pool tells its endpoints about the client and about itself. */
export interface OutgoingPolicy {
  /** The `Host` that the endpoint sees; `undefined` passes on what the client asked for. */
  readonly host: string | undefined
  /** The endpoint's own host and port: what is sent when the client named none. */
  readonly authority: string
  /** `X-Forwarded-For`, `-Proto`, `-Host` and `-Port`. */
  readonly xForwarded: boolean
  /** `Forwarded` (RFC 7239). */
  readonly forwarded: boolean
  /** The pseudonym in `Via` (RFC 9110 section 7.6.3); `undefined` sends none. */
  readonly via: string | undefined
  /** Asks the endpoint to close the connection behind its response. */
  readonly close?: boolean
}

/** A request that has passed this proxy so often is going round in circles. */
const MAX_PASSES = 10

/**
 * The head of a request as it goes to an endpoint, written from parsed fields alone. `websocketKey` is of our own making, for
 * a client that has none.
 */
export function requestHead(
  request: RequestMessage,
  client: Client,
  policy: OutgoingPolicy,
  framing: Framing,
  length: number | undefined,
  websocketKey?: string,
): string {
  const { headers } = request
  const host = outgoingHost(request, policy)
  let head = `${request.method} ${request.target} HTTP/1.1\r\nHost: ${host}\r\n${headers.lines(REQUEST_DROPPED)}`
  if (policy.xForwarded && client !== NOBODY) head += xForwardedLines(request, client)
  if (policy.forwarded && client !== NOBODY) head += `Forwarded: ${forwarded(request, client)}\r\n`
  if (policy.via !== undefined) {
    head +=
      request.version === '1.1' ? `Via: 1.1 ${policy.via}\r\n` : `Via: ${request.version} ${policy.via}\r\n`
  }
  if (framing === 'length') head += `Content-Length: ${length ?? 0}\r\n`
  else if (framing === 'chunked') head += 'Transfer-Encoding: chunked\r\n'
  const upgrade = allowedUpgrade(request.upgrade)
  if (upgrade !== undefined) {
    head += `Upgrade: ${upgrade}\r\n`
    if (websocketKey !== undefined) head += `Sec-WebSocket-Key: ${websocketKey}\r\n`
    head += request.acceptsTrailers
      ? 'TE: trailers\r\nConnection: Upgrade, TE\r\n'
      : 'Connection: Upgrade\r\n'
  } else if (request.acceptsTrailers) head += 'TE: trailers\r\nConnection: TE\r\n'
  else if (policy.close === true) head += 'Connection: close\r\n'
  return `${head}\r\n`
}

/** The fields that the proxy adds to a request over HTTP/2, in the order of `requestHead`. Names are in lower case. */
export function writeProxyFields(
  request: RequestMessage,
  client: Client,
  policy: OutgoingPolicy,
  write: (name: string, value: string) => void,
): void {
  if (policy.xForwarded && client !== NOBODY) {
    const { forwarding, scheme } = client
    const host = forwarding.host ?? request.host
    write('x-forwarded-for', forwardedFor(client))
    write('x-forwarded-proto', scheme)
    if (host !== '') write('x-forwarded-host', host)
    write('x-forwarded-port', String(forwarding.port ?? client.localPort))
  }
  if (policy.forwarded && client !== NOBODY) write('forwarded', forwarded(request, client))
  if (policy.via !== undefined) write('via', `${request.version} ${policy.via}`)
}

/** The host that the endpoint is asked for. */
export function outgoingHost({ host }: RequestMessage, policy: OutgoingPolicy): string {
  return policy.host ?? (host === '' ? policy.authority : host)
}

function xForwardedLines(request: RequestMessage, client: Client): string {
  const { forwarding, scheme, localPort } = client
  const host = forwarding.host ?? request.host
  const hostLine = host === '' ? '' : `X-Forwarded-Host: ${host}\r\n`
  return `X-Forwarded-For: ${forwardedFor(client)}\r\nX-Forwarded-Proto: ${scheme}\r\n${hostLine}X-Forwarded-Port: ${forwarding.port ?? localPort}\r\n`
}

function forwardedFor({ peer, forwarding }: Client): string {
  return forwarding.forwardedFor === undefined ? peer.address : `${forwarding.forwardedFor}, ${peer.address}`
}

function forwarded(request: RequestMessage, { peer, scheme, forwarding }: Client): string {
  const host = request.host === '' ? '' : `;host="${request.host}"`
  const own = `${forwardedNode(peer.address)}${host};proto=${scheme}`
  return forwarding.forwarded === undefined ? own : `${forwarding.forwarded}, ${own}`
}

/** Throws `loop_detected` for a request that goes round in circles. */
export function refuseLoop(headers: HeaderList, pseudonym: string): void {
  if (!headers.hasKind(FieldKind.via)) return
  const { fields, values } = headers
  let passes = 0
  for (let i = 0; i < fields.length; i++) {
    if (fields[i]!.kind !== FieldKind.via) continue
    for (const element of values[i]!.split(',')) if (element.trim().split(/[\t ]+/)[1] === pseudonym) passes++
  }
  if (passes >= MAX_PASSES) throw new ProxyError('loop_detected')
}

/** An upgrade to HTTP/2 would carry requests past every filter (as "h2c smuggling" does), so it is not offered on. */
export function allowedUpgrade(upgrade: string | undefined): string | undefined {
  if (upgrade === undefined) return undefined
  const kept = upgrade
    .split(',')
    .map((protocol) => protocol.trim())
    .filter((protocol) => protocol !== '' && !/^(?:h2c?|tls|http)(?:$|[/\d])/i.test(protocol))
  return kept.length === 0 ? undefined : kept.join(', ')
}
