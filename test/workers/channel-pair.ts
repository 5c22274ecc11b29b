import type { Channel } from '../../src/workers/channel.ts'

/** One end of two channels that are joined in one process. */
export interface PairedChannel extends Channel {
  /** Messages that it has sent so far. */
  readonly sent: number
  /** Lets nothing through any more, in its direction; nobody is told. */
  stall(): void
  /** Ends both, as a process that is gone does. */
  close(): void
}

/** Two channels, joined: what is sent by one is cloned, and comes to the other behind what runs now. */
export function channelPair(): [PairedChannel, PairedChannel] {
  const closed = Promise.withResolvers<void>()
  const one = new Paired(closed)
  const other = new Paired(closed)
  one.other = other
  other.other = one
  return [one, other]
}

class Paired implements PairedChannel {
  other!: Paired
  sent = 0
  readonly #closed: PromiseWithResolvers<void>
  readonly #listeners = new Map<string, (message: unknown) => void>()
  #stalled = false
  #isClosed = false

  constructor(closed: PromiseWithResolvers<void>) {
    this.#closed = closed
  }

  get closed(): Promise<void> {
    return this.#closed.promise
  }

  send(topic: string, message: unknown): boolean {
    if (this.#isClosed) return true
    this.sent++
    const cloned: unknown = structuredClone(message)
    if (!this.#stalled) queueMicrotask(() => this.other.#come(topic, cloned))
    return true
  }

  listen(topic: string, listener: (message: unknown) => void): void {
    this.#listeners.set(topic, listener)
  }

  stall(): void {
    this.#stalled = true
  }

  close(): void {
    this.#isClosed = true
    this.other.#isClosed = true
    this.#closed.resolve()
  }

  #come(topic: string, message: unknown): void {
    if (!this.#isClosed) this.#listeners.get(topic)?.(message)
  }
}
