import type { ForwardedConnection } from '../../core/network.ts'
import { crc32c } from './crc32c.ts'
import { ProxyHeaderFault } from './proxy-header-fault.ts'

/** The extensions that mean something here (section 2.2). All others are passed over. */
export const TLV = { alpn: 0x01, authority: 0x02, crc32c: 0x03, uniqueId: 0x05 } as const

const CRC_BYTES = 4
/** Section 2.2.5. */
const UNIQUE_ID_BYTES = 128
/** A server's name is no longer (RFC 6066 section 3), nor is a protocol's (RFC 7301). */
const NAME_BYTES = 255

export type Extensions = Pick<ForwardedConnection, 'authority' | 'alpn' | 'uniqueId'>

/** Reads the extensions of a whole header, from a place to its end; and checks its checksum where it has one. */
export function parseTlvs(header: Buffer, from: number): Extensions {
  const found = new Map<number, Buffer>()
  let at = from
  while (at < header.length) {
    if (at + 3 > header.length) throw new ProxyHeaderFault('an extension that breaks off')
    const type = header[at]!
    const valueAt = at + 3
    const end = valueAt + header.readUInt16BE(at + 1)
    if (end > header.length) throw new ProxyHeaderFault('an extension that is longer than its header')
    const value = header.subarray(valueAt, end)
    if (KNOWN.has(type)) {
      if (found.has(type)) throw new ProxyHeaderFault('the same extension twice')
      if (type === TLV.crc32c) checkSum(header, valueAt, value)
      found.set(type, value)
    }
    at = end
  }
  const authority = found.get(TLV.authority)
  const alpn = found.get(TLV.alpn)
  const uniqueId = found.get(TLV.uniqueId)
  if (uniqueId !== undefined && uniqueId.length > UNIQUE_ID_BYTES)
    throw new ProxyHeaderFault(`a unique id of more than ${UNIQUE_ID_BYTES} bytes`)
  return {
    ...(authority && { authority: name(authority) }),
    ...(alpn && { alpn: name(alpn) }),
    ...(uniqueId && { uniqueId: Buffer.from(uniqueId) }),
  }
}

const KNOWN: ReadonlySet<number> = new Set(Object.values(TLV))

/** Names end up in logs and fields: no byte in them may mean anything else there. */
function name(value: Buffer): string {
  const isPlain =
    value.length > 0 && value.length <= NAME_BYTES && value.every((it) => it > 0x20 && it < 0x7f)
  if (!isPlain) throw new ProxyHeaderFault('a name that is none')
  return value.toString('latin1')
}

/** The sum is that of the whole header, with zeros in its own place. */
function checkSum(header: Buffer, valueAt: number, value: Buffer): void {
  if (value.length !== CRC_BYTES) throw new ProxyHeaderFault('a checksum that is no CRC-32C')
  const zeroed = Buffer.from(header)
  zeroed.fill(0, valueAt, valueAt + CRC_BYTES)
  if (crc32c(zeroed) !== value.readUInt32BE(0)) throw new ProxyHeaderFault('a checksum that does not fit')
}
