import { ProxyError, type ProxyErrorCode } from '../../core/errors.ts'

/**
 * The error of a request that is turned away before anything was done for it.
 *
 * It has no stack: that would always be this one, and to collect it costs more than all else that is done for such a
 * request, at the very time when there are too many of them.
 */
export function turnedAway(
  code: Extract<ProxyErrorCode, 'circuit_open' | 'overloaded' | 'concurrency_exceeded'>,
  detail: string,
  retryAfterMs = 0,
): ProxyError {
  const { stackTraceLimit } = Error
  // Where it cannot be written, there is a stack.
  Reflect.set(Error, 'stackTraceLimit', 0)
  try {
    // Whole seconds, as RFC 9110 section 10.2.3 has it; never 0, which would be an invitation to come at once.
    const seconds = Math.max(1, Math.ceil(retryAfterMs / 1_000))
    return new ProxyError(code, { detail, headers: { 'Retry-After': String(seconds) } })
  } finally {
    Reflect.set(Error, 'stackTraceLimit', stackTraceLimit)
  }
}
