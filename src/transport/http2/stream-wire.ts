import type { BodySink, BodySource } from '../../core/body-source.ts'
import type { Address, MemoryUse, TlsFacts, Wire, WireHandler } from '../../core/network.ts'
import { ErrorCode } from './error-codes.ts'
import type { Http2Stream } from './stream.ts'
import type { StreamBody } from './stream-body.ts'

/**
 * A stream as a wire, for a tunnel (RFC 8441): what is written leaves as the stream's body, and what comes on the stream is
 * read. END_STREAM is the end of a side, as FIN is with TCP; RST_STREAM is a reset.
 */
export class StreamWire implements Wire {
  handler: WireHandler = UNOWNED
  readonly remote: Address
  readonly local: Address
  readonly tls: TlsFacts | undefined
  /** The stream keeps what its windows have no room for, and the connection what its own wire has not sent. */
  readonly keeps = true
  /** What is to be sent on the stream. */
  readonly outgoing: BodySource
  readonly #stream: Http2Stream
  readonly #body: StreamBody
  #sink: BodySink | undefined
  #blocked = false
  #ended = false
  #received = false
  #closed = false

  constructor(stream: Http2Stream, body: StreamBody, { remote, local, tls }: Wire) {
    this.#stream = stream
    this.#body = body
    this.remote = remote
    this.local = local
    this.tls = tls
    this.outgoing = {
      length: undefined,
      open: (sink) => {
        this.#sink = sink
      },
      pause: () => {
        this.#blocked = true
      },
      resume: () => {
        this.#blocked = false
        if (!this.#closed) this.handler.onDrain()
      },
      cancel: () => {
        this.#sink = undefined
      },
    }
  }

  /** Begins to read. To be called once there is a handler. */
  start(): void {
    this.#body.open({
      onChunk: (chunk): MemoryUse => this.#closed || this.handler.onData(chunk as Buffer),
      onEnd: () => {
        this.#received = true
        if (this.#closed) return
        this.handler.onEnd()
        this.#closeIfDone()
      },
      onError: (error) => this.closed(error instanceof Error ? error : undefined),
    })
  }

  get pendingBytes(): number {
    return this.#stream.pendingBytes
  }

  write(data: Uint8Array | string): boolean {
    this.#sink?.onChunk(typeof data === 'string' ? Buffer.from(data, 'latin1') : data)
    return !this.#blocked
  }

  // What is written in one event leaves in one write anyway.
  cork(): void {}
  uncork(): void {}

  pause(): void {
    this.#body.pause()
  }

  resume(): void {
    this.#body.resume()
  }

  end(): void {
    if (this.#ended) return
    this.#ended = true
    const sink = this.#sink
    this.#sink = undefined
    sink?.onEnd(undefined)
    this.#closeIfDone()
  }

  destroy(): void {
    this.reset()
  }

  reset(): void {
    if (this.#closed) return
    this.#stream.reset(ErrorCode.CANCEL)
    this.closed(undefined)
  }

  /** The stream is over. `error`: the peer has reset it, or the connection is gone. */
  closed(error: Error | undefined): void {
    if (this.#closed) return
    this.#closed = true
    this.#sink = undefined
    // Not within the call that ended it: whoever called is not done yet. Until then, the wire may get another owner.
    queueMicrotask(() => {
      const { handler } = this
      this.handler = UNOWNED
      handler.onClose(error)
    })
  }

  #closeIfDone(): void {
    if (this.#ended && this.#received) this.closed(undefined)
  }
}

const UNOWNED: WireHandler = {
  onData: () => true,
  onEnd: () => {},
  onDrain: () => {},
  onClose: () => {},
}
