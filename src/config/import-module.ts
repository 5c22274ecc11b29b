import { type Clock, systemClock } from '../core/clock.ts'

/** For what code waits for before it can be used: a connection to a store, say. */
const MAX_MS = 30_000

/**
 * The exports of a module of the user's. Rejects with what its code has thrown, and where it waits for something for more than
 * 30 s: a reload would wait with it, and so would all that come behind that.
 */
export async function importModule(
  url: string,
  clock: Clock = systemClock,
): Promise<Readonly<Record<string, unknown>>> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = clock.setTimeout(
    () => reject(new Error('its code still waits for something after 30 s')),
    MAX_MS,
  )
  try {
    return await Promise.race([import(url) as Promise<Record<string, unknown>>, late])
  } finally {
    timer.clear()
  }
}
