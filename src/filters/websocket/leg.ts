import { type Clock, Deadline } from '../../core/clock.ts'
import type { MemoryUse, Wire, WireHandler } from '../../core/network.ts'
import type { Random } from '../../core/random.ts'
import type { Agreement } from './compression.ts'
import { type Frame, type FrameTaker, MessageReader } from './message-reader.ts'
import { MessageWriter } from './message-writer.ts'
import type { WsParts } from './ws-parts.ts'

/** Whom a message comes from. */
export type MessageSource = 'client' | 'upstream'

export interface LegSettings {
  readonly maxMessageBytes: number
  readonly maxQueued: number
  /** `Infinity`: no pings. */
  readonly pingMs: number
  readonly pingTimeoutMs: number
}

/** Who is told of what a leg has to say. */
export interface LegOwner {
  /** Frames wait to be taken. */
  onFrames(leg: Leg): void
  onBroken(leg: Leg, error: Error): void
  /** It has answered nothing for too long. */
  onSilent(leg: Leg): void
  /** Its wire has ended; `error`: by a reset, or the like. */
  onClosed(leg: Leg, error: Error | undefined): void
}

/** One of the two connections that make a WebSocket connection through a proxy: to the client, or to the service. */
export class Leg implements WireHandler, FrameTaker {
  readonly name: MessageSource
  readonly writer: MessageWriter
  /** Whether a frame of it is being dealt with: the next one waits. */
  busy = false
  /** What its peer was told or has said of the end. */
  closeSent = false
  closeReceived = false
  closed = false
  readonly #wire: Wire
  readonly #owner: LegOwner
  readonly #settings: LegSettings
  readonly #random: Random
  readonly #reader: MessageReader
  readonly #liveness: Deadline | undefined
  #queue: Frame[] = []
  #queuedBytes = 0
  #bytesReceived = 0
  #paused = false
  #discards = false
  #peerEnded = false
  #ended = false
  #asked = false
  #lastPing: Buffer | undefined

  constructor(
    name: MessageSource,
    wire: Wire,
    owner: LegOwner,
    settings: LegSettings,
    { ws, agreement, clock, random }: { ws: WsParts; agreement: Agreement; clock: Clock; random: Random },
  ) {
    this.name = name
    this.#wire = wire
    this.#owner = owner
    this.#settings = settings
    this.#random = random
    const isServer = name === 'client'
    const { maxMessageBytes } = settings
    this.#reader = new MessageReader(ws, this, {
      isServer,
      deflate: agreement.deflate(isServer, maxMessageBytes),
      maxMessageBytes,
    })
    this.writer = new MessageWriter(ws, wire, { masks: !isServer, deflate: agreement.deflate(isServer, 0) })
    if (settings.pingMs === Number.POSITIVE_INFINITY) return
    this.#liveness = new Deadline(clock, () => this.#heardNothing())
    this.#liveness.arm(settings.pingMs)
  }

  get bytesReceived(): number {
    return this.#bytesReceived
  }

  /** The next frame, if one has come. */
  take(): Frame | undefined {
    const frame = this.#queue.shift()
    if (frame === undefined) return undefined
    this.#queuedBytes -= frame.data.length
    this.#reader.read()
    this.#adjustFlow()
    return frame
  }

  /** Whether a pong answers a ping of ours. */
  answersUs(data: Buffer): boolean {
    if (this.#lastPing?.equals(data) !== true) return false
    this.#lastPing = undefined
    return true
  }

  /** Whether both have said that they close. */
  get saidGoodbye(): boolean {
    return this.closeSent && this.closeReceived
  }

  /** Ends its wire if both have said that they close. */
  endIfDone(): void {
    // It is the server that closes first: the port of who does is not free for a while.
    if (this.saidGoodbye && (this.name === 'client' || this.#peerEnded)) this.end()
  }

  /** Writes no more. What still comes is read. */
  end(): void {
    if (this.#ended || this.closed) return
    this.#ended = true
    this.writer.stop()
    this.#wire.end()
  }

  /** Reads no more: what still comes is dropped. */
  discard(): void {
    this.#discards = true
    this.#queue = []
    this.#queuedBytes = 0
    this.#reader.stop()
    this.#adjustFlow()
  }

  reset(): void {
    if (!this.closed) this.#wire.reset()
  }

  /** Its wire is closed. */
  close(): void {
    this.closed = true
    this.#liveness?.close()
    this.writer.stop()
    this.#reader.end()
  }

  // The wire's side.

  onData(chunk: Buffer): MemoryUse {
    this.#bytesReceived += chunk.length
    if (this.#discards) return true
    // Whoever gave us the wire has had it read on since.
    if (this.#paused) this.#wire.pause()
    if (this.#liveness !== undefined) {
      this.#asked = false
      this.#liveness.arm(this.#settings.pingMs)
    }
    this.#reader.push(chunk)
    this.#adjustFlow()
    return true
  }

  onEnd(): void {
    this.#peerEnded = true
    this.#reader.end()
    this.endIfDone()
  }

  onDrain(): void {
    this.writer.drained()
  }

  onClose(error: Error | undefined): void {
    if (!this.closed) this.#owner.onClosed(this, error)
  }

  // The reader's side.

  get full(): boolean {
    const { maxQueued, maxMessageBytes } = this.#settings
    return this.#queue.length >= maxQueued || this.#queuedBytes >= maxMessageBytes
  }

  onFrame(frame: Frame): void {
    if (this.#discards) return
    this.#queue.push(frame)
    this.#queuedBytes += frame.data.length
    this.#owner.onFrames(this)
  }

  onBroken(error: Error): void {
    this.#owner.onBroken(this, error)
  }

  onRead(): void {
    this.#adjustFlow()
  }

  #adjustFlow(): void {
    const pause = !this.#discards && (this.full || this.#reader.behind)
    if (pause === this.#paused) return
    this.#paused = pause
    if (pause) this.#wire.pause()
    else this.#wire.resume()
  }

  #heardNothing(): void {
    const { pingMs, pingTimeoutMs } = this.#settings
    // What it says is not read just now.
    if (this.#paused || this.#discards) this.#liveness?.arm(pingMs)
    else if (this.#asked) this.#owner.onSilent(this)
    else {
      this.#asked = true
      this.#lastPing = Buffer.from(Array.from({ length: 8 }, () => this.#random() * 256))
      void this.writer.control('ping', this.#lastPing)
      this.#liveness?.arm(pingTimeoutMs)
    }
  }
}
