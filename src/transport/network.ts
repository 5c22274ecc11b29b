import { connect as connectTcp, createServer, isIP, type Server, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import type {
  Address,
  BoundListener,
  ConnectHandler,
  Connecting,
  ConnectOptions,
  ListenOptions,
  Network,
  TlsConnectOptions,
  Wire,
} from '../core/network.ts'
import { AddressDenied, allowedLookup } from './allowed-lookup.ts'
import { NodeWire } from './node-wire.ts'
import { settleReadMemory, takeReadMemory } from './read-memory.ts'
import { sharedLookup } from './shared-lookup.ts'
import { tlsFacts } from './tls/client-facts.ts'
import { NodeTlsServer } from './tls/node-tls-server.ts'
import { UpstreamHandshake } from './tls/upstream-tls.ts'

/** The operating system's network. */
export const nodeNetwork: Network = {
  connect,
  listen,
  tlsServer: (settings) => new NodeTlsServer(settings),
}

function connect(target: ConnectOptions, handler: ConnectHandler): Connecting {
  const { host, tls, preamble, allows } = target
  if (allows !== undefined && isIP(host) !== 0 && !allows(host)) return denied(host, handler)
  if (preamble !== undefined && tls !== undefined) return connectBehind(preamble, target, tls, handler)
  let wire: NodeWire | undefined
  let memory: Buffer | undefined
  const options = {
    ...socketOptions(target),
    onread: {
      // Asked for before the first read and after each one.
      buffer: () => {
        memory ??= takeReadMemory(tls !== undefined)
        return memory
      },
      callback: (size: number, bytes: Uint8Array): boolean => {
        const chunk = size === bytes.length ? (bytes as Buffer) : (bytes as Buffer).subarray(0, size)
        const use = wire?.handler.onData(chunk)
        if (use === true) return true
        settleReadMemory(bytes.buffer, use)
        memory = undefined
        return true
      },
    },
  }
  const handshake = tls === undefined ? undefined : new UpstreamHandshake(host, tls)
  const socket =
    handshake === undefined ? connectTcp(options) : connectTls({ ...options, ...handshake.connectionOptions })
  const securing = (): void => handler.onSecuring?.()
  refuseItself(socket)
  const connecting = awaitConnection(socket, handshake, {
    onConnect(made) {
      wire = made
      if (preamble !== undefined) socket.write(preamble)
      handler.onConnect(made)
    },
    onConnectError: (error) => handler.onConnectError(error),
  })
  if (tls !== undefined) socket.once('connect', securing)
  socket.once('close', () => {
    if (memory !== undefined) settleReadMemory(memory.buffer, true)
    memory = undefined
  })
  return {
    cancel() {
      socket.removeListener('connect', securing)
      connecting.cancel()
    },
  }
}

/** Connects, sends something in clear text, and has TLS begin behind it. */
function connectBehind(
  preamble: Uint8Array,
  target: ConnectOptions,
  tls: TlsConnectOptions,
  handler: ConnectHandler,
): Connecting {
  const carrier = connectTcp(socketOptions(target))
  const secure = (): void => {
    carrier.write(preamble)
    handler.onSecuring?.()
    const handshake = new UpstreamHandshake(target.host, tls)
    const socket = connectTls({ ...handshake.connectionOptions, socket: carrier })
    socket.allowHalfOpen = true
    current = awaitConnection(socket, handshake, {
      onConnect(wire) {
        handler.onConnect(wire)
        wire.readEvents()
      },
      onConnectError: (error) => handler.onConnectError(error),
    })
  }
  refuseItself(carrier)
  let current = awaitSocket(carrier, 'connect', secure, (error) => handler.onConnectError(error))
  return { cancel: () => current.cancel() }
}

function socketOptions({ host, port, allows }: ConnectOptions) {
  const lookup = allows === undefined ? sharedLookup : allowedLookup(allows)
  return { host, port, noDelay: true, allowHalfOpen: true, lookup }
}

/** Of an address nobody looks anything up. */
function denied(host: string, handler: ConnectHandler): Connecting {
  let cancelled = false
  queueMicrotask(() => {
    if (!cancelled) handler.onConnectError(new AddressDenied(host))
  })
  return {
    cancel() {
      cancelled = true
    },
  }
}

/** Waits until a socket is connected, and its handshake over where there is one. */
function awaitConnection(
  socket: Socket,
  handshake: UpstreamHandshake | undefined,
  {
    onConnect,
    onConnectError,
  }: { readonly onConnect: (wire: NodeWire) => void; readonly onConnectError: (error: Error) => void },
): Connecting {
  handshake?.watch(socket as TLSSocket)
  const connected = (): void => {
    try {
      handshake?.accept(socket as TLSSocket)
    } catch (error) {
      abandon(socket)
      onConnectError(error as Error)
      return
    }
    onConnect(new NodeWire(socket, handshake === undefined ? undefined : tlsFacts(socket as TLSSocket)))
  }
  return awaitSocket(socket, handshake === undefined ? 'connect' : 'secureConnect', connected, (error) => {
    handshake?.failed()
    onConnectError(error)
  })
}

/** Waits for an event of a socket that is being connected, or for the error that comes in its place. */
function awaitSocket(
  socket: Socket,
  event: 'connect' | 'secureConnect',
  onEvent: () => void,
  onError: (error: Error) => void,
): Connecting {
  let come = false
  const failed = (error: Error): void => {
    socket.removeListener(event, happened)
    onError(error)
  }
  const closed = (): void => failed(new Error('the connection was closed while it was being made'))
  const happened = (): void => {
    // Refused before, while it was being connected.
    if (socket.destroyed) return
    come = true
    socket.removeListener('close', closed)
    onEvent()
  }
  socket.once(event, happened)
  socket.once('error', (error) => {
    socket.removeListener('close', closed)
    if (!come) failed(error)
  })
  socket.once('close', closed)
  return {
    cancel() {
      socket.removeListener(event, happened)
      socket.removeListener('close', closed)
      abandon(socket)
    },
  }
}

function abandon(socket: Socket): void {
  socket.removeAllListeners('error')
  // A socket that is torn down while it connects may still report why.
  socket.on('error', () => {})
  socket.destroy()
}

function refuseItself(socket: Socket): void {
  socket.once('connect', () => {
    if (isConnectedToItself(socket)) socket.destroy(refused(socket))
  })
}

/**
 * While nobody listens at a port of the range that the system gives to clients, a client that connects to it may be given
 * the same one. Its SYN then meets itself: a simultaneous open (RFC 9293 section 3.5), and it would read its own request.
 */
function isConnectedToItself({ localPort, remotePort, localAddress, remoteAddress }: Socket): boolean {
  return localPort === remotePort && localAddress === remoteAddress
}

/** What the system would have said. */
function refused({ remoteAddress, remotePort }: Socket): Error {
  const message = `connect ECONNREFUSED ${remoteAddress}:${remotePort} (nobody listens there but this client itself)`
  return Object.assign(new Error(message), { code: 'ECONNREFUSED' })
}

function listen(
  { host, port, backlog = DEFAULT_BACKLOG }: ListenOptions,
  onWire: (wire: Wire) => void,
): Promise<BoundListener> {
  return accepting((server, bound) => server.listen({ host, port, backlog }, bound), backlog, onWire)
}

/** How many connections the system keeps that wait to be accepted, where nothing else is said. */
export const DEFAULT_BACKLOG = 1024

/** A listener on a socket that others may have too. */
export interface SharedListener extends BoundListener {
  /** Accepts no more, and leaves whoever waits to be accepted to the others that have the socket. */
  leave(): void
}

/** Accepts from a socket that was bound elsewhere: in another process, and perhaps there too. */
export function listenWith(
  socket: SocketHandle,
  backlog: number,
  onWire: (wire: Wire) => void,
): Promise<SharedListener> {
  return accepting((server, bound) => server.listen(socket, backlog, bound), backlog, onWire)
}

/** A socket that is bound and may not listen yet, as Node hands them from process to process. */
export interface SocketHandle {
  readonly fd: number
  /** Writes its address into `found`; a number other than 0 is the system's error. */
  getsockname(found: { address?: string; port?: number }): number
  close(): void
}

function accepting(
  open: (server: Server, bound: () => void) => void,
  backlog: number,
  onWire: (wire: Wire) => void,
): Promise<SharedListener> {
  const accept = (socket: Socket): void => {
    // Asked for later, the address of a client that has reset the connection by then would be empty.
    if (socket.remoteAddress === undefined) {
      socket.destroy()
      return
    }
    const wire = new NodeWire(socket)
    onWire(wire)
    wire.readEvents()
  }
  /** Accepted while the listener is being closed. */
  let last: Socket[] | undefined
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    if (last === undefined) accept(socket)
    else {
      last.push(socket)
      socket.on('error', ignore)
    }
  })
  /**
   * Unlike `Server.close` it does not wait for the connections, whose owner is another.
   *
   * The system resets whoever is still in the accept queue when the listener is closed, and may have sent a request by
   * then. Node takes one out of it in each turn of its event loop. So the queue is emptied first; and nobody is served
   * meanwhile, for clients that are answered come again, and it would never be empty. Who connects between the last turn
   * and the close is lost all the same.
   */
  const close = async (): Promise<void> => {
    const accepted: Socket[] = []
    last = accepted
    await turnOfEventLoop()
    for (let seen = -1; accepted.length > seen && seen < backlog; await turnOfEventLoop())
      seen = accepted.length
    server.close()
    last = undefined
    for (const socket of accepted) {
      socket.removeListener('error', ignore)
      accept(socket)
    }
  }
  let closing: Promise<void> | undefined
  const leave = (): void => {
    closing ??= Promise.resolve(server.close()).then(() => {})
  }
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    open(server, () => {
      server.removeListener('error', reject)
      // What accept reports later (too many open files) concerns one connection that never was.
      server.on('error', () => {})
      resolve({
        address: boundAddress(server),
        close: () => {
          closing ??= close()
          return closing
        },
        destroy: leave,
        leave,
      })
    })
  })
}

function boundAddress(server: Server): Address {
  const bound = server.address()
  if (bound === null || typeof bound === 'string') throw new Error('a TCP listener has an address and a port')
  return { address: bound.address, port: bound.port }
}

function turnOfEventLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** For errors of a socket that has no owner yet: its end is looked at when it gets one. */
function ignore(): void {}
