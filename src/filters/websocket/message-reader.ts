import { Agreement } from './compression.ts'
import type { PerMessageDeflate, Receiver, WsParts } from './ws-parts.ts'

/** What a peer has said, in its order. `end`: it says no more, without having closed. */
export type Frame =
  | { readonly kind: 'text' | 'binary' | 'ping' | 'pong'; readonly data: Buffer }
  /** `data`: code and reason as they stand in the frame, or nothing. */
  | { readonly kind: 'close'; readonly data: Buffer }
  | { readonly kind: 'end'; readonly data: Buffer }

/** Who takes what is read. */
export interface FrameTaker {
  /** Whether nothing more is to be read for now. */
  readonly full: boolean
  onFrame(frame: Frame): void
  /** The peer broke the rules. Nothing more is read. */
  onBroken(error: Error): void
  /** All that came was read. */
  onRead(): void
}

/**
 * Bytes are given to the parser in slices, so that what comes of one is bounded: as many empty messages as go into it, or
 * what compression makes of it, which is at most about a thousand times as much.
 */
const SLICE = 4_096
const COMPRESSED_SLICE = 1_024

/** So many pieces may be kept for one message, and some more for what it may weigh: each takes memory beside its content. */
const MAX_PIECES = 1_024

const NOTHING = Buffer.alloc(0)

/** Makes messages of a peer's bytes, at the pace of who takes them. */
export class MessageReader {
  readonly #taker: FrameTaker
  readonly #receiver: Receiver
  readonly #deflate: PerMessageDeflate | undefined
  readonly #slice: number
  readonly #written: (error: Error | null | undefined) => void
  #unread: Buffer[] = []
  #ending = false
  #reading = false
  #inflating = false
  #over = false

  constructor(
    ws: WsParts,
    taker: FrameTaker,
    {
      isServer,
      deflate,
      maxMessageBytes,
    }: { isServer: boolean; deflate: PerMessageDeflate | undefined; maxMessageBytes: number },
  ) {
    this.#taker = taker
    this.#deflate = deflate
    this.#slice = deflate === undefined ? SLICE : COMPRESSED_SLICE
    const pieces = MAX_PIECES + Math.ceil(maxMessageBytes / this.#slice)
    this.#receiver = new ws.Receiver({
      isServer,
      extensions: Agreement.extensions(deflate),
      maxPayload: maxMessageBytes,
      maxFragments: pieces,
      // Small packets are kept as they come, until a frame is complete.
      maxBufferedChunks: pieces * PIECES_OF_FRAGMENT,
    })
    this.#written = (error) => this.#took(error)
    this.#receiver
      .on('message', (data, binary) => taker.onFrame({ kind: binary ? 'binary' : 'text', data }))
      .on('ping', (data) => taker.onFrame({ kind: 'ping', data }))
      .on('pong', (data) => taker.onFrame({ kind: 'pong', data }))
      .on('conclude', (code, reason) => this.#closed(code, reason))
      // It comes to the callback of the write, too.
      .on('error', () => {})
  }

  /** Whether bytes wait to be read. */
  get behind(): boolean {
    return this.#unread.length > 0 || this.#inflating
  }

  /** Takes a copy of what came, and reads as much of it as is wanted. */
  push(chunk: Buffer): void {
    if (this.#over) return
    for (let at = 0; at < chunk.length; at += this.#slice)
      this.#unread.push(Buffer.from(chunk.subarray(at, at + this.#slice)))
    this.read()
  }

  /** The peer sends no more. */
  end(): void {
    this.#ending = true
    this.read()
  }

  /** Goes on with what has come. */
  read(): void {
    if (this.#reading) return
    this.#reading = true
    while (!this.#over && !this.#inflating && !this.#taker.full) {
      const slice = this.#unread.shift()
      if (slice === undefined) break
      this.#receiver.write(slice, this.#written)
      if (this.#receiver.errored !== null) this.#broken(this.#receiver.errored)
      else if (this.#receiver.writableLength > 0) this.#inflating = true
    }
    this.#reading = false
    if (this.#over || this.behind) return
    this.#taker.onRead()
    if (!this.#ending) return
    this.#over = true
    this.#taker.onFrame({ kind: 'end', data: NOTHING })
    this.#release()
  }

  /** Nothing more is read, and all memory goes back. */
  stop(): void {
    if (this.#over) return
    this.#over = true
    this.#release()
  }

  #took(error: Error | null | undefined): void {
    if (error) this.#broken(error)
    if (!this.#inflating) return
    this.#inflating = false
    if (this.#over) this.#release()
    else this.read()
  }

  #broken(error: Error): void {
    if (this.#over) return
    this.#over = true
    this.#taker.onBroken(error)
    this.#release()
  }

  #closed(code: number, reason: Buffer): void {
    if (this.#over) return
    this.#over = true
    const data = code === NO_CODE ? NOTHING : Buffer.alloc(2 + reason.length)
    if (code !== NO_CODE) {
      data.writeUInt16BE(code)
      reason.copy(data, 2)
    }
    this.#taker.onFrame({ kind: 'close', data })
    this.#release()
  }

  #release(): void {
    this.#unread = []
    // What expands just now still needs it.
    if (!this.#inflating) this.#deflate?.cleanup()
  }
}

const NO_CODE = 1005
const PIECES_OF_FRAGMENT = 16
