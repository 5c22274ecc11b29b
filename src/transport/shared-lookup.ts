import { type LookupAddress, lookup } from 'node:dns'
import type { LookupFunction } from 'node:net'

type Callback = Parameters<LookupFunction>[2]

/** Who waits for a look-up that is under way. */
const waiting = new Map<string, Callback[]>()

/**
 * Asks the name service once for all that ask the same at the same time. Node runs look-ups in a few threads, which files
 * and ciphers use too, and gives none up: a name that is not answered, asked for by every probe and request, would fill them.
 */
export const sharedLookup: LookupFunction = (hostname, options, callback) => {
  const key = JSON.stringify([hostname, options])
  const others = waiting.get(key)
  if (others !== undefined) {
    others.push(callback)
    return
  }
  const callbacks = [callback]
  waiting.set(key, callbacks)
  lookup(hostname, options, (error, address: string | LookupAddress[], family) => {
    waiting.delete(key)
    for (const one of callbacks) one(error, address, family)
  })
}
