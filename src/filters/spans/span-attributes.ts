import type { Attributes } from '@opentelemetry/api'
import type { HeaderList } from '../../core/headers.ts'
import type { SpanSettings } from './span-settings.ts'

/** Longer texts of clients are cut: spans wait in memory until they are sent. */
const MAX_LENGTH = 1_024
const MAX_LINES = 8
const REDACTED = 'REDACTED'
const DEFAULT_PORTS = { http: 80, https: 443 } as const

/** The method as the conventions have it: one that is not known makes no name of its own. */
export function addMethod(attributes: Attributes, method: string, { methods }: SpanSettings): void {
  const known = methods.has(method)
  attributes['http.request.method'] = known ? method : '_OTHER'
  if (!known) attributes['http.request.method_original'] = shortened(method)
}

/** The name of a span, before and behind the routing. */
export function spanName(method: string, target: string | undefined, { methods }: SpanSettings): string {
  const name = methods.has(method) ? method : 'HTTP'
  return target === undefined ? name : `${name} ${target}`
}

/** Name and port of a server, as a `Host` or the authority of a URL has them. */
export function addServer(attributes: Attributes, host: string, scheme: 'http' | 'https'): void {
  if (host === '') return
  // In brackets, there are colons of another kind.
  const colon = host.indexOf(':', host.lastIndexOf(']') + 1)
  const name = colon < 0 ? host : host.slice(0, colon)
  attributes['server.address'] = name.startsWith('[') ? name.slice(1, -1) : name
  attributes['server.port'] = (colon < 0 ? 0 : Number(host.slice(colon + 1))) || DEFAULT_PORTS[scheme]
}

/** The lines of fields that the user wants to see, as `http.request.header.<name>` and its like. */
export function addHeaders(
  attributes: Attributes,
  side: 'request' | 'response',
  headers: HeaderList,
  names: readonly string[],
): void {
  for (const name of names) {
    const lines = headers.getAll(name)
    if (lines.length > 0) attributes[`http.${side}.header.${name}`] = lines.slice(0, MAX_LINES).map(shortened)
  }
}

/** A query with only those values that may be shown. A part without a name may be a secret as a whole. */
export function redactedQuery(query: string, shown: ReadonlySet<string>): string {
  const parts = shortened(query)
    .split('&')
    .map((part) => {
      const equals = part.indexOf('=')
      if (equals < 0) return part === '' || shown.has(part) ? part : REDACTED
      const name = part.slice(0, equals)
      return shown.has(name) ? part : `${name}=${REDACTED}`
    })
  return parts.join('&')
}

export function shortened(text: string): string {
  return text.length > MAX_LENGTH ? text.slice(0, MAX_LENGTH) : text
}
