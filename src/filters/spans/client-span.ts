import { type Attributes, type Link, type Span, type SpanContext, SpanStatusCode } from '@opentelemetry/api'
import type { ObservedAttempt, ObservedEndpoint } from '../../core/observer.ts'
import { addMethod, addServer, redactedQuery, shortened } from './span-attributes.ts'
import type { SpanSettings } from './span-settings.ts'

/** What is known when an attempt begins. `resent`: how often its request was sent before; 0 where it was not. */
export function clientAttributes(
  { request, endpoint }: ObservedAttempt,
  resent: number,
  settings: SpanSettings,
): Attributes {
  const attributes: Attributes = { ...whereIs(endpoint) }
  addMethod(attributes, request.method, settings)
  attributes['url.full'] = fullUrl(endpoint.url, request.path, request.query, settings)
  if (resent > 0) attributes['http.request.resend_count'] = resent
  return attributes
}

/** A hedge stands beside the attempt that is late. */
export function linksOf(attempt: ObservedAttempt, first: SpanContext | undefined): Link[] {
  return attempt.recording?.kind === 'hedge' && first !== undefined ? [{ context: first }] : []
}

/** What is known when the head of a response is there. */
export function addResponse(span: Span, { httpVersion }: ObservedAttempt, status: number): void {
  if (httpVersion !== undefined) span.setAttribute('network.protocol.version', httpVersion)
  span.setAttribute('http.response.status_code', status)
  if (status < 400) return
  span.setAttribute('error.type', String(status))
  span.setStatus({ code: SpanStatusCode.ERROR })
}

export function addFailure(span: Span, code: string): void {
  span.setAttribute('error.type', code)
  // That one of two must lose is what hedging is; were it an error, each hedged trace would be one.
  if (code !== 'hedge_lost') span.setStatus({ code: SpanStatusCode.ERROR, message: code })
}

function fullUrl(origin: string, path: string, query: string, settings: SpanSettings): string {
  const shown = settings.query === undefined || query === '' ? '' : `?${redactedQuery(query, settings.query)}`
  return `${origin}${path === '*' ? '' : shortened(path)}${shown}`
}

const PLACES = new WeakMap<ObservedEndpoint, Attributes>()

/** Of each endpoint the same, and dear to find out each time. */
function whereIs(endpoint: ObservedEndpoint): Attributes {
  let place = PLACES.get(endpoint)
  if (place === undefined) {
    place = {}
    const url = URL.parse(endpoint.url)
    if (url !== null) addServer(place, url.host, url.protocol === 'https:' ? 'https' : 'http')
    PLACES.set(endpoint, place)
  }
  return place
}
