import { bounded } from './bounded-text.ts'
import type { EndedBy } from './decision-record.ts'
import type { ProxyError, ProxyErrorCode } from './errors.ts'

/** What clients do. */
const BY_CLIENT: ReadonlySet<ProxyErrorCode> = new Set<ProxyErrorCode>([
  'request_malformed',
  'request_version_unsupported',
  'request_coding_unsupported',
  'client_aborted',
])

/** What services do, and what is done to them. */
const BY_UPSTREAM: ReadonlySet<ProxyErrorCode> = new Set<ProxyErrorCode>([
  'upstream_dns_failed',
  'upstream_refused',
  'upstream_unreachable',
  'upstream_tls_failed',
  'upstream_certificate_invalid',
  'upstream_reset',
  'upstream_response_malformed',
  'upstream_response_incomplete',
  'upstream_upgrade_failed',
])

/** Who acted when something ended with this error. All that is not said to be another's is a rule of the proxy's own. */
export function endedBy({ code }: ProxyError): EndedBy {
  return BY_CLIENT.has(code) ? 'client' : BY_UPSTREAM.has(code) ? 'upstream' : 'proxy'
}

/** More of an error, in words. */
export function detailText({ detail }: ProxyError): string | undefined {
  return detail === undefined ? undefined : bounded(detail)
}

/** What is behind an error. Never by a method of the thing itself, which may be anyone's. */
export function causeText({ cause }: ProxyError): string | undefined {
  if (cause === undefined) return undefined
  // Of several addresses that were tried, the first says enough; the error around them has no message.
  const one: unknown = cause instanceof AggregateError && cause.errors.length > 0 ? cause.errors[0] : cause
  // The message of a JSON parser quotes the body.
  if (one instanceof SyntaxError) return one.name
  if (one instanceof Error) return bounded(one.message === '' ? one.name : one.message)
  return typeof one === 'string' ? bounded(one) : typeof one
}
