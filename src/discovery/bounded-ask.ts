import type { Clock } from '../core/clock.ts'

/** Asks for something, and rejects when there is no answer in time, or when the signal aborts: then what was asked is told. */
export function boundedAsk<T>(
  ask: (signal: AbortSignal) => Promise<T>,
  what: string,
  limitMs: number,
  signal: AbortSignal,
  clock: Clock,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const controller = new AbortController()
    const end = (): void => {
      timer.clear()
      signal.removeEventListener('abort', onAbort)
    }
    const giveUp = (why: string): void => {
      end()
      reject(new Error(why))
      controller.abort()
    }
    const onAbort = (): void => giveUp(`${what}: given up`)
    const timer = clock.setTimeout(() => giveUp(`${what}: no answer within ${limitMs} ms`), limitMs)
    signal.addEventListener('abort', onAbort)
    if (signal.aborted) {
      onAbort()
      return
    }
    // In a step of its own, so that what throws at the call rejects.
    Promise.resolve()
      .then(() => {
        // Given up before it was begun.
        controller.signal.throwIfAborted()
        return ask(controller.signal)
      })
      .finally(end)
      .then(resolve, reject)
  })
}
