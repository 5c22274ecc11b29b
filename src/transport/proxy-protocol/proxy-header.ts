import type { ForwardedConnection } from '../../core/network.ts'
import { parseVersion1 } from './version1.ts'
import { parseVersion2, VERSION2_SIGNATURE } from './version2.ts'

/** A header, and where it ends. */
export interface ProxyHeader {
  /** What it says of the connection; `undefined` where it says that there is nothing to say: `LOCAL`, `UNKNOWN`, `UNSPEC`. */
  readonly forwarded: ForwardedConnection | undefined
  /** The place behind it. */
  readonly end: number
}

/**
 * Reads the PROXY protocol header, of either version, that a connection begins with (HAProxy's proxy-protocol.txt).
 * `undefined`: it is not complete yet. Any split of the same bytes gives the same result.
 *
 * @throws `ProxyHeaderFault` at the first byte that cannot be one's
 */
export function parseProxyHeader(bytes: Buffer): ProxyHeader | undefined {
  return bytes.length > 0 && bytes[0] === VERSION2_SIGNATURE[0] ? parseVersion2(bytes) : parseVersion1(bytes)
}
