import { isIPv4, isIPv6 } from 'node:net'
import type { Address } from '../../core/network.ts'
import { plainAddress } from '../../core/plain-address.ts'
import type { ProxyHeader } from './proxy-header.ts'
import { ProxyHeaderFault } from './proxy-header-fault.ts'

/** The longest line that there is, its end included (section 2.1). */
export const VERSION1_BYTES = 107

const PREFIX = Buffer.from('PROXY ')
const CR = 0x0d
const LF = 0x0a

/** Reads a header in the form that people can read: `PROXY TCP4 192.0.2.1 192.0.2.2 56324 443`. */
export function parseVersion1(bytes: Buffer): ProxyHeader | undefined {
  const looked = Math.min(bytes.length, PREFIX.length)
  for (let i = 0; i < looked; i++)
    if (bytes[i] !== PREFIX[i]) throw new ProxyHeaderFault('no PROXY header at the begin of the connection')
  for (let i = looked; i < bytes.length && i < VERSION1_BYTES; i++) {
    const byte = bytes[i]!
    if (byte === CR) {
      if (i + 1 >= VERSION1_BYTES) break
      if (i + 1 >= bytes.length) return undefined
      if (bytes[i + 1] !== LF) throw new ProxyHeaderFault('a carriage return without a line feed')
      return { forwarded: parseLine(bytes.toString('latin1', PREFIX.length, i)), end: i + 2 }
    }
    if (byte < 0x20 || byte > 0x7e) throw new ProxyHeaderFault('a control byte in the line')
  }
  if (bytes.length >= VERSION1_BYTES)
    throw new ProxyHeaderFault(`a line of more than ${VERSION1_BYTES} bytes`)
  return undefined
}

function parseLine(line: string): ProxyHeader['forwarded'] {
  // Whatever follows this word is to be ignored.
  if (line === 'UNKNOWN' || line.startsWith('UNKNOWN ')) return undefined
  const [family, source = '', destination = '', sourcePort = '', destinationPort = '', ...more] =
    line.split(' ')
  const isAddress = family === 'TCP4' ? isIPv4 : family === 'TCP6' ? isPlainIPv6 : undefined
  if (isAddress === undefined) throw new ProxyHeaderFault('a protocol other than TCP4, TCP6 and UNKNOWN')
  if (more.length > 0) throw new ProxyHeaderFault('more in the line than addresses and ports')
  if (!isAddress(source) || !isAddress(destination))
    throw new ProxyHeaderFault('an address that is none of its family')
  return { source: place(source, sourcePort), destination: place(destination, destinationPort) }
}

/** Without a zone, which means something only on the machine where it was written. */
function isPlainIPv6(text: string): boolean {
  return isIPv6(text) && !text.includes('%')
}

function place(address: string, port: string): Address {
  if (!/^(?:0|[1-9]\d{0,4})$/.test(port) || Number(port) > 65_535)
    throw new ProxyHeaderFault('a port that is no number up to 65535')
  return { address: plainAddress(address), port: Number(port) }
}
