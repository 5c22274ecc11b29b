import type { LookupFunction } from 'node:net'

type Callback = Parameters<LookupFunction>[2]

interface WaitingLookup {
  readonly hostname: string
  readonly options: Parameters<LookupFunction>[1]
  readonly callback: Callback
}

/**
 * Looks so many names up at the same time, and has so many others wait: for names that clients choose. A name whose servers say
 * nothing takes one of the few threads that there are for seconds, and Node gives no look-up up, not even one that nobody
 * waits for any more: without a bound, a few seconds of such names would keep every look-up of the process waiting for hours.
 *
 * The one that came last goes first, since those that have waited for long have been given up; past the bound, the one that has
 * waited longest fails.
 */
export function boundedLookup(lookup: LookupFunction, atOnce: number, maxWaiting: number): LookupFunction {
  const waiting: WaitingLookup[] = []
  let running = 0
  const run = ({ hostname, options, callback }: WaitingLookup): void => {
    running++
    lookup(hostname, options, (error, address, family) => {
      running--
      const next = waiting.pop()
      if (next !== undefined) run(next)
      callback(error, address, family)
    })
  }
  return (hostname, options, callback) => {
    const one = { hostname, options, callback }
    if (running < atOnce) {
      run(one)
      return
    }
    waiting.push(one)
    if (waiting.length > maxWaiting) giveUp(waiting.shift()!)
  }
}

function giveUp({ hostname, callback }: WaitingLookup): void {
  const error = new Error(`getaddrinfo EAI_AGAIN ${hostname} (too many names are being looked up)`)
  callback(Object.assign(error, { code: 'EAI_AGAIN' }), [])
}
