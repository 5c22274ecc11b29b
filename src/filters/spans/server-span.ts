import { type Attributes, type Span, SpanStatusCode } from '@opentelemetry/api'
import type { Exchange, Outcome, RouteInfo } from '../../core/exchange.ts'
import { addHeaders, addMethod, addServer, redactedQuery, shortened, spanName } from './span-attributes.ts'
import type { SpanSettings } from './span-settings.ts'

/** What is known when a request has come. Samplers go by it, so it is there from the begin. */
export function serverAttributes(exchange: Exchange, settings: SpanSettings): Attributes {
  const { request, client } = exchange
  const attributes: Attributes = {}
  addMethod(attributes, request.method, settings)
  attributes['url.scheme'] = client.scheme
  if (request.method !== 'CONNECT') attributes['url.path'] = shortened(request.path)
  if (settings.query !== undefined && request.query !== '')
    attributes['url.query'] = redactedQuery(request.query, settings.query)
  addServer(attributes, client.forwarding.host ?? request.host, client.scheme)
  if (client.address !== '') attributes['client.address'] = client.address
  return attributes
}

/** The rest of it, for a span that is recorded. */
export function addClient(span: Span, { request, client }: Exchange, settings: SpanSettings): void {
  const attributes: Attributes = { 'network.protocol.version': request.version }
  const { peer } = client
  if (peer.address !== '') {
    attributes['network.peer.address'] = peer.address
    attributes['network.peer.port'] = peer.port
  }
  const userAgent = request.headers.get('user-agent')
  if (userAgent !== undefined) attributes['user_agent.original'] = shortened(userAgent)
  addHeaders(attributes, 'request', request.headers, settings.requestHeaders)
  span.setAttributes(attributes)
}

/** What is known when the last byte is sent, or the exchange was given up. */
export function addOutcome(
  span: Span,
  method: string,
  { route }: Exchange,
  outcome: Outcome,
  settings: SpanSettings,
): void {
  const { status, error, result } = outcome
  const attributes: Attributes = {}
  if (route !== undefined) {
    const path = routePath(route)
    attributes['http.route'] = path
    span.updateName(spanName(method, path, settings))
  }
  if (status !== undefined) attributes['http.response.status_code'] = status
  const type = error?.code ?? (status !== undefined && status >= 500 ? String(status) : undefined)
  if (type !== undefined) attributes['error.type'] = type
  span.setAttributes(attributes)
  // Of a refusal, the client is to blame: with 4xx the status stays unset, though a code says why.
  const wasRefused = result === 'completed' && status !== undefined && status < 500
  if (type === undefined || wasRefused) return
  // A description says only what the status code does not.
  span.setStatus(
    error === undefined
      ? { code: SpanStatusCode.ERROR }
      : { code: SpanStatusCode.ERROR, message: shortened(error.message) },
  )
}

/** As `http.route` has it. */
export function routePath({ name, path = name }: RouteInfo): string {
  return shortened(path)
}
