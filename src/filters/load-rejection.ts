import { ProxyError, type ProxyErrorCode } from '../core/errors.ts'

/** The error of a request that is turned away before anything was done for it. */
export function turnedAway(
  code: Extract<ProxyErrorCode, 'circuit_open' | 'overloaded' | 'concurrency_exceeded'>,
  detail: string,
): ProxyError {
  // The answer to a 503 says by itself when to come again.
  return code === 'concurrency_exceeded'
    ? new ProxyError(code, { detail, headers: { 'Retry-After': '1' } })
    : new ProxyError(code, { detail })
}
