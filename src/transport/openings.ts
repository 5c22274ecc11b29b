import { type Clock, Deadline } from '../core/clock.ts'
import { type MemoryUse, peerOf, type Wire, type WireHandler } from '../core/network.ts'
import type { ConnectionRefusal, RefusedConnection } from '../core/observer.ts'
import { GrowingBuffer } from './http1/growing-buffer.ts'

/** How connections begin that are read before they are served. */
export interface OpeningRules<T> {
  readonly clock: Clock
  /** How long it may take until all of it has come. */
  readonly timeoutMs: number
  /**
   * Reads what has come so far: `undefined` while that is not enough. It bounds how much that can be.
   * @throws an `Error` for what cannot be right
   */
  readonly parse: (bytes: Buffer) => T | undefined
  /** Why a connection is refused that begins in another way. */
  readonly refusal: ConnectionRefusal
  /** Why one is refused that takes too long. */
  readonly timeoutRefusal: ConnectionRefusal
}

/** Whom the openings belong to. */
export interface OpeningsOwner<T> {
  /** One was read. `bytes` is all that came. The callee sets the wire's handler before it returns. */
  opened(wire: Wire, opening: T, bytes: Buffer): MemoryUse
  /** One is refused, or its client has left, and its connection is closed. `undefined`: there is nothing to tell. */
  unopened(refused: RefusedConnection | undefined): void
}

/** The connections of a listener of which the begin is being read: each is served, or ended in time. */
export class Openings<T> {
  readonly rules: OpeningRules<T>
  readonly #owner: OpeningsOwner<T>
  /** The oldest first. */
  readonly #running = new Set<Opening<T>>()
  /** Those whose connection is being closed. */
  readonly #givenUp = new Set<Opening<T>>()
  readonly #deadline: Deadline

  constructor(rules: OpeningRules<T>, owner: OpeningsOwner<T>) {
    this.rules = rules
    this.#owner = owner
    this.#deadline = new Deadline(rules.clock, () => this.#expire())
  }

  /** Connections that are in one. */
  get size(): number {
    return this.#running.size + this.#givenUp.size
  }

  /** Begins to read a wire that was accepted. */
  begin(wire: Wire): void {
    const { clock, timeoutMs } = this.rules
    const opening = new Opening(wire, clock.now() + timeoutMs, this)
    this.#running.add(opening)
    if (this.#running.size === 1) this.#deadline.arm(timeoutMs)
    wire.handler = opening
  }

  /** Gives up all that are under way. */
  close(): void {
    this.#deadline.close()
    for (const opening of this.#running) opening.giveUp()
  }

  opened(opening: Opening<T>, wire: Wire, result: T, bytes: Buffer): MemoryUse {
    this.#stop(opening)
    return this.#owner.opened(wire, result, bytes)
  }

  givenUp(opening: Opening<T>): void {
    this.#stop(opening)
    this.#givenUp.add(opening)
  }

  closed(opening: Opening<T>, refused: RefusedConnection | undefined): void {
    this.#givenUp.delete(opening)
    this.#owner.unopened(refused)
  }

  #stop(opening: Opening<T>): void {
    this.#running.delete(opening)
    if (this.#running.size === 0) this.#deadline.close()
  }

  #expire(): void {
    const now = this.rules.clock.now()
    for (const opening of this.#running) {
      if (opening.until > now + 1) {
        this.#deadline.arm(opening.until - now)
        return
      }
      opening.giveUp(this.rules.timeoutRefusal)
    }
  }
}

/** One connection whose begin is being read. */
class Opening<T> implements WireHandler {
  /** On the clock. */
  readonly until: number
  readonly #wire: Wire
  readonly #owner: Openings<T>
  #held: GrowingBuffer | undefined
  #givenUp: { readonly refused: RefusedConnection | undefined } | undefined

  constructor(wire: Wire, until: number, owner: Openings<T>) {
    this.#wire = wire
    this.until = until
    this.#owner = owner
  }

  onData(chunk: Buffer): MemoryUse {
    if (this.#givenUp !== undefined) return true
    const held = this.#held
    held?.append(chunk)
    const bytes = held === undefined ? chunk : held.bytes.subarray(0, held.length)
    let result: T | undefined
    try {
      result = this.#owner.rules.parse(bytes)
    } catch (error) {
      this.giveUp(this.#owner.rules.refusal, error as Error)
      return true
    }
    if (result !== undefined) {
      const use = this.#owner.opened(this, this.#wire, result, bytes)
      return held === undefined ? use : true
    }
    if (held === undefined) {
      this.#held = new GrowingBuffer()
      this.#held.append(chunk)
    }
    return true
  }

  onEnd(): void {
    this.#left(undefined)
  }

  onDrain(): void {}

  onClose(error: Error | undefined): void {
    this.#left(error)
    this.#owner.closed(this, this.#givenUp?.refused)
  }

  /** Closes the connection, for this reason if there is one to tell. */
  giveUp(reason?: ConnectionRefusal, error?: Error): void {
    if (this.#givenUp !== undefined) return
    this.#givenUp = { refused: reason && { reason, peer: peerOf(this.#wire), error } }
    this.#owner.givenUp(this)
    this.#wire.destroy()
  }

  /** The client sends no more. Who has sent nothing at all has only looked whether somebody listens. */
  #left(error: Error | undefined): void {
    if (this.#held === undefined) this.giveUp()
    else this.giveUp(this.#owner.rules.refusal, error ?? new Error('it ended before that was complete'))
  }
}
