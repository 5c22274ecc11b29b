import { HeaderList } from './headers.ts'
import { invalidOption } from './options.ts'

/**
 * The one table of what can go wrong. The errors page, the metric label, the access-log reason, the status and
 * the `Proxy-Status` token (RFC 9209 section 2.3) are all read from here.
 */
const TABLE: Readonly<Record<ProxyErrorCode, ProxyErrorRow>> = {
  request_malformed: row('downstream', 400, 'never', 'http_request_error', 'The request is malformed'),
  request_target_too_long: row(
    'downstream',
    414,
    'never',
    'http_request_error',
    'The request target is too long',
  ),
  request_head_too_large: row(
    'downstream',
    431,
    'never',
    'http_request_error',
    'The request head is too large',
  ),
  request_body_too_large: row(
    'downstream',
    413,
    'never',
    'http_request_error',
    'The request body is too large',
  ),
  request_head_timeout: row(
    'downstream',
    408,
    'never',
    'http_request_error',
    'The request head did not arrive in time',
  ),
  request_body_timeout: row(
    'downstream',
    408,
    'never',
    'http_request_error',
    'The request body did not arrive in time',
  ),
  request_version_unsupported: row(
    'downstream',
    505,
    'never',
    'http_request_error',
    'The HTTP version is not supported',
  ),
  request_coding_unsupported: row(
    'downstream',
    501,
    'never',
    'http_request_error',
    'The transfer coding is not supported',
  ),
  method_not_implemented: row(
    'downstream',
    501,
    'never',
    'http_request_error',
    'The method is not implemented',
  ),
  expectation_failed: row('downstream', 417, 'never', 'http_request_error', 'The expectation cannot be met'),
  client_aborted: row(
    'downstream',
    499,
    'never',
    undefined,
    'The client left before the response was complete',
  ),
  client_stalled: row('downstream', 499, 'never', undefined, 'The client stopped reading the response'),
  destination_denied: row(
    'downstream',
    403,
    'never',
    'destination_ip_prohibited',
    'The proxy does not connect to this destination',
  ),
  concurrency_exceeded: row(
    'downstream',
    429,
    'always',
    'http_request_denied',
    'The client has too many requests under way',
  ),
  unauthenticated: row(
    'downstream',
    401,
    'always',
    'http_request_denied',
    'The request needs valid credentials',
  ),
  access_denied: row('downstream', 403, 'always', 'http_request_denied', 'The request is not allowed'),
  rate_limited: row('downstream', 429, 'always', 'http_request_denied', 'Too many requests'),
  request_content_unsupported: row(
    'downstream',
    415,
    'never',
    'http_request_error',
    "The type or the coding of the request's content is not supported",
  ),
  request_content_invalid: row(
    'downstream',
    422,
    'never',
    'http_request_error',
    "The request's content is not as it must be",
  ),

  route_not_found: row('proxy', 404, 'never', undefined, 'Nothing is served at this address'),
  method_not_allowed: row('proxy', 405, 'never', undefined, 'The method is not allowed at this address'),
  loop_detected: row(
    'proxy',
    508,
    'never',
    'proxy_loop_detected',
    'The request came back to the proxy that sent it',
  ),
  tunnel_timeout: row(
    'proxy',
    504,
    'never',
    'connection_read_timeout',
    'Nothing went through the tunnel for too long',
  ),
  internal_error: row('proxy', 500, 'never', 'proxy_internal_error', 'The proxy failed'),
  exchange_aborted: row('proxy', 503, 'never', 'proxy_internal_response', 'The proxy gave the request up'),
  proxy_closed: row('proxy', 503, 'always', 'destination_unavailable', 'The proxy is shutting down'),
  hedge_lost: row(
    'proxy',
    503,
    'never',
    'proxy_internal_response',
    'Another attempt at the same request has answered first',
  ),
  endpoint_drained: row(
    'proxy',
    503,
    'idempotent',
    'connection_terminated',
    'The service was taken out of use before it had answered',
  ),
  circuit_open: row(
    'proxy',
    503,
    'always',
    'destination_unavailable',
    'The service has failed too often lately and is left alone',
  ),
  overloaded: row('proxy', 503, 'always', 'connection_limit_reached', 'Too many requests are under way'),
  identity_unavailable: row(
    'proxy',
    503,
    'always',
    'destination_unavailable',
    'Credentials cannot be checked at the moment',
  ),
  limiter_unavailable: row(
    'proxy',
    503,
    'always',
    'destination_unavailable',
    'Limits cannot be checked at the moment',
  ),
  nothing_stored: row(
    'downstream',
    504,
    'never',
    undefined,
    'Only a stored response was wanted, and none may be used',
  ),
  fault_injected: row('proxy', 503, 'always', 'proxy_internal_response', 'The proxy fails on purpose'),

  no_endpoint: row('upstream', 503, 'always', 'destination_unavailable', 'No endpoint can serve the request'),
  pool_queue_full: row(
    'upstream',
    503,
    'always',
    'connection_limit_reached',
    'Too many requests are waiting',
  ),
  pool_queue_timeout: row(
    'upstream',
    503,
    'always',
    'connection_limit_reached',
    'The request waited too long for a connection',
  ),
  upstream_dns_failed: row('upstream', 502, 'always', 'dns_error', "The service's name cannot be resolved"),
  upstream_refused: row(
    'upstream',
    502,
    'always',
    'connection_refused',
    'The service refused the connection',
  ),
  upstream_unreachable: row(
    'upstream',
    502,
    'always',
    'destination_ip_unroutable',
    'The service cannot be reached',
  ),
  upstream_connect_timeout: row(
    'upstream',
    504,
    'always',
    'connection_timeout',
    'The service did not accept the connection in time',
  ),
  upstream_tls_timeout: row(
    'upstream',
    504,
    'always',
    'connection_timeout',
    'No secure connection to the service was made in time',
  ),
  upstream_tls_failed: row(
    'upstream',
    502,
    'always',
    'tls_protocol_error',
    'No secure connection to the service could be made',
  ),
  upstream_certificate_invalid: row(
    'upstream',
    502,
    'always',
    'tls_certificate_error',
    "The service's certificate was not accepted",
  ),
  upstream_reset: row(
    'upstream',
    502,
    'idempotent',
    'connection_terminated',
    'The service closed the connection without an answer',
  ),
  upstream_stream_refused: row(
    'upstream',
    503,
    'always',
    'destination_unavailable',
    'The service did not take the request',
  ),
  upstream_head_timeout: row(
    'upstream',
    504,
    'idempotent',
    'http_response_timeout',
    'The service did not answer in time',
  ),
  upstream_attempt_timeout: row(
    'upstream',
    504,
    'idempotent',
    'http_response_timeout',
    'The service did not answer within the time of one attempt',
  ),
  upstream_deadline: row(
    'upstream',
    504,
    'idempotent',
    'http_response_timeout',
    'The service did not answer within the time that all attempts have together',
  ),
  upstream_head_too_large: row(
    'upstream',
    502,
    'never',
    'http_response_header_section_size',
    "The head of the service's answer is too large",
  ),
  upstream_response_malformed: row(
    'upstream',
    502,
    'never',
    'http_protocol_error',
    'The answer of the service is malformed',
  ),
  upstream_response_incomplete: row(
    'upstream',
    502,
    'never',
    'http_response_incomplete',
    'The answer of the service broke off',
  ),
  upstream_body_timeout: row(
    'upstream',
    504,
    'never',
    'connection_read_timeout',
    'The answer of the service stalled',
  ),
  upstream_body_too_large: row(
    'upstream',
    502,
    'never',
    'http_response_body_size',
    'The answer of the service is too large',
  ),
  upstream_upgrade_failed: row(
    'upstream',
    502,
    'never',
    'http_upgrade_failed',
    'The service switched to a protocol that was not asked for',
  ),
  upstream_write_timeout: row(
    'upstream',
    504,
    'never',
    'connection_write_timeout',
    'The service stopped reading the request',
  ),
}

type Side = 'downstream' | 'upstream' | 'proxy'
type Retry = 'always' | 'idempotent' | 'never'

/** What the table says of one code. */
export interface ProxyErrorRow {
  readonly side: Side
  readonly status: number
  readonly retry: Retry
  readonly proxyStatus: string | undefined
  readonly title: string
}

function row(
  side: Side,
  status: number,
  retry: Retry,
  proxyStatus: string | undefined,
  title: string,
): ProxyErrorRow {
  return { side, status, retry, proxyStatus, title }
}

/** Each code that a `ProxyError` can have. */
export type ProxyErrorCode =
  | 'request_malformed'
  | 'request_target_too_long'
  | 'request_head_too_large'
  | 'request_body_too_large'
  | 'request_head_timeout'
  | 'request_body_timeout'
  | 'request_version_unsupported'
  | 'request_coding_unsupported'
  | 'method_not_implemented'
  | 'expectation_failed'
  | 'client_aborted'
  | 'client_stalled'
  | 'destination_denied'
  | 'concurrency_exceeded'
  | 'unauthenticated'
  | 'access_denied'
  | 'rate_limited'
  | 'request_content_unsupported'
  | 'request_content_invalid'
  | 'route_not_found'
  | 'method_not_allowed'
  | 'loop_detected'
  | 'internal_error'
  | 'tunnel_timeout'
  | 'exchange_aborted'
  | 'proxy_closed'
  | 'hedge_lost'
  | 'endpoint_drained'
  | 'circuit_open'
  | 'overloaded'
  | 'identity_unavailable'
  | 'limiter_unavailable'
  | 'nothing_stored'
  | 'fault_injected'
  | 'no_endpoint'
  | 'pool_queue_full'
  | 'pool_queue_timeout'
  | 'upstream_dns_failed'
  | 'upstream_refused'
  | 'upstream_unreachable'
  | 'upstream_connect_timeout'
  | 'upstream_tls_timeout'
  | 'upstream_tls_failed'
  | 'upstream_certificate_invalid'
  | 'upstream_reset'
  | 'upstream_stream_refused'
  | 'upstream_head_timeout'
  | 'upstream_attempt_timeout'
  | 'upstream_deadline'
  | 'upstream_head_too_large'
  | 'upstream_response_malformed'
  | 'upstream_response_incomplete'
  | 'upstream_body_timeout'
  | 'upstream_body_too_large'
  | 'upstream_upgrade_failed'
  | 'upstream_write_timeout'

/** How much of a request had gone to the upstream, or come back, when it failed. */
export type Sent = 'none' | 'head' | 'body' | 'response'

export interface ProxyErrorOptions {
  /** One sentence for the client. It must hold no internals: no addresses, no stack. */
  detail?: string
  /** What had been sent when it failed. Default `'none'`. */
  sent?: Sent
  /** Fields that the answer must have, `Allow` for example. */
  headers?: Readonly<Record<string, string>>
  /** Further members of the problem document (RFC 9457 section 3.2), where the fault is the client's. They must hold no internals. */
  members?: Readonly<Record<string, unknown>>
  /** What made it fail, for logs. Clients never see it. */
  cause?: unknown
}

/**
 * Why an exchange failed: the only kind of error the engine rejects with.
 *
 * `side` says whose fault it was, `status` what the client is answered, `retry` whether another attempt is safe
 * (`always`: the upstream saw nothing of it; `idempotent`: only if the method is; `never`), `sent` how far it got.
 */
export class ProxyError extends Error {
  /** Which row of the table it is: for logs, metrics, and code that decides by it. */
  readonly code: ProxyErrorCode
  /** One sentence that says more. Clients see it where the fault is theirs. */
  readonly detail: string | undefined
  /** How far the request had got when it failed. */
  readonly sent: Sent
  /** Fields of the answer that belong to the error, `Allow` for example. */
  readonly headers: HeaderList | undefined
  /** Further members of the problem document. Clients see them where the fault is theirs. */
  readonly members: Readonly<Record<string, unknown>> | undefined

  constructor(
    code: ProxyErrorCode,
    { detail, sent = 'none', headers, members, cause }: ProxyErrorOptions = {},
  ) {
    if (TABLE[code] === undefined)
      throw invalidOption('ProxyError', 'code', 'one of PROXY_ERRORS, the table of docs/errors.md', code)
    super(
      detail === undefined ? TABLE[code].title : `${TABLE[code].title}: ${detail}`,
      cause === undefined ? undefined : { cause },
    )
    this.name = 'ProxyError'
    this.code = code
    this.detail = detail
    this.sent = sent
    // A value that no head can hold must not come to light while the answer is being made.
    this.headers = headers === undefined ? undefined : HeaderList.from(headers)
    this.members = members
  }

  /** Whose fault it was: `downstream` (the client's), `upstream` (the service's) or `proxy`. */
  get side(): Side {
    return TABLE[this.code].side
  }

  /** What the client is answered, from 400 to 599. 499 is for logs alone: there is nobody left to answer. */
  get status(): number {
    return TABLE[this.code].status
  }

  /** Whether another attempt is safe: `always`, `idempotent` (if the method is), or `never`. */
  get retry(): Retry {
    return TABLE[this.code].retry
  }

  /** The error token of RFC 9209, where one fits. */
  get proxyStatus(): string | undefined {
    return TABLE[this.code].proxyStatus
  }

  /** The error in a few words, without anything of the one request. */
  get title(): string {
    return TABLE[this.code].title
  }
}

/** The table, for documentation, metrics and tests. */
export const PROXY_ERRORS: Readonly<Record<ProxyErrorCode, ProxyErrorRow>> = TABLE

/** Anything thrown, as a `ProxyError`: what is not one already becomes `internal_error` with the thing as its cause. */
export function toProxyError(thrown: unknown): ProxyError {
  return thrown instanceof ProxyError ? thrown : new ProxyError('internal_error', { cause: thrown })
}

/** Why a side of a tunnel is gone: what the proxy itself has closed it for, or else `code`. */
export function tunnelLost(code: ProxyErrorCode, cause: Error): ProxyError {
  return cause instanceof ProxyError ? cause : new ProxyError(code, { sent: 'response', cause })
}
