import type { Http2ErrorCode } from './error-codes.ts'
import type { Http2Field } from './simple-hpack.ts'
import type { SimpleSession, StreamHandler } from './simple-session.ts'

interface Queued {
  bytes: Uint8Array
  readonly ended: boolean
  readonly sent: () => void
}

/** @internal One stream of a session: what its sender and its reader need to know. */
export class SimpleStream {
  readonly id: number
  handler: StreamHandler | undefined
  /** Does not give its window back, nor what it takes of the connection's. */
  stalled = false
  readonly #session: SimpleSession
  #sendWindow: number
  #receiveWindow: number
  readonly #queue: Queued[] = []
  /** Which sides have ended. */
  #sent = false
  #received = false
  #over = false
  /** Bytes of its frames that were written. */
  #emitted = 0
  #cut: { readonly at: number; readonly then: () => void } | undefined

  constructor(session: SimpleSession, id: number, sendWindow: number, receiveWindow: number) {
    this.#session = session
    this.id = id
    this.#sendWindow = sendWindow
    this.#receiveWindow = receiveWindow
  }

  /** Bytes of its frames that were sent, WINDOW_UPDATE and RST_STREAM aside. */
  get emitted(): number {
    return this.#emitted
  }

  /** Whether nothing more can be sent on it. */
  get closedForSending(): boolean {
    return this.#over || this.#sent
  }

  /** Whether it has ended both ways, or was reset. */
  get over(): boolean {
    return this.#over
  }

  /** Sends a header section. What was queued before must have left. */
  section(fields: readonly Http2Field[], ended: boolean): void {
    if (this.closedForSending) return
    if (ended) this.#sent = true
    this.#session.sendSection(this, fields, ended)
    this.#dropIfOver()
  }

  /** Sends bytes as the windows allow. Resolves when they have left, or nobody wants them any more. */
  data(bytes: Uint8Array, ended: boolean): Promise<void> {
    if (this.closedForSending || (bytes.byteLength === 0 && !ended)) return Promise.resolve()
    return new Promise((resolve) => {
      this.#queue.push({ bytes, ended, sent: resolve })
      this.#session.pump()
    })
  }

  /** Sends a header section on a stream that has ended, or never was. */
  sectionTooMuch(fields: readonly Http2Field[], ended: boolean): void {
    this.#session.sendSection(this, fields, ended)
  }

  reset(code: Http2ErrorCode): void {
    if (this.#over) return
    this.#session.sendReset(this.id, code)
    this.#finish()
  }

  /** Is over, and the peer is not told. */
  forget(): void {
    if (!this.#over) this.#finish()
  }

  /** Lets only so many bytes of its frames through, and then does something. */
  cutAfter(bytes: number, then: () => void): void {
    this.#cut = { at: this.#emitted + bytes, then }
  }

  // What the session calls.

  /** The part of these bytes that may be written. */
  counted(bytes: Buffer): Buffer {
    const part = this.#cut === undefined ? bytes : bytes.subarray(0, this.#cut.at - this.#emitted)
    this.#emitted += part.length
    return part
  }

  cutIfDue(): void {
    const cut = this.#cut
    if (cut === undefined || this.#emitted < cut.at) return
    this.#cut = undefined
    cut.then()
  }

  /** The next bytes to send, at most so many. */
  take(most: number): { bytes: Uint8Array; ended: boolean; sent: () => void } | undefined {
    const first = this.#queue[0]
    if (first === undefined) return undefined
    const size = Math.max(0, Math.min(most, this.#sendWindow, first.bytes.byteLength))
    if (size === 0 && first.bytes.byteLength > 0) return undefined
    this.#sendWindow -= size
    const bytes = first.bytes.subarray(0, size)
    if (size < first.bytes.byteLength) {
      first.bytes = first.bytes.subarray(size)
      return { bytes, ended: false, sent: () => {} }
    }
    this.#queue.shift()
    return {
      bytes,
      ended: first.ended,
      sent: () => {
        if (first.ended) this.#sent = true
        this.#dropIfOver()
        first.sent()
      },
    }
  }

  widen(bytes: number): void {
    this.#sendWindow += bytes
  }

  receivedSection(fields: readonly Http2Field[], ended: boolean): void {
    if (this.#over) return
    if (this.#received) throw new Error(`HTTP/2: stream ${this.id} goes on behind its end`)
    if (ended) this.#received = true
    this.handler?.onSection(fields, ended)
    this.#dropIfOver()
  }

  receivedData(bytes: Buffer, counted: number, ended: boolean): void {
    if (this.#received) throw new Error(`HTTP/2: stream ${this.id} goes on behind its end`)
    this.#receiveWindow -= counted
    if (this.#receiveWindow < 0) throw new Error(`HTTP/2: more than the window of stream ${this.id}`)
    if (ended) this.#received = true
    if (counted > 0 && !this.stalled) {
      this.#session.grant(0, counted)
      if (!ended) {
        this.#receiveWindow += counted
        this.#session.grant(this.id, counted)
      }
    }
    this.handler?.onData(bytes, ended)
    this.#dropIfOver()
  }

  receivedReset(code: Http2ErrorCode): void {
    this.#finish()
    this.handler?.onReset(code)
  }

  /** The connection is over. */
  letGo(): void {
    this.#over = true
    for (const { sent } of this.#queue.splice(0)) sent()
  }

  #dropIfOver(): void {
    if (this.#sent && this.#received && !this.#over) this.#finish()
  }

  #finish(): void {
    this.letGo()
    this.#session.drop(this)
  }
}
