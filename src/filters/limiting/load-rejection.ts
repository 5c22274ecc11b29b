import { ProxyError, type ProxyErrorCode } from '../../core/errors.ts'
import { withoutStack } from '../../core/without-stack.ts'

/** The error of a request that is turned away before anything was done for it. */
export function turnedAway(
  code: Extract<ProxyErrorCode, 'circuit_open' | 'overloaded' | 'concurrency_exceeded'>,
  detail: string,
  retryAfterMs = 0,
): ProxyError {
  // Whole seconds, as RFC 9110 section 10.2.3 has it; never 0, which would be an invitation to come at once.
  const seconds = Math.max(1, Math.ceil(retryAfterMs / 1_000))
  const headers = { 'Retry-After': String(seconds) }
  return withoutStack(() => new ProxyError(code, { detail, headers }))
}
