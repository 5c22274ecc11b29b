import type {
  HandshakeHandler,
  Handshaking,
  TlsConnectOptions,
  TlsServer,
  TlsServerSettings,
  Wire,
  WireHandler,
} from '../../core/network.ts'
import { type LinkHost, MemoryWire } from './memory-wire.ts'
import { pretendedFacts } from './pretended-facts.ts'

/** @internal Answers handshakes that nobody sends: the client has said in `connect` what it wants. */
export class PretendedTlsServer implements TlsServer {
  #settings: TlsServerSettings
  readonly #host: LinkHost

  constructor(settings: TlsServerSettings, host: LinkHost) {
    this.#settings = settings
    this.#host = host
  }

  update(settings: TlsServerSettings): void {
    this.#settings = settings
  }

  rotateTicketKeys(): void {}

  accept(wire: Wire, early: Buffer | undefined, handler: HandshakeHandler): Handshaking {
    if (!(wire instanceof MemoryWire))
      throw new TypeError('TLS needs a wire that the same network has accepted')
    const handshake = new PretendedHandshake(wire, handler)
    const { asked, preamble } = wire.link
    // Bytes came before: so the client speaks no TLS, which was asked for from the first byte on, or behind a preamble.
    if (early !== undefined && early.length > 0 && (asked === undefined || !preamble)) handshake.onData()
    else if (asked !== undefined) this.#agree(wire, asked, handshake, early)
    return handshake
  }

  #agree(
    { link }: MemoryWire,
    asked: TlsConnectOptions,
    handshake: PretendedHandshake,
    early: Buffer | undefined,
  ): void {
    const { alpn } = this.#settings
    const chosen = asked.alpn === undefined ? undefined : alpn.find((it) => asked.alpn!.includes(it))
    if (asked.alpn !== undefined && chosen === undefined) {
      link.refused = noApplicationProtocol()
      handshake.abort(tlsError('NO_APPLICATION_PROTOCOL', `the client speaks ${asked.alpn.join(', ')} only`))
      return
    }
    link.tls = pretendedFacts(asked, chosen)
    handshake.succeed(this.#host, early)
  }
}

class PretendedHandshake implements Handshaking, WireHandler {
  readonly #wire: MemoryWire
  readonly #handler: HandshakeHandler
  #over = false
  #error: Error | undefined

  constructor(wire: MemoryWire, handler: HandshakeHandler) {
    this.#wire = wire
    this.#handler = handler
    wire.handler = this
  }

  /** `early` is what the client has sent behind the handshake. */
  succeed(host: LinkHost, early: Buffer | undefined): void {
    // What the client sends next is for the one who owns the wire then.
    this.#wire.pause()
    host.run(() => {
      if (this.#over || this.#error !== undefined) return
      this.#over = true
      this.#wire.resume()
      this.#handler.onSecure(this.#wire)
      if (early !== undefined && early.length > 0) this.#wire.handler.onData(early)
    })
  }

  abort(error: Error): void {
    if (this.#over) return
    this.#error ??= error
    this.#wire.destroy()
  }

  onData(): boolean {
    this.abort(tlsError('WRONG_VERSION_NUMBER', 'the client speaks no TLS'))
    return true
  }

  onEnd(): void {
    this.#wire.destroy()
  }

  onDrain(): void {}

  onClose(error: Error | undefined): void {
    if (this.#over) return
    this.#over = true
    this.#handler.onFailed(
      this.#error ?? error ?? new Error('the client closed the connection in the handshake'),
    )
  }
}

/** @internal What a client is told that speaks none of the listener's protocols. */
export function noApplicationProtocol(): Error {
  return tlsError('TLSV1_ALERT_NO_APPLICATION_PROTOCOL', 'the listener speaks no such protocol')
}

/** With a code as Node has it. */
function tlsError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code: `ERR_SSL_${code}` })
}
