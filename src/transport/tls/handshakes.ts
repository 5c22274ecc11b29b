import { type Clock, Deadline } from '../../core/clock.ts'
import {
  type Address,
  type ForwardedConnection,
  type HandshakeHandler,
  type Handshaking,
  peerOf,
  type TlsServer,
  type Wire,
} from '../../core/network.ts'
import type { ConnectionRefusal, RefusedConnection } from '../../core/observer.ts'

export interface HandshakesOptions {
  readonly clock: Clock
  /** How long one may take. */
  readonly handshakeMs: number
  /** How many may be under way. */
  readonly handshakes: number
}

/** Whom handshakes belong to. */
export interface HandshakesOwner {
  /** One has succeeded. The callee sets the wire's handler before it returns. */
  secured(wire: Wire): void
  /** One has failed, and its connection is closed. `undefined`: the listener itself gave it up. */
  unsecured(refused: RefusedConnection | undefined): void
}

/** The TLS handshakes of a listener that are under way: each ends by itself, in time, or is ended. */
export class Handshakes {
  readonly #options: HandshakesOptions
  readonly #owner: HandshakesOwner
  /** The oldest first. */
  readonly #running = new Set<Handshake>()
  /** Those whose connection is being closed. */
  readonly #aborted = new Set<Handshake>()
  readonly #deadline: Deadline

  constructor(options: HandshakesOptions, owner: HandshakesOwner) {
    this.#options = options
    this.#owner = owner
    this.#deadline = new Deadline(options.clock, () => this.#expire())
  }

  /** Connections that are in one. */
  get size(): number {
    return this.#running.size + this.#aborted.size
  }

  /** Begins one on a wire that was accepted. `early` are bytes that came on it already. */
  begin(wire: Wire, server: TlsServer, early?: Buffer): void {
    const { clock, handshakes, handshakeMs } = this.#options
    // The oldest is the likeliest to be of a client that does nothing: who means it is done after two round trips.
    const [oldest] = this.#running.size >= handshakes ? this.#running : []
    if (oldest !== undefined) this.#abort(oldest, 'handshakes')
    const handshake = new Handshake(wire, clock.now() + handshakeMs, this)
    this.#running.add(handshake)
    if (this.#running.size === 1) this.#deadline.arm(handshakeMs)
    handshake.begin(wire, server, early)
  }

  /** Gives up all that are under way. */
  close(): void {
    this.#deadline.close()
    for (const handshake of this.#running) this.#abort(handshake, undefined)
  }

  secured(handshake: Handshake, wire: Wire): void {
    this.#running.delete(handshake)
    this.#owner.secured(wire)
  }

  failed(handshake: Handshake, refused: RefusedConnection | undefined): void {
    // One that could not begin is told of twice: at once, and when its connection is closed.
    if (this.#running.delete(handshake) || this.#aborted.delete(handshake)) this.#owner.unsecured(refused)
  }

  #abort(handshake: Handshake, reason: ConnectionRefusal | undefined): void {
    this.#running.delete(handshake)
    this.#aborted.add(handshake)
    handshake.abort(reason)
  }

  #expire(): void {
    const now = this.#options.clock.now()
    for (const handshake of this.#running) {
      if (handshake.until > now + 1) {
        this.#deadline.arm(handshake.until - now)
        return
      }
      this.#abort(handshake, 'handshake_timeout')
    }
  }
}

/** One handshake. Its end is told once. */
class Handshake implements HandshakeHandler {
  /** On the clock. */
  readonly until: number
  readonly #peer: Address
  readonly #forwarded: ForwardedConnection | undefined
  readonly #owner: Handshakes
  #handshaking: Handshaking | undefined
  #aborted: { readonly reason: ConnectionRefusal | undefined } | undefined

  constructor(wire: Wire, until: number, owner: Handshakes) {
    this.#peer = peerOf(wire)
    this.#forwarded = wire.forwarded
    this.until = until
    this.#owner = owner
  }

  begin(wire: Wire, server: TlsServer, early: Buffer | undefined): void {
    try {
      this.#handshaking = server.accept(wire, early, this)
    } catch (error) {
      wire.destroy()
      this.onFailed(error as Error)
    }
  }

  abort(reason: ConnectionRefusal | undefined): void {
    this.#aborted = { reason }
    this.#handshaking?.abort(new Error('the handshake was given up'))
  }

  onSecure(wire: Wire): void {
    wire.forwarded = this.#forwarded
    this.#owner.secured(this, wire)
  }

  onFailed(error: Error): void {
    const reason = this.#aborted === undefined ? reasonOf(error) : this.#aborted.reason
    const cause = this.#aborted === undefined ? error : undefined
    this.#owner.failed(this, reason && { reason, peer: this.#peer, error: cause })
  }
}

function reasonOf({ name, message }: Error): ConnectionRefusal {
  // OpenSSL's words for a certificate that is required and was not sent.
  return name === 'ClientCertificateError' || /peer did not return a certificate/.test(message)
    ? 'client_certificate'
    : 'handshake_failed'
}
