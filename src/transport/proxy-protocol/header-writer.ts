import { isIP } from 'node:net'
import type { Address } from '../../core/network.ts'
import { TLV } from './tlv.ts'
import { ADDRESS_BYTES, COMMAND, FAMILY, FIXED_BYTES, VERSION2_SIGNATURE } from './version2.ts'

/** Which form of the header is sent. */
export type ProxyProtocolVersion = 'v1' | 'v2'

/** Two ends of a connection. */
export interface Ends {
  readonly source: Address
  readonly destination: Address
  /** The host name that was asked for. Version 2 can say it. */
  readonly authority?: string | undefined
}

/**
 * The header that tells a service of a client's connection. `undefined`: the connection is the proxy's own, such as a probe.
 * Ends that have no addresses of a network are told to be unknown.
 */
export function proxyHeader(version: ProxyProtocolVersion, ends: Ends | undefined): Buffer {
  const same = ends && inOneFamily(ends)
  return version === 'v1' ? version1(same) : version2(same, ends)
}

type Family = 4 | 6

const NOTHING = Buffer.alloc(0)

function tlv(type: number, value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1')
  return Buffer.concat([Buffer.from([type, bytes.length >> 8, bytes.length & 0xff]), bytes])
}

function version1(ends: (Ends & { family: Family }) | undefined): Buffer {
  if (ends === undefined) return Buffer.from('PROXY UNKNOWN\r\n')
  const { source, destination, family } = ends
  return Buffer.from(
    `PROXY TCP${family} ${source.address} ${destination.address} ${source.port} ${destination.port}\r\n`,
  )
}

function version2(ends: (Ends & { family: Family }) | undefined, given: Ends | undefined): Buffer {
  const family = ends === undefined ? FAMILY.unspecified : ends.family === 4 ? FAMILY.tcp4 : FAMILY.tcp6
  const extensions = given?.authority === undefined ? NOTHING : tlv(TLV.authority, given.authority)
  const extensionsAt = FIXED_BYTES + ADDRESS_BYTES.get(family)!
  const header = Buffer.alloc(extensionsAt + extensions.length)
  extensions.copy(header, extensionsAt)
  VERSION2_SIGNATURE.copy(header)
  header[12] = given === undefined ? COMMAND.local : COMMAND.proxy
  header[13] = family
  header.writeUInt16BE(header.length - FIXED_BYTES, 14)
  if (ends === undefined) return header
  const bytesOf = ends.family === 4 ? ipv4Bytes : ipv6Bytes
  let at = FIXED_BYTES
  for (const { address } of [ends.source, ends.destination])
    for (const byte of bytesOf(address)) header[at++] = byte
  for (const { port } of [ends.source, ends.destination]) at = header.writeUInt16BE(port, at)
  return header
}

/** Both addresses in the family of the one that needs the larger; `undefined` where one is none. */
function inOneFamily({ source, destination }: Ends): (Ends & { family: Family }) | undefined {
  const families = [isIP(source.address), isIP(destination.address)]
  if (families.includes(0)) return undefined
  if (!families.includes(6)) return { source, destination, family: 4 }
  return { source: asIPv6(source), destination: asIPv6(destination), family: 6 }
}

function asIPv6({ address, port }: Address): Address {
  if (isIP(address) === 4) return { address: `::ffff:${address}`, port }
  // A zone means something only on this machine.
  return { address: address.split('%', 1)[0]!, port }
}

function ipv4Bytes(address: string): number[] {
  return address.split('.').map(Number)
}

function ipv6Bytes(address: string): number[] {
  // Two groups may be written as an IPv4 address.
  const plain = address.replace(/[\d.]+\.\d+$/, (it) => {
    const [a = 0, b = 0, c = 0, d = 0] = ipv4Bytes(it)
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`
  })
  const [head = '', tail] = plain.split('::')
  const before = groupsOf(head)
  const behind = groupsOf(tail ?? '')
  const zeros = Array.from<number>({ length: 8 - before.length - behind.length }).fill(0)
  return [...before, ...(tail === undefined ? [] : zeros), ...behind].flatMap((group) => [
    group >> 8,
    group & 0xff,
  ])
}

function groupsOf(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16))
}
