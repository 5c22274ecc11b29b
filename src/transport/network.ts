import { connect as connectTcp, createServer, type Server, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import type {
  Address,
  BoundListener,
  ConnectHandler,
  Connecting,
  ConnectOptions,
  ListenOptions,
  Network,
  Wire,
} from '../core/network.ts'
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

function connect({ host, port, tls }: ConnectOptions, handler: ConnectHandler): Connecting {
  let wire: NodeWire | undefined
  let memory: Buffer | undefined
  const options = {
    host,
    port,
    noDelay: true,
    allowHalfOpen: true,
    lookup: sharedLookup,
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
  handshake?.watch(socket as TLSSocket)
  const failed = (error: Error): void => {
    socket.removeListener(event, connected)
    handshake?.failed()
    handler.onConnectError(error)
  }
  const closed = (): void => failed(new Error('the connection was closed while it was being made'))
  const connected = (): void => {
    socket.removeListener('close', closed)
    try {
      handshake?.accept(socket as TLSSocket)
    } catch (error) {
      abandon(socket)
      handler.onConnectError(error as Error)
      return
    }
    wire = new NodeWire(socket, handshake === undefined ? undefined : tlsFacts(socket as TLSSocket))
    handler.onConnect(wire)
  }
  const event = tls === undefined ? 'connect' : 'secureConnect'
  socket.once(event, connected)
  socket.once('error', (error) => {
    socket.removeListener('close', closed)
    if (wire === undefined) failed(error)
  })
  socket.once('close', closed)
  socket.once('close', () => {
    if (memory !== undefined) settleReadMemory(memory.buffer, true)
    memory = undefined
  })
  return {
    cancel() {
      socket.removeListener(event, connected)
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

function listen(
  { host, port, backlog = 1024 }: ListenOptions,
  onWire: (wire: Wire) => void,
): Promise<BoundListener> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    // Asked for later, the address of a client that has reset the connection by then would be empty.
    if (socket.remoteAddress === undefined) {
      socket.destroy()
      return
    }
    const wire = new NodeWire(socket)
    onWire(wire)
    wire.readEvents()
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port, backlog }, () => {
      server.removeListener('error', reject)
      // What accept reports later (too many open files) concerns one connection that never was.
      server.on('error', () => {})
      resolve({ address: boundAddress(server), close: () => closeServer(server) })
    })
  })
}

function boundAddress(server: Server): Address {
  const bound = server.address()
  if (bound === null || typeof bound === 'string') throw new Error('a TCP listener has an address and a port')
  return { address: bound.address, port: bound.port }
}

/** Ends accepting; unlike `Server.close` it does not wait for the connections, whose owner is another. */
function closeServer(server: Server): Promise<void> {
  server.close()
  return new Promise((resolve) => setImmediate(resolve))
}
