import type { Socket } from 'node:net'
import type { Address, ForwardedConnection, TlsFacts, Wire, WireHandler } from '../core/network.ts'
import { isReadMemory, returnReadMemory, settleForeignMemory } from './read-memory.ts'
import { resetSocket } from './reset-socket.ts'

const WIRE = Symbol('wire')
type WiredSocket = Socket & { [WIRE]: NodeWire }

const UNOWNED: WireHandler = {
  onData: () => true,
  onEnd: () => {},
  onDrain: () => {},
  onClose: () => {},
}

/** A socket of Node's as a wire: one of `node:net`, or of `node:tls` with that which carries it. */
export class NodeWire implements Wire {
  handler: WireHandler = UNOWNED
  readonly tls: TlsFacts | undefined
  forwarded: ForwardedConnection | undefined = undefined
  readonly #socket: Socket
  /** The one that knows how to reset a connection. The same, without TLS. */
  readonly #carrier: Socket | undefined
  #error: Error | undefined
  /** Memory of what the system has not taken yet. */
  #lent: ArrayBufferLike[] | undefined
  #onWritten: (() => void) | undefined
  #released = false

  /** `carrier`: the socket below one with TLS, where there is one. */
  constructor(
    socket: Socket,
    tls?: TlsFacts,
    carrier: Socket | undefined = tls === undefined ? socket : undefined,
  ) {
    this.#socket = socket
    this.tls = tls
    this.#carrier = carrier
    ;(socket as WiredSocket)[WIRE] = this
    socket.on('end', onEnd)
    socket.on('drain', onDrain)
    socket.on('error', onError)
    socket.on('close', onClose)
  }

  /** Begins to read, where reads are not brought in another way. */
  readEvents(): void {
    if (!this.#released) this.#socket.on('data', onData)
  }

  /** Gives the socket back, as it came: for whoever speaks TLS on it. */
  release(): Socket {
    const socket = this.#socket
    socket.off('data', onData)
    socket.off('end', onEnd)
    socket.off('drain', onDrain)
    socket.off('error', onError)
    socket.off('close', onClose)
    this.handler = UNOWNED
    this.#released = true
    return socket
  }

  get remote(): Address {
    return { address: this.#socket.remoteAddress ?? '', port: this.#socket.remotePort ?? 0 }
  }

  get local(): Address {
    return { address: this.#socket.localAddress ?? '', port: this.#socket.localPort ?? 0 }
  }

  get pendingBytes(): number {
    return this.#socket.writableLength
  }

  write(data: Uint8Array | string): boolean {
    const socket = this.#socket
    if (!socket.writable) return true
    // Node answers `false` for any write of more than its mark, also when the system took all of it at once.
    if (typeof data === 'string') return socket.write(data, 'latin1') || socket.writableLength === 0
    if (this.tls !== undefined) return this.#writeSecure(data)
    const more = socket.write(data)
    if (socket.writableLength === 0) {
      this.flushed()
      return true
    }
    this.#lent ??= []
    this.#lent.push(data.buffer)
    return more
  }

  /** A write with TLS is never over at once, and none but its own callback tells that it is. */
  #writeSecure(data: Uint8Array): boolean {
    if (!isReadMemory(data)) return this.#socket.write(data)
    this.#lent ??= []
    this.#lent.push(data.buffer)
    this.#onWritten ??= () => this.flushed()
    return this.#socket.write(data, this.#onWritten)
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
    // Of a carrier that cannot be reset, the socket above it is the one to close.
    if (this.#carrier === undefined || this.#carrier.writableEnded) this.#socket.destroy()
    else resetSocket(this.#carrier)
  }

  /** Everything written has left. */
  flushed(): void {
    if (this.#lent !== undefined && this.#socket.writableLength === 0) this.#giveBack()
  }

  // Socket events, from the shared listeners below.

  failed(error: Error): void {
    this.#error ??= error
    // What is wrong with TLS itself is told, and nothing else happens.
    if (this.tls !== undefined) this.#socket.destroy()
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
