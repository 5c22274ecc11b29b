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
  TlsFacts,
  Wire,
  WireHandler,
} from '../core/network.ts'
import { returnReadMemory, settleForeignMemory, settleReadMemory, takeReadMemory } from './read-memory.ts'
import { sharedLookup } from './shared-lookup.ts'

/** The operating system's network. */
export const nodeNetwork: Network = { connect, listen }

const WIRE = Symbol('wire')
type WiredSocket = Socket & { [WIRE]: NodeWire }

const UNOWNED: WireHandler = {
  onData: () => true,
  onEnd: () => {},
  onDrain: () => {},
  onClose: () => {},
}

class NodeWire implements Wire {
  handler: WireHandler = UNOWNED
  readonly #socket: Socket
  #error: Error | undefined
  /** Memory of what the system has not taken yet. */
  #lent: ArrayBufferLike[] | undefined

  constructor(socket: Socket) {
    this.#socket = socket
    ;(socket as WiredSocket)[WIRE] = this
    socket.on('end', onEnd)
    socket.on('drain', onDrain)
    socket.on('error', onError)
    socket.on('close', onClose)
  }

  get remote(): Address {
    return { address: this.#socket.remoteAddress ?? '', port: this.#socket.remotePort ?? 0 }
  }

  get local(): Address {
    return { address: this.#socket.localAddress ?? '', port: this.#socket.localPort ?? 0 }
  }

  get tls(): TlsFacts | undefined {
    if (!('encrypted' in this.#socket)) return undefined
    const socket = this.#socket as TLSSocket
    return {
      protocol: socket.getProtocol() ?? '',
      alpn: typeof socket.alpnProtocol === 'string' ? socket.alpnProtocol : undefined,
      servername: typeof socket.servername === 'string' ? socket.servername : undefined,
    }
  }

  get pendingBytes(): number {
    return this.#socket.writableLength
  }

  write(data: Uint8Array | string): boolean {
    const socket = this.#socket
    if (!socket.writable) return true
    // Node answers `false` for any write of more than its mark, also when the system took all of it at once.
    if (typeof data === 'string') return socket.write(data, 'latin1') || socket.writableLength === 0
    const more = socket.write(data)
    if (socket.writableLength === 0) {
      this.flushed()
      return true
    }
    this.#lent ??= []
    this.#lent.push(data.buffer)
    return more
  }

  cork(): void {
    this.#socket.cork()
  }

  uncork(): void {
    this.#socket.uncork()
    // What was corked may have left at once. Its memory must be forgotten now: it may next be lent to another wire, and
    // giving it back here would then be too early for that one.
    this.flushed()
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  end(): void {
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  reset(): void {
    this.#socket.resetAndDestroy()
  }

  /** Everything written has left. */
  flushed(): void {
    if (this.#lent !== undefined && this.#socket.writableLength === 0) this.#giveBack()
  }

  // Socket events, from the shared listeners below.

  failed(error: Error): void {
    this.#error ??= error
  }

  closed(): void {
    const handler = this.handler
    // The system has let go of what it had not sent.
    this.#giveBack()
    this.handler = UNOWNED
    handler.onClose(this.#error)
  }

  #giveBack(): void {
    const lent = this.#lent
    if (lent === undefined) return
    this.#lent = undefined
    for (const memory of lent) returnReadMemory(memory)
  }
}

// One function for all sockets: a connection that idles holds no closures.
function onData(this: Socket, chunk: Buffer): void {
  settleForeignMemory(chunk, (this as WiredSocket)[WIRE].handler.onData(chunk))
}

function onEnd(this: Socket): void {
  ;(this as WiredSocket)[WIRE].handler.onEnd()
}

function onDrain(this: Socket): void {
  const wire = (this as WiredSocket)[WIRE]
  wire.flushed()
  wire.handler.onDrain()
}

function onError(this: Socket, error: Error): void {
  ;(this as WiredSocket)[WIRE].failed(error)
}

function onClose(this: Socket): void {
  ;(this as WiredSocket)[WIRE].closed()
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
        memory ??= takeReadMemory()
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
  const socket =
    tls === undefined
      ? connectTcp(options)
      : connectTls({
          ...options,
          // RFC 6066 section 3: an address is no server name. The certificate must name it all the same.
          servername: tls.servername === undefined || isIP(tls.servername) !== 0 ? '' : tls.servername,
          rejectUnauthorized: tls.dangerouslyAcceptAnyCertificate !== true,
          ...(tls.alpn === undefined ? {} : { ALPNProtocols: [...tls.alpn] }),
          ...(tls.ca === undefined ? {} : { ca: tls.ca as string | Buffer | (string | Buffer)[] }),
        })
  const failed = (error: Error): void => {
    socket.removeListener(event, connected)
    handler.onConnectError(error)
  }
  const closed = (): void => failed(new Error('the connection was closed while it was being made'))
  const connected = (): void => {
    // Refused before, while it was being connected.
    if (socket.destroyed) return
    socket.removeListener('close', closed)
    wire = new NodeWire(socket)
    handler.onConnect(wire)
  }
  const securing = (): void => handler.onSecuring?.()
  const event = tls === undefined ? 'connect' : 'secureConnect'
  socket.once('connect', () => {
    if (isConnectedToItself(socket)) socket.destroy(refused(socket))
  })
  if (tls !== undefined) socket.once('connect', securing)
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
      socket.removeListener('connect', securing)
      socket.removeListener(event, connected)
      socket.removeListener('close', closed)
      socket.removeAllListeners('error')
      // A socket that is torn down while it connects may still report why.
      socket.on('error', () => {})
      socket.destroy()
    },
  }
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
  { host, port, backlog = 1024 }: ListenOptions,
  onWire: (wire: Wire) => void,
): Promise<BoundListener> {
  const accept = (socket: Socket): void => {
    // Asked for later, the address of a client that has reset the connection by then would be empty.
    if (socket.remoteAddress === undefined) {
      socket.destroy()
      return
    }
    const wire = new NodeWire(socket)
    socket.on('data', onData)
    onWire(wire)
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
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port, backlog }, () => {
      server.removeListener('error', reject)
      // What accept reports later (too many open files) concerns one connection that never was.
      server.on('error', () => {})
      resolve({
        address: boundAddress(server),
        close: () => {
          closing ??= close()
          return closing
        },
        destroy: () => {
          closing ??= Promise.resolve(server.close()).then(() => {})
        },
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
