import type { Address, TlsFacts, Wire, WireHandler } from '../../src/core/network.ts'

/** How a connection ends in the midst of what is sent on it. */
export type Cut = 'reset' | 'end'

/** A wire that sends so many bytes and then ends, whatever its owner still writes. */
export class CutWire implements Wire {
  readonly remote: Address
  readonly local: Address
  readonly tls: TlsFacts | undefined
  /** Bytes that were sent. */
  passed = 0
  /** Whether it has ended so. */
  cut = false
  readonly #inner: Wire
  /** How it has ended, or will. */
  how: Cut
  readonly #at: number

  constructor(inner: Wire, at: number = Number.POSITIVE_INFINITY, how: Cut = 'end') {
    this.#inner = inner
    this.#at = at
    this.how = how
    this.remote = inner.remote
    this.local = inner.local
    this.tls = inner.tls
  }

  get handler(): WireHandler {
    return this.#inner.handler
  }

  set handler(handler: WireHandler) {
    this.#inner.handler = handler
  }

  get pendingBytes(): number {
    return this.#inner.pendingBytes
  }

  write(data: Uint8Array | string): boolean {
    if (this.cut) return true
    const bytes = typeof data === 'string' ? Buffer.from(data, 'latin1') : Buffer.from(data)
    const part = bytes.subarray(0, this.#at - this.passed)
    this.passed += part.length
    const room = this.#inner.write(part)
    if (this.passed < this.#at) return room
    this.cut = true
    this.#inner[this.how]()
    return true
  }

  cork(): void {
    this.#inner.cork()
  }

  uncork(): void {
    this.#inner.uncork()
  }

  pause(): void {
    this.#inner.pause()
  }

  resume(): void {
    this.#inner.resume()
  }

  end(): void {
    if (this.cut) return
    this.cut = true
    this.how = 'end'
    this.#inner.end()
  }

  destroy(): void {
    this.#stop()
    this.#inner.destroy()
  }

  reset(): void {
    this.#stop()
    this.#inner.reset()
  }

  #stop(): void {
    if (!this.cut) this.how = 'reset'
    this.cut = true
  }
}
