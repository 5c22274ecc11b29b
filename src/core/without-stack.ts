/**
 * Makes an error that has no stack. For those of requests that are turned away before anything was done for them: their stack
 * would always be the same, and to collect it costs more than all else that is done for such a request, at the very time when
 * there are too many of them.
 */
export function withoutStack<E extends Error>(make: () => E): E {
  const { stackTraceLimit } = Error
  // Where it cannot be written, there is a stack.
  Reflect.set(Error, 'stackTraceLimit', 0)
  try {
    return make()
  } finally {
    Reflect.set(Error, 'stackTraceLimit', stackTraceLimit)
  }
}
