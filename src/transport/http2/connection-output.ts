import { SMALL_BYTES, type Wire } from '../../core/network.ts'
import { ErrorCode, Http2Fault } from './error-codes.ts'
import type { FloodGuard } from './flood-guard.ts'
import { FrameWriter } from './frame-writer.ts'
import { SendQueue } from './send-queue.ts'
import { MAX_WINDOW } from './settings.ts'
import type { Http2Stream } from './stream.ts'

/** What every endpoint has before anyone says otherwise (RFC 9113 section 6.9.2). */
export const DEFAULT_WINDOW = 65_535
/** A wire that has more than this to send is given no more of bodies. */
const MAX_UNSENT_BYTES = 65_536
/** And any other one no more than this at a time. */
const MAX_PIECE_BYTES = 131_072
/**
 * With so much unsent, nothing more is read: a peer that does not read either must not be answered without an end. Bodies alone
 * never come to as much. Two ends that both stopped reading for what they send would wait for each other.
 */
const MAX_UNREAD_BYTES = 262_144
/** Answers that the peer asked for, while it does not read what we send. */
const MAX_UNREAD_ANSWERS = 1_000

/**
 * What a connection sends: what is written in one event leaves in one write, at its end. Bodies go within the connection's window,
 * no faster than the wire takes them, and streams take turns.
 */
export class ConnectionOutput {
  readonly writer: FrameWriter
  readonly #wire: Wire
  readonly #guard: FloodGuard
  readonly #fail: (thrown: unknown) => void
  readonly #queue = new SendQueue()
  #window = DEFAULT_WINDOW
  #inEvent = false
  #flushAwaited = false
  /** The wire has not sent all that it was given. */
  #blocked = false
  #unreadAnswers = 0
  #paused = false
  #phase: 'open' | 'ending' | 'closed' = 'open'

  /** `fail` is told of what streams throw. */
  constructor(wire: Wire, guard: FloodGuard, fail: (thrown: unknown) => void) {
    this.writer = new FrameWriter(wire)
    this.#wire = wire
    this.#guard = guard
    this.#fail = fail
  }

  /** Bytes of bodies that may be written now. */
  get room(): number {
    if (this.#blocked || this.#wire.pendingBytes > MAX_UNSENT_BYTES) return 0
    return Math.max(0, Math.min(this.#window, MAX_PIECE_BYTES))
  }

  /** Writes a piece of a body that is within the windows. Returns whether its memory is free. */
  data(streamId: number, chunk: Uint8Array, endStream: boolean): boolean {
    this.#window -= chunk.byteLength
    this.#guard.usefulFrames(Math.ceil(chunk.byteLength / this.writer.maxFrameBytes))
    const free = this.writer.data(streamId, chunk, endStream)
    if (chunk.byteLength > SMALL_BYTES) this.#noteBlocked(this.writer.flush())
    else this.flushSoon()
    return free
  }

  /** The stream has something to send that was not taken. */
  waits(stream: Http2Stream): void {
    this.#queue.add(stream)
    this.flushSoon()
  }

  /** The peer lets us send so much more. */
  grow(increment: number): void {
    this.#window += increment
    if (this.#window > MAX_WINDOW)
      throw new Http2Fault(ErrorCode.FLOW_CONTROL_ERROR, 'a window of more than 2^31 - 1')
  }

  /** An answer was written that the peer has asked for: they must not pile up where it does not read them. */
  answered(): void {
    if (this.#blocked && ++this.#unreadAnswers > MAX_UNREAD_ANSWERS)
      throw new Http2Fault(ErrorCode.ENHANCE_YOUR_CALM, 'answers that nobody reads')
  }

  // When it leaves.

  /** What is written from now on waits for `endEvent`. */
  beginEvent(): void {
    this.#inEvent = true
  }

  endEvent(): void {
    this.#inEvent = false
    this.#flush()
  }

  /** Sees to it that what was written leaves, at the end of this event. */
  flushSoon(): void {
    if (this.#inEvent || this.#flushAwaited) return
    this.#flushAwaited = true
    queueMicrotask(this.#flushLater)
  }

  readonly #flushLater = (): void => {
    this.#flushAwaited = false
    this.#flush()
  }

  #flush(): void {
    if (this.#phase === 'closed') return
    this.#inEvent = true
    try {
      while (this.#queue.size > 0) {
        const { room } = this
        const stream = room > 0 ? this.#queue.next() : undefined
        if (stream === undefined) break
        stream.sendNext(Math.min(room, this.writer.maxFrameBytes))
      }
    } catch (thrown) {
      this.#fail(thrown)
    }
    this.#inEvent = false
    this.#noteBlocked(this.writer.flush())
  }

  #noteBlocked(more: boolean): void {
    const { pendingBytes } = this.#wire
    if (more || pendingBytes === 0) return
    this.#blocked = true
    if (this.#phase !== 'open' || this.#paused || pendingBytes < MAX_UNREAD_BYTES) return
    this.#paused = true
    this.#wire.pause()
  }

  /** The wire has sent what it was given. */
  drained(): void {
    this.#blocked = false
    this.#unreadAnswers = 0
    this.#readOn()
    this.#flush()
  }

  #readOn(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#wire.resume()
  }

  // Ends.

  /** Sends what was written, then the end of our side. */
  end(): void {
    this.#phase = 'ending'
    this.writer.flush()
    this.#wire.end()
  }

  /** Nothing is written any more. */
  close(): void {
    this.#phase = 'closed'
  }
}
