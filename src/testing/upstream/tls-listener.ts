import { createServer, type Server, type Socket } from 'node:net'
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls'
import type {
  Address,
  BoundListener,
  ListenOptions,
  TlsFacts,
  Wire,
  WireHandler,
} from '../../core/network.ts'

/** The key and the certificate of a service, in PEM. */
export interface TlsCredentials {
  readonly key: string | Uint8Array
  readonly cert: string | Uint8Array
}

/** @internal Listens for TLS on real sockets. Clients that fail at the handshake are never heard of. */
export class TlsListener {
  readonly #context: SecureContext
  readonly #handshaking = new Set<Socket>()

  readonly #alpn: () => readonly string[]

  constructor({ key, cert }: TlsCredentials, alpn: () => readonly string[]) {
    this.#alpn = alpn
    this.#context = createSecureContext({ key: key as string | Buffer, cert: cert as string | Buffer })
  }

  listen({ host, port }: ListenOptions, onWire: (wire: Wire) => void): Promise<BoundListener> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (raw) => this.#accept(raw, onWire))
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host, port }, () => {
        server.off('error', reject)
        // What accept reports later concerns one connection that never was.
        server.on('error', () => {})
        resolve({
          address: addressOf(server),
          async close() {
            server.close()
          },
          destroy() {
            server.close()
          },
        })
      })
    })
  }

  /** Closes connections that are not made yet. They outlive the listener: it may only be closed for a while. */
  abandon(): void {
    for (const raw of this.#handshaking) raw.destroy()
  }

  #accept(raw: Socket, onWire: (wire: Wire) => void): void {
    const secureContext = this.#context
    const options = { isServer: true, secureContext, allowHalfOpen: true, ALPNProtocols: [...this.#alpn()] }
    const socket = new TLSSocket(raw, options)
    const failed = (): void => {
      this.#handshaking.delete(raw)
      raw.destroy()
    }
    this.#handshaking.add(raw)
    socket.once('error', failed)
    socket.once('close', failed)
    socket.once('secure', () => {
      this.#handshaking.delete(raw)
      socket.off('close', failed)
      onWire(new TlsWire(raw, socket))
      socket.off('error', failed)
    })
  }
}

function addressOf(server: Server): Address {
  const bound = server.address()
  if (bound === null || typeof bound === 'string') throw new Error('a TCP listener has an address and a port')
  return { address: bound.address, port: bound.port }
}

const UNOWNED: WireHandler = { onData: () => true, onEnd() {}, onDrain() {}, onClose() {} }

class TlsWire implements Wire {
  handler: WireHandler = UNOWNED
  readonly remote: Address
  readonly local: Address
  readonly tls: TlsFacts
  readonly #raw: Socket
  readonly #socket: TLSSocket
  #error: Error | undefined
  #over = false

  constructor(raw: Socket, socket: TLSSocket) {
    this.#raw = raw
    this.#socket = socket
    this.remote = { address: raw.remoteAddress ?? '', port: raw.remotePort ?? 0 }
    this.local = { address: raw.localAddress ?? '', port: raw.localPort ?? 0 }
    this.tls = {
      protocol: socket.getProtocol() ?? '',
      cipher: socket.getCipher().standardName,
      resumed: socket.isSessionReused(),
      clientCertificate: undefined,
      alpn: typeof socket.alpnProtocol === 'string' ? socket.alpnProtocol : undefined,
      servername: typeof socket.servername === 'string' ? socket.servername : undefined,
    }
    socket.on('data', (chunk: Buffer) => this.handler.onData(chunk))
    socket.on('end', () => this.handler.onEnd())
    socket.on('error', (error: Error) => {
      this.#error ??= error
    })
    socket.on('close', () => this.handler.onClose(this.#error))
  }

  get pendingBytes(): number {
    return this.#socket.writableLength
  }

  /**
   * `false` as long as bytes are on their way to the system, however few: what is written after others waits in this
   * process for them to be encrypted and sent, and a reset would take it along.
   */
  write(data: Uint8Array | string): boolean {
    if (this.#over || !this.#socket.writable) return true
    const sent = (): void => {
      if (this.#socket.writableLength === 0) this.handler.onDrain()
    }
    if (typeof data === 'string') this.#socket.write(data, 'latin1', sent)
    else this.#socket.write(data, sent)
    return this.#socket.writableLength === 0
  }

  cork(): void {
    this.#socket.cork()
  }

  uncork(): void {
    this.#socket.uncork()
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  end(): void {
    if (!this.#over) this.#socket.end()
  }

  destroy(): void {
    this.#over = true
    this.#socket.destroy()
  }

  reset(): void {
    if (this.#over) return
    this.#over = true
    // Of the two sockets only the one below knows how.
    this.#raw.resetAndDestroy()
  }
}
