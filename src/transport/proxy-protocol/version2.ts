import type { Address, ForwardedConnection } from '../../core/network.ts'
import { plainAddress } from '../../core/plain-address.ts'
import type { ProxyHeader } from './proxy-header.ts'
import { ProxyHeaderFault } from './proxy-header-fault.ts'
import { parseTlvs } from './tlv.ts'

/** What each header begins with (section 2.2). It can begin no other protocol that is known. */
export const VERSION2_SIGNATURE: Buffer = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')

/** Up to here it says how long it is. */
export const FIXED_BYTES = 16

/** A header may say that it is up to 64 KiB long. We read up to here: addresses and common extensions take a few hundred bytes. */
export const VERSION2_BYTES = 4_096

export const COMMAND = { local: 0x20, proxy: 0x21 } as const
export const FAMILY = { unspecified: 0x00, tcp4: 0x11, tcp6: 0x21, unixStream: 0x31 } as const

/** Bytes of both addresses and ports. */
export const ADDRESS_BYTES: ReadonlyMap<number, number> = new Map([
  [FAMILY.unspecified, 0],
  [FAMILY.tcp4, 12],
  [FAMILY.tcp6, 36],
  [FAMILY.unixStream, 216],
])

/** Reads a header in binary form. */
export function parseVersion2(bytes: Buffer): ProxyHeader | undefined {
  const looked = Math.min(bytes.length, VERSION2_SIGNATURE.length)
  for (let i = 0; i < looked; i++)
    if (bytes[i] !== VERSION2_SIGNATURE[i]) throw new ProxyHeaderFault('a signature that breaks off')
  if (bytes.length <= 12) return undefined
  const command = bytes[12]!
  if (command !== COMMAND.local && command !== COMMAND.proxy)
    throw new ProxyHeaderFault('a version or command that is unknown')
  if (bytes.length <= 13) return undefined
  const family = bytes[13]!
  const addressBytes = ADDRESS_BYTES.get(family)
  // Of a connection of the proxy's own (a health check) the family means nothing.
  if (addressBytes === undefined && command === COMMAND.proxy)
    throw new ProxyHeaderFault('a family or protocol that carries no stream')
  if (bytes.length < FIXED_BYTES) return undefined
  const end = FIXED_BYTES + bytes.readUInt16BE(14)
  if (end > VERSION2_BYTES) throw new ProxyHeaderFault(`a header of more than ${VERSION2_BYTES} bytes`)
  if (command === COMMAND.proxy && end - FIXED_BYTES < addressBytes!)
    throw new ProxyHeaderFault('a header that is too short for its addresses')
  if (bytes.length < end) return undefined
  if (command === COMMAND.local) return { forwarded: undefined, end }
  const extensions = parseTlvs(bytes.subarray(0, end), FIXED_BYTES + addressBytes!)
  const places = placesOf(bytes, family)
  return { forwarded: places && { ...places, ...extensions }, end }
}

type Places = Pick<ForwardedConnection, 'source' | 'destination'>

/** Who has connected to whom, as far as they have addresses on a network. */
function placesOf(bytes: Buffer, family: number): Places | undefined {
  const at = FIXED_BYTES
  switch (family) {
    case FAMILY.tcp4:
      return {
        source: place(ipv4(bytes, at), bytes.readUInt16BE(at + 8)),
        destination: place(ipv4(bytes, at + 4), bytes.readUInt16BE(at + 10)),
      }
    case FAMILY.tcp6:
      return {
        source: place(ipv6(bytes, at), bytes.readUInt16BE(at + 32)),
        destination: place(ipv6(bytes, at + 16), bytes.readUInt16BE(at + 34)),
      }
    default:
      return undefined
  }
}

function place(address: string, port: number): Address {
  return { address: plainAddress(address), port }
}

function ipv4(bytes: Buffer, at: number): string {
  return bytes.subarray(at, at + 4).join('.')
}

/** In the form of RFC 5952. */
function ipv6(bytes: Buffer, at: number): string {
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(at + 2 * i))
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff
  if (isMapped) return `::ffff:${ipv4(bytes, at + 12)}`
  // The url parser writes the shortest form of an address.
  return new URL(`http://[${groups.map((group) => group.toString(16)).join(':')}]`).hostname.slice(1, -1)
}
