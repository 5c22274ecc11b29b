import { ProxyError, type ProxyErrorCode } from '../core/errors.ts'

/**
 * The error of a request that is turned away before anything was done for it.
 *
 * It has no stack: that would always be this one, and to collect it costs more than all else that is done for such a
 * request, at the very time when there are too many of them.
 */
export function turnedAway(
  code: Extract<ProxyErrorCode, 'circuit_open' | 'overloaded' | 'concurrency_exceeded'>,
  detail: string,
): ProxyError {
  const { stackTraceLimit } = Error
  // Where it cannot be written, there is a stack.
  Reflect.set(Error, 'stackTraceLimit', 0)
  try {
    // The answer to a 503 says by itself when to come again.
    return code === 'concurrency_exceeded'
      ? new ProxyError(code, { detail, headers: { 'Retry-After': '1' } })
      : new ProxyError(code, { detail })
  } finally {
    Reflect.set(Error, 'stackTraceLimit', stackTraceLimit)
  }
}
