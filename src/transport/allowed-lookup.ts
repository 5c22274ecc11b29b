import type { LookupAddress } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { clientsLookup } from './shared-lookup.ts'

/** Nothing that a host is, or stands for, may be connected to. */
export class AddressDenied extends Error {
  readonly code = 'EADDRDENIED'

  constructor(host: string) {
    super(`connect EADDRDENIED ${host}: no address of it may be connected to`)
    this.name = 'AddressDenied'
  }
}

/** Looks names up, and gives those addresses alone that may be connected to. */
export function allowedLookup(allows: (address: string) => boolean): LookupFunction {
  return (hostname, options, callback) => {
    clientsLookup(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) {
        callback(error, [])
        return
      }
      const allowed = (found as LookupAddress[]).filter(({ address }) => allows(address))
      const [first] = allowed
      if (first === undefined) callback(new AddressDenied(hostname), [])
      else if (options.all === true) callback(null, allowed)
      else callback(null, first.address, first.family)
    })
  }
}
