import type { MemoryUse, Wire, WireHandler } from '../core/network.ts'
import { CLIENT_PREFACE } from './http2/frame-head.ts'

/**
 * Finds out which protocol a client speaks in clear text: HTTP/2 begins with a preface that no request of HTTP/1.1 begins with
 * (RFC 9113 section 3.3). Holds at most that preface, and hands all that came on.
 */
export class ProtocolSniffer implements WireHandler {
  readonly #wire: Wire
  readonly #http1: WireHandler
  readonly #http2: () => WireHandler
  #held = 0

  /** `http1` serves unless the preface comes; then `http2` makes the one that does. */
  constructor(wire: Wire, http1: WireHandler, http2: () => WireHandler) {
    this.#wire = wire
    this.#http1 = http1
    this.#http2 = http2
  }

  onData(chunk: Buffer): MemoryUse {
    const before = this.#held
    const end = Math.min(chunk.length, CLIENT_PREFACE.length - before)
    let i = 0
    while (i < end && chunk[i] === CLIENT_PREFACE[before + i]) i++
    if (i < end) return this.#handOver(this.#http1, chunk)
    if (before + end === CLIENT_PREFACE.length) return this.#handOver(this.#http2(), chunk)
    this.#held = before + end
    return true
  }

  onEnd(): void {
    this.#handOver(this.#http1, NOTHING)
    this.#wire.handler.onEnd()
  }

  onDrain(): void {}

  onClose(error: Error | undefined): void {
    this.#http1.onClose(error)
  }

  #handOver(handler: WireHandler, chunk: Buffer): MemoryUse {
    this.#wire.handler = handler
    // What is held is the beginning of the preface: that is how it was found.
    if (this.#held > 0) handler.onData(Buffer.from(CLIENT_PREFACE.subarray(0, this.#held)))
    return chunk.length === 0 ? true : this.#wire.handler.onData(chunk)
  }
}

const NOTHING = Buffer.alloc(0)
