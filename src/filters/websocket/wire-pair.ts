import type { Address, TlsFacts, Wire, WireHandler } from '../../core/network.ts'

/**
 * Two wires joined in memory: what is written to one is read from the other, in the same call. Held is only what is written
 * to one that is paused; whoever writes it was told to wait.
 */
export function wirePair(like: Wire): [Wire, Wire] {
  const one = new PairedWire(like)
  const other = new PairedWire(like)
  one.other = other
  other.other = one
  return [one, other]
}

class PairedWire implements Wire {
  handler: WireHandler = UNOWNED
  readonly remote: Address
  readonly local: Address
  readonly tls: TlsFacts | undefined
  /** What is written is read at once, or copied: nobody's memory is held. */
  readonly pendingBytes = 0
  other!: PairedWire
  #held: Buffer[] = []
  #paused = false
  #delivering = false
  /** Writing has ended, and so has reading. */
  #ended = false
  #read = false
  #closed = false

  constructor({ remote, local, tls }: Wire) {
    this.remote = remote
    this.local = local
    this.tls = tls
  }

  write(data: Uint8Array | string): boolean {
    if (this.#ended || this.#closed) return true
    return this.other.#take(bytesOf(data))
  }

  cork(): void {}
  uncork(): void {}

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#deliver()
    if (!this.#paused && !this.#closed && !this.#read) this.other.handler.onDrain()
  }

  end(): void {
    if (this.#ended || this.#closed) return
    this.#ended = true
    this.other.#deliver()
    this.#closeIfDone()
  }

  destroy(): void {
    this.#close(undefined)
    this.other.#close(undefined)
  }

  reset(): void {
    this.#close(undefined)
    this.other.#close(new Error('the connection was reset'))
  }

  #take(data: Buffer): boolean {
    if (this.#closed) return true
    if (this.#paused || this.#delivering) this.#held.push(Buffer.from(data))
    else this.handler.onData(data)
    return !this.#paused
  }

  #deliver(): void {
    if (this.#delivering) return
    this.#delivering = true
    for (;;) {
      if (this.#paused || this.#closed) break
      const data = this.#held.shift()
      if (data === undefined) break
      this.handler.onData(data)
    }
    this.#delivering = false
    if (this.#paused || this.#closed || this.#read || !this.other.#ended) return
    this.#read = true
    this.handler.onEnd()
    this.#closeIfDone()
  }

  #closeIfDone(): void {
    if (!this.#ended || !this.#read || !this.other.#read) return
    this.#close(undefined)
    this.other.#close(undefined)
  }

  #close(error: Error | undefined): void {
    if (this.#closed) return
    this.#closed = true
    this.#held = []
    const { handler } = this
    this.handler = UNOWNED
    // Not within the call that ended it: whoever called is not done yet.
    queueMicrotask(() => handler.onClose(error))
  }
}

function bytesOf(data: Uint8Array | string): Buffer {
  if (typeof data === 'string') return Buffer.from(data, 'latin1')
  return Buffer.isBuffer(data) ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength)
}

const UNOWNED: WireHandler = {
  onData: () => true,
  onEnd: () => {},
  onDrain: () => {},
  onClose: () => {},
}
