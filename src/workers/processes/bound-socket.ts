import { lookup } from 'node:dns/promises'
import * as net from 'node:net'
import { getSystemErrorName } from 'node:util'
import type { Address } from '../../core/network.ts'
import type { SocketHandle } from '../../transport/network.ts'

declare module 'net' {
  /**
   * Binds a socket without listening: `node:cluster` takes its sockets from it. Not in Node's documentation, where only
   * `Server.listen` binds, which accepts at once. An error is a negative number.
   */
  function _createServerHandle(
    address: string,
    port: number,
    addressType: number,
    fd: undefined,
    flags: number,
  ): SocketHandle | number
}

/** libuv's `UV_TCP_REUSEPORT`: several sockets at one port, among which the system deals out connections. */
const REUSE_PORT = 2

/** A socket that is bound, and where. */
export interface Bound {
  readonly socket: SocketHandle
  readonly address: Address
}

/** The address of a host: the one that a listener of this host would have. */
export async function addressOf(
  host: string,
): Promise<{ readonly address: string; readonly family: number }> {
  return lookup(host)
}

/**
 * Binds to an address. With `shared`, others of this user may bind to it too, if they say the same; `undefined` where the
 * system knows no such thing.
 * @throws the system's error, such as `EADDRINUSE`
 */
export function bindSocket(
  { address, family, port }: { readonly address: string; readonly family: number; readonly port: number },
  shared: boolean,
): Bound | undefined {
  const made = net._createServerHandle(address, port, family, undefined, shared ? REUSE_PORT : 0)
  if (typeof made === 'number') {
    // By its name: the number is libuv's, which on Windows is not the system's.
    if (shared && getSystemErrorName(made) === 'ENOTSUP') return undefined
    throw failed(made, address, port)
  }
  const found: { address?: string; port?: number } = {}
  // That a port is in use, Node learns when it binds, and says when it is asked for the address.
  const error = made.getsockname(found)
  if (error !== 0) {
    made.close()
    throw failed(error, address, port)
  }
  return { socket: made, address: { address: found.address ?? address, port: found.port ?? port } }
}

function failed(errno: number, address: string, port: number): Error {
  const code = getSystemErrorName(errno)
  return Object.assign(new Error(`bind ${code} ${address}:${port}`), { errno, code, syscall: 'bind' })
}
