import { ProxyError } from '../core/errors.ts'

/** What it means that a connection to a service could not be made. */
export function connectError(error: Error & { code?: string }): ProxyError {
  const cause = error instanceof AggregateError ? (error.errors[0] as Error & { code?: string }) : error
  const code = cause.code ?? ''
  const options = { cause: error }
  if (code === 'EADDRDENIED') return new ProxyError('destination_denied', options)
  if (code === 'ECONNREFUSED' || code === 'ECONNRESET' || code === 'EPIPE')
    return new ProxyError('upstream_refused', options)
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN' || code === 'EAI_FAIL')
    return new ProxyError('upstream_dns_failed', options)
  if (code === 'ETIMEDOUT') return new ProxyError('upstream_connect_timeout', options)
  if (CERTIFICATE_REFUSED.test(code)) return new ProxyError('upstream_certificate_invalid', options)
  if (/^(?:ERR_SSL|ERR_TLS|EPROTO)/.test(code)) return new ProxyError('upstream_tls_failed', options)
  return new ProxyError('upstream_unreachable', options)
}

/** OpenSSL's codes for what a certificate can be refused for, Node's for codes that it does not know and for names, ours for keys. */
const CERTIFICATE_REFUSED =
  /^(?:CERT_|CRL_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|INVALID_|PATH_LENGTH_|HOSTNAME_|ERROR_IN_CERT|UNSPECIFIED|ERR_TLS_CERT)/
