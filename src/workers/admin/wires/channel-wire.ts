import type { Address, Wire, WireHandler } from '../../../core/network.ts'
import type { WireMessage } from './wire-message.ts'

/** So much of one direction may be on its way, or lie unread at the other side. */
export const WINDOW_BYTES = 262_144
/** One message carries no more, so that others come between. */
const PIECE_BYTES = 65_536

/** What is sent of a wire, without its number. */
export type OwnMessage = WireMessage extends infer M
  ? M extends WireMessage
    ? Omit<M, 'wire'>
    : never
  : never

/**
 * One end of a wire that a channel carries. What may be on its way is bounded by credit: the reader grants as much again as it
 * has taken, and a writer without any is told to wait, as by a socket that is full.
 */
export class ChannelWire implements Wire {
  handler: WireHandler = UNOWNED
  readonly remote: Address
  readonly local: Address
  readonly tls: undefined
  readonly #send: (message: OwnMessage) => void
  readonly #onOver: () => void
  /** What waits for credit, or for `uncork`. */
  #pending: Uint8Array[] = []
  #pendingBytes = 0
  #credit = WINDOW_BYTES
  #corked = false
  /** A write was told to wait. */
  #blocked = false
  #ended = false
  #endSent = false
  /** What came and was not read yet. */
  #held: Uint8Array[] = []
  /** What the other side may still send. */
  #window = WINDOW_BYTES
  #taken = 0
  #paused = false
  #delivering = false
  /** The other side writes no more; and reads no more either. */
  #peerEnded = false
  #peerGone = false
  #endTold = false
  #closed = false

  /** `onOver`: nothing that comes for it counts any more. */
  constructor(remote: Address, local: Address, send: (message: OwnMessage) => void, onOver: () => void) {
    this.remote = remote
    this.local = local
    this.#send = send
    this.#onOver = onOver
  }

  get pendingBytes(): number {
    return this.#pendingBytes
  }

  write(data: Uint8Array | string): boolean {
    if (this.#ended || this.#closed || this.#peerGone) return true
    // A copy with memory of its own: the writer's is free when this returns, and what a channel clones is all that lies behind.
    const bytes = typeof data === 'string' ? Buffer.from(data, 'latin1') : data
    if (bytes.byteLength > 0) this.#pending.push(new Uint8Array(bytes))
    this.#pendingBytes += bytes.byteLength
    if (!this.#corked) this.#flush()
    if (this.#pendingBytes <= (this.#corked ? this.#credit : 0)) return true
    this.#blocked = true
    return false
  }

  cork(): void {
    this.#corked = true
  }

  uncork(): void {
    this.#corked = false
    this.#flush()
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#deliver()
  }

  end(): void {
    if (this.#ended || this.#closed) return
    this.#ended = true
    this.#corked = false
    this.#flush()
  }

  destroy(): void {
    if (this.#closed) return
    if (!this.#peerGone) this.#send({ kind: 'close' })
    this.#close(undefined)
  }

  reset(): void {
    if (this.#closed) return
    if (!this.#peerGone) this.#send({ kind: 'reset' })
    this.#close(undefined)
  }

  /** Something came from the other side. */
  receive(message: OwnMessage): void {
    if (this.#closed) return
    if (message.kind === 'data') this.#came(message.bytes)
    else if (message.kind === 'credit') this.#granted(message.bytes)
    else if (message.kind === 'reset') this.#close(wasReset())
    else if (message.kind === 'end') this.#peerEnds(false)
    else if (message.kind === 'close') this.#peerEnds(true)
  }

  /** The channel has gone, and with it the other side. */
  lose(): void {
    this.#close(wasReset())
  }

  #came(bytes: Uint8Array): void {
    this.#window -= bytes.byteLength
    if (this.#window < 0 || this.#peerEnded) {
      // More than was granted, or behind the end: it is not what it should be.
      this.#send({ kind: 'reset' })
      this.#close(wasReset())
      return
    }
    this.#held.push(bytes)
    this.#deliver()
  }

  #granted(bytes: number): void {
    this.#credit = Math.min(WINDOW_BYTES, this.#credit + bytes)
    this.#flush()
    if (!this.#blocked || this.#pendingBytes > 0 || this.#closed) return
    this.#blocked = false
    this.handler.onDrain()
  }

  /** What is behind it in the order of time comes first: bytes that came before are read before it. */
  #peerEnds(gone: boolean): void {
    this.#peerEnded = true
    if (gone) {
      this.#peerGone = true
      this.#pending = []
      this.#pendingBytes = 0
    }
    this.#deliver()
  }

  #flush(): void {
    if (this.#corked || this.#closed || this.#peerGone) return
    while (this.#pendingBytes > 0 && this.#credit > 0) {
      const bytes = this.#nextPiece(Math.min(PIECE_BYTES, this.#credit))
      this.#credit -= bytes.byteLength
      this.#pendingBytes -= bytes.byteLength
      this.#send({ kind: 'data', bytes })
    }
    if (!this.#ended || this.#endSent || this.#pendingBytes > 0) return
    this.#endSent = true
    this.#send({ kind: 'end' })
    this.#closeIfDone()
  }

  /** As much as there is up to so many bytes, in memory of its own. */
  #nextPiece(most: number): Uint8Array {
    const piece = new Uint8Array(Math.min(most, this.#pendingBytes))
    for (let at = 0; at < piece.byteLength; ) {
      const first = this.#pending[0]!
      const part = first.subarray(0, piece.byteLength - at)
      piece.set(part, at)
      at += part.byteLength
      if (part.byteLength === first.byteLength) this.#pending.shift()
      else this.#pending[0] = first.subarray(part.byteLength)
    }
    return piece
  }

  #deliver(): void {
    if (this.#delivering) return
    this.#delivering = true
    while (!this.#paused && !this.#closed) {
      const bytes = this.#held.shift()
      if (bytes === undefined) break
      this.handler.onData(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
      this.#grant(bytes.byteLength)
    }
    this.#delivering = false
    if (this.#paused || this.#closed || !this.#peerEnded) return
    if (!this.#endTold) {
      this.#endTold = true
      this.handler.onEnd()
    }
    if (this.#peerGone) this.#close(undefined)
    else this.#closeIfDone()
  }

  /** In large steps, so that not each message is answered by another one. */
  #grant(bytes: number): void {
    this.#taken += bytes
    if (this.#taken < WINDOW_BYTES / 2 || this.#closed || this.#peerEnded) return
    this.#window += this.#taken
    this.#send({ kind: 'credit', bytes: this.#taken })
    this.#taken = 0
  }

  #closeIfDone(): void {
    if (this.#endSent && this.#endTold) this.#close(undefined)
  }

  #close(error: Error | undefined): void {
    if (this.#closed) return
    this.#closed = true
    this.#pending = []
    this.#pendingBytes = 0
    this.#held = []
    this.#onOver()
    const { handler } = this
    this.handler = UNOWNED
    // Not within the call that ended it: whoever called is not done yet.
    queueMicrotask(() => handler.onClose(error))
  }
}

function wasReset(): Error {
  return Object.assign(new Error('the connection was reset'), { code: 'ECONNRESET' })
}

const UNOWNED: WireHandler = {
  onData: () => true,
  onEnd: () => {},
  onDrain: () => {},
  onClose: () => {},
}
