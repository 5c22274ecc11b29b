import { type LookupAddress, lookup } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { boundedLookup } from './bounded-lookup.ts'

type Callback = Parameters<LookupFunction>[2]

/** libuv looks up half as many names at once as it has threads. One is left to the names of pools, where there are more than two. */
const AT_ONCE = Math.max(2, Math.ceil(Number(process.env.UV_THREADPOOL_SIZE ?? 4) / 2) - 1 || 0)
/** About as many as can still be looked up before those who wait give up. */
const MAX_WAITING = 1_000

/**
 * Asks the name service once for all that ask the same at the same time. Node runs look-ups in a few threads, which files
 * and ciphers use too, and gives none up: a name that is not answered, asked for by every probe and request, would fill them.
 */
export const sharedLookup: LookupFunction = shared(lookup as LookupFunction)

/** The same for names that clients choose, of which few are looked up at once. */
export const clientsLookup: LookupFunction = shared(
  boundedLookup(lookup as LookupFunction, AT_ONCE, MAX_WAITING),
)

function shared(ask: LookupFunction): LookupFunction {
  /** Who waits for a look-up that is under way. */
  const waiting = new Map<string, Callback[]>()
  return (hostname, options, callback) => {
    const key = JSON.stringify([hostname, options])
    const others = waiting.get(key)
    if (others !== undefined) {
      others.push(callback)
      return
    }
    const callbacks = [callback]
    waiting.set(key, callbacks)
    ask(hostname, options, (error, address: string | LookupAddress[], family) => {
      waiting.delete(key)
      for (const one of callbacks) one(error, address, family)
    })
  }
}
