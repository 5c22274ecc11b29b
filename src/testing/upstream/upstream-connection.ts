import type { MemoryUse, Wire, WireHandler } from '../../core/network.ts'
import { PREFACE } from '../http2/simple-frames.ts'
import type { ConnectionHost, Speaker } from './connection-host.ts'
import { Http1Speaker } from './http1-speaker.ts'
import { Http2Speaker } from './http2-speaker.ts'

/** @internal One connection of a fake upstream: finds out which version of HTTP the other side speaks, and speaks it. */
export class UpstreamConnection implements WireHandler {
  readonly closed: Promise<void>
  readonly number: number
  readonly #host: ConnectionHost
  readonly #wire: Wire
  readonly #onClosed: () => void
  #speaker: Speaker | undefined
  /** Nothing is read, for good. */
  #stalled = false
  /** What came before it was known which version it is. */
  #early: Buffer = NOTHING

  constructor(host: ConnectionHost, wire: Wire, number: number) {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.closed = promise
    this.#onClosed = resolve
    this.#host = host
    this.#wire = wire
    this.number = number
    wire.handler = this
    if (host.paused) wire.pause()
  }

  /** Speaks first, where that is for a service to do. */
  begin(): void {
    if (this.#speaker === undefined && !this.#host.paused && this.#known() === 2) this.#speak(2)
  }

  /** Reads nothing, and sends nothing, until it is closed. */
  stall(): void {
    this.#stalled = true
    this.#wire.pause()
  }

  pause(): void {
    this.#wire.pause()
  }

  resume(): void {
    if (this.#stalled) return
    this.begin()
    this.#speaker?.resume()
    this.#wire.resume()
  }

  destroy(): void {
    this.#wire.destroy()
  }

  reset(): void {
    this.#wire.reset()
  }

  onData(bytes: Buffer): MemoryUse {
    if (this.#speaker !== undefined) return this.#speaker.onData(bytes)
    const early = this.#early.length === 0 ? bytes : Buffer.concat([this.#early, bytes])
    const version = this.#known() ?? versionOf(early)
    if (version !== undefined) return this.#speak(version).onData(early)
    this.#early = early
    return undefined
  }

  onEnd(): void {
    if (this.#speaker === undefined) {
      const speaker = this.#speak(1)
      if (this.#early.length > 0) speaker.onData(this.#early)
    }
    this.#speaker!.onEnd()
  }

  onDrain(): void {
    this.#speaker?.onDrain()
  }

  onClose(error: Error | undefined): void {
    this.#speaker?.onClose(error)
    this.#onClosed()
    this.#host.onClosed(this)
  }

  /** The version, unless the first bytes will tell. */
  #known(): 1 | 2 | undefined {
    const { http1, http2 } = this.#host.versions
    if (!http2) return 1
    if (!http1) return 2
    const { tls } = this.#wire
    if (tls === undefined) return undefined
    return tls.alpn === 'h2' ? 2 : 1
  }

  #speak(version: 1 | 2): Speaker {
    const Spoken = version === 1 ? Http1Speaker : Http2Speaker
    this.#speaker = new Spoken(this.#host, this.#wire, this.number)
    return this.#speaker
  }
}

/** `undefined` as long as it may become the preface of HTTP/2. */
function versionOf(bytes: Buffer): 1 | 2 | undefined {
  const common = Math.min(bytes.length, PREFACE.length)
  if (!bytes.subarray(0, common).equals(PREFACE.subarray(0, common))) return 1
  return common === PREFACE.length ? 2 : undefined
}

const NOTHING = Buffer.alloc(0)
