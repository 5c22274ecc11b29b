import { isIPv4 } from 'node:net'

/** An IPv4 address that a dual-stack socket shows as IPv6 is the IPv4 address. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && isIPv4(address.slice(7)) ? address.slice(7) : address
}
