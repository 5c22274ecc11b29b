import type { MemoryUse, Wire } from '../../core/network.ts'
import { MOST } from '../http2/simple-frames.ts'
import { type SessionHandler, SimpleSession, type StreamHandler } from '../http2/simple-session.ts'
import type { SimpleStream } from '../http2/simple-stream.ts'
import type { ConnectionHost, Speaker } from './connection-host.ts'
import type { Fault } from './fault.ts'
import { Http2Turn } from './http2-turn.ts'

/** @internal A fake upstream's end of a connection by HTTP/2: reads requests, and answers them at the same time. */
export class Http2Speaker implements Speaker, SessionHandler {
  readonly host: ConnectionHost
  readonly wire: Wire
  readonly connection: number
  readonly session: SimpleSession
  readonly #turns = new Map<number, Http2Turn>()
  /**
   * - `open`: streams are taken.
   * - `draining`: those that were taken are answered, then the connection ends.
   * - `ended`: nothing more is sent. It is read on, as one does who has only ended its own side.
   * - `closed`: it is over.
   */
  #state: 'open' | 'draining' | 'ended' | 'closed' = 'open'
  /** No stream above it is taken. */
  #lastTaken = MOST
  /** Whether it was said that there will be a last one, and not which. */
  #noticed = false

  constructor(host: ConnectionHost, wire: Wire, connection: number) {
    this.host = host
    this.wire = wire
    this.connection = connection
    const { streams, windowBytes, extendedConnect } = host.versions
    this.session = new SimpleSession(wire, this, { side: 'server', streams, windowBytes, extendedConnect })
    this.session.begin()
  }

  get mayWrite(): boolean {
    return this.#state === 'open' || this.#state === 'draining'
  }

  get closed(): boolean {
    return this.#state === 'closed'
  }

  // The wire's side.

  onData(bytes: Buffer): MemoryUse {
    try {
      if (this.#state !== 'ended') this.session.push(bytes)
    } catch (error) {
      this.host.onError(error)
      this.session.goaway(this.session.lastStreamId, 'PROTOCOL_ERROR')
      this.end()
    }
    // Bodies are kept as they came.
    return undefined
  }

  onEnd(): void {
    if (this.#state === 'open') this.#state = 'draining'
    this.#endIfDone()
  }

  onDrain(): void {
    if (!this.host.paused) this.resume()
  }

  resume(): void {
    this.session.drained()
    for (const turn of this.#turns.values()) turn.wake()
  }

  onClose(): void {
    this.#state = 'closed'
    this.session.close()
    for (const turn of this.#turns.values()) turn.leave()
    this.#turns.clear()
  }

  // The session's side.

  onStream(stream: SimpleStream): StreamHandler | undefined {
    if (stream.id > this.#lastTaken) return undefined
    if (this.session.openStreams > (this.host.versions.streams ?? MOST)) {
      stream.reset('REFUSED_STREAM')
      return undefined
    }
    const turn = new Http2Turn(this, stream)
    this.#turns.set(stream.id, turn)
    return turn
  }

  onGoaway(): void {
    // The other side opens no more streams then, and says so by ending the connection.
  }

  onSettings(): void {}

  onOver(stream: SimpleStream): void {
    this.#turns.delete(stream.id)
    this.#endIfDone()
  }

  // What turns call.

  /** A turn will never be answered: nobody waits for it. */
  turnSilent(): void {
    this.#endIfDone()
  }

  /** Bytes as they are. */
  raw(bytes: Uint8Array): void {
    this.session.raw(bytes)
  }

  /** Takes no more streams, and ends when those that were taken are answered. */
  drain(): void {
    if (!this.mayWrite) return
    this.#lastTaken = this.session.lastStreamId
    this.session.goaway(this.#lastTaken, 'NO_ERROR')
    this.#state = 'draining'
    this.#endIfDone()
  }

  /** Says GOAWAY as a fault wants it. */
  goAway({ last = 'this', code = 'NO_ERROR', closes = 'drained' }: GoawayFault, stream: SimpleStream): void {
    const id = last === 'all' ? MOST : last === 'this' ? stream.id : Math.max(0, stream.id - 2)
    this.#lastTaken = Math.min(this.#lastTaken, id)
    this.#noticed = last === 'all'
    this.session.goaway(id, code)
    if (closes === 'at-once') this.end()
    else this.#state = 'draining'
  }

  /** Ends its own side. */
  end(): void {
    this.mute()
    this.wire.end()
  }

  /** Nothing more is sent. */
  mute(): void {
    if (this.mayWrite) this.#state = 'ended'
    this.session.mute()
  }

  /** Resets the connection behind all that was written. */
  async reset(): Promise<void> {
    this.mute()
    await this.session.flushed()
    this.wire.reset()
  }

  /** Draining is over when nothing that was taken will be answered any more. */
  #endIfDone(): void {
    if (this.#state !== 'draining') return
    for (const turn of this.#turns.values()) if (!turn.silent) return
    if (this.#noticed) this.session.goaway(this.session.lastStreamId, 'NO_ERROR')
    this.end()
  }
}

type GoawayFault = Extract<Fault, { kind: 'goaway' }>
