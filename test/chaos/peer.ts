import type { Clock } from '../../src/core/clock.ts'
import type { Wire, WireHandler } from '../../src/core/network.ts'

/** One end of a connection, moved by a script. */
export class Peer implements WireHandler {
  readonly wire: Wire
  /** The other side sends no more. */
  ended = false
  /** Everything is over; `error` says whether by a reset. */
  closed = false
  error: Error | undefined
  readonly #clock: Clock
  readonly #onBytes: (chunk: Buffer) => void
  readonly #onEnd: () => void
  #wake: (() => void)[] = []

  constructor(wire: Wire, clock: Clock, onBytes: (chunk: Buffer) => void, onEnd: () => void = () => {}) {
    this.wire = wire
    this.#clock = clock
    this.#onBytes = onBytes
    this.#onEnd = onEnd
    wire.handler = this
  }

  onData(chunk: Buffer): true {
    this.#onBytes(chunk)
    this.changed()
    return true
  }

  onEnd(): void {
    this.ended = true
    this.#onEnd()
    this.changed()
  }

  onDrain(): void {
    this.changed()
  }

  onClose(error: Error | undefined): void {
    this.closed = true
    this.error = error
    this.changed()
  }

  /** Goes on when the condition holds, or everything is over, or the time is up. Says whether the condition holds. */
  async until(condition: () => boolean, limitMs: number): Promise<boolean> {
    let late = false
    const timer = this.#clock.setTimeout(() => {
      late = true
      this.changed()
    }, limitMs)
    while (!condition() && !this.closed && !late)
      await new Promise<void>((resolve) => this.#wake.push(resolve))
    timer.clear()
    return condition()
  }

  /** Waits, unless it is over before. */
  async sleep(ms: number): Promise<void> {
    if (ms > 0) await this.until(() => false, ms)
  }

  changed(): void {
    const woken = this.#wake
    this.#wake = []
    for (const wake of woken) wake()
  }
}
