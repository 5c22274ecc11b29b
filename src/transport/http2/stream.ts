import type { BodySink, BodySource } from '../../core/body-source.ts'
import type { ProxyError } from '../../core/errors.ts'
import { NOT_IN_TRAILERS } from '../../core/field-name.ts'
import { HeaderList } from '../../core/headers.ts'
import type { MemoryUse } from '../../core/network.ts'
import type { Http2Connection } from './connection.ts'
import { ErrorCode, Http2Fault } from './error-codes.ts'
import type { FieldBlock } from './field-block.ts'
import { trailersFlaw } from './message-rules.ts'
import { ReceiveWindow } from './receive-window.ts'
import { DEFAULT_URGENCY } from './send-queue.ts'
import { MAX_WINDOW } from './settings.ts'
import { StreamBody, type StreamBodyOwner } from './stream-body.ts'

/**
 * What streams of either side have in common: bodies in both directions under flow control (RFC 9113 sections 5 and 6.9).
 *
 * A direction is open until END_STREAM has gone it. With both directions ended, or after RST_STREAM, the stream is closed.
 */
export abstract class Http2Stream implements BodySink, StreamBodyOwner {
  readonly id: number
  /** RFC 9218: from 0, the most urgent, to 7. */
  urgency: number = DEFAULT_URGENCY
  /** Whether it stands in the connection's queue. Kept by that queue. */
  queued = false
  /** When the connection has to look at it again. Milliseconds on the clock. */
  checkAt: number = Number.POSITIVE_INFINITY
  /** Bytes of bodies, as they went and came. */
  bytesSent = 0
  bytesReceived = 0
  protected readonly connection: Http2Connection
  /** Bytes that the peer lets us send. Below zero after it has lowered its window. */
  #sendWindow: number
  /** Where a body is expected. */
  #receiveWindow: ReceiveWindow | undefined
  #body: StreamBody | undefined
  /** Bytes of the body that must still come; -1 where no length was given. */
  #expected = -1
  #source: BodySource | undefined
  #pending: Uint8Array[] | undefined
  #pendingBytes = 0
  #trailers: HeaderList | undefined
  #sourceEnded = false
  #sendEnded = false
  #receiveEnded = false
  #closed = false

  constructor(connection: Http2Connection, id: number) {
    this.id = id
    this.connection = connection
    this.#sendWindow = connection.peer.initialWindowSize
  }

  // What the two sides do differently.

  /** A header section came that is no trailer section. */
  abstract onHead(block: FieldBlock, endStream: boolean): void
  /** The peer has reset the stream, or the connection is gone. It is closed already. */
  protected abstract lost(error: Http2Fault | Error | undefined): void
  /** What the peer sent breaks a rule. The stream is reset already. */
  protected abstract faulted(fault: Http2Fault): void
  /** All that the peer had to send has come. */
  protected receivingEnded(): void {}
  /** The last byte, or the trailer section, was given to the connection. */
  protected abstract sendingEnded(): void
  /** The source of what is sent has failed. */
  protected abstract sendingFailed(error: unknown): void
  /**
   * Sends the head that was held back, where one was. With `endStream` nothing follows it. Returns whether it has ended the
   * stream.
   */
  protected abstract flushHead(endStream: boolean): boolean
  /** The peer takes no more for now, or takes more again. */
  protected abstract sendingBlocked(blocked: boolean): void
  /** The time of `checkAt` has come. */
  abstract check(now: number): void
  /** Someone reads the body that comes. */
  abstract bodyOpened(): void
  abstract bodyCancelled(reason: ProxyError): void

  get closed(): boolean {
    return this.#closed
  }

  /** Whether the peer may still send on it. */
  get receiving(): boolean {
    return !this.#receiveEnded && !this.#closed
  }

  get sendEnded(): boolean {
    return this.#sendEnded
  }

  /** Whether a body is being sent. */
  get sending(): boolean {
    return this.#source !== undefined || this.#pendingBytes > 0
  }

  /** Bytes that wait for the peer. */
  get pendingBytes(): number {
    return this.#pendingBytes
  }

  /** Whether something waits that could leave, as far as the stream goes. */
  get hasToSend(): boolean {
    return !this.#closed && this.#pendingBytes > 0 && this.#sendWindow > 0
  }

  /** The body that comes. */
  protected get body(): StreamBody | undefined {
    return this.#body
  }

  // Receiving.

  /** A body follows the head that came. `length`: as the head says, -1 where it does not. */
  protected expectBody(length: number): StreamBody {
    this.#expected = length
    this.#receiveWindow = new ReceiveWindow(this.connection.streamWindow)
    this.#body = new StreamBody(this, length < 0 ? undefined : length)
    return this.#body
  }

  /** The head that came has ended the direction. */
  protected receivedAll(): void {
    this.#receiveEnded = true
    this.#closeIfDone()
    this.receivingEnded()
  }

  onTrailers(block: FieldBlock, endStream: boolean): void {
    const flaw = endStream ? trailersFlaw(block) : 'a second header section that does not end the stream'
    if (flaw !== undefined) this.fault(ErrorCode.PROTOCOL_ERROR, flaw)
    else if (block.tooLarge) this.fault(ErrorCode.ENHANCE_YOUR_CALM, 'a trailer section that is too large')
    else this.#end(HeaderList.of(block.fields, block.values))
  }

  /** A DATA frame begins, which takes so much of the windows. */
  onDataStart(size: number): void {
    if (this.#receiveWindow?.take(size) === false)
      this.fault(ErrorCode.FLOW_CONTROL_ERROR, 'more data than the window of the stream')
    else if (this.#receiveEnded) this.fault(ErrorCode.STREAM_CLOSED, 'data behind the end of the stream')
    else if (this.#body === undefined) this.fault(ErrorCode.PROTOCOL_ERROR, 'data without a head')
  }

  onData(chunk: Buffer): MemoryUse {
    this.bytesReceived += chunk.length
    if (this.#expected >= 0) {
      this.#expected -= chunk.length
      if (this.#expected < 0) {
        this.connection.consumed(chunk.length)
        this.fault(ErrorCode.PROTOCOL_ERROR, 'a body that is longer than its Content-Length')
        return true
      }
    }
    return this.#body!.push(chunk)
  }

  onDataEnd(padding: number, endStream: boolean): void {
    if (padding > 0) this.bodyConsumed(padding)
    if (endStream) this.#end(undefined)
  }

  #end(trailers: HeaderList | undefined): void {
    if (this.#receiveEnded) {
      this.fault(ErrorCode.STREAM_CLOSED, 'a frame behind the end of the stream')
      return
    }
    if (this.#expected > 0) {
      this.fault(ErrorCode.PROTOCOL_ERROR, 'a body that is shorter than its Content-Length')
      return
    }
    this.#receiveEnded = true
    // First, so that whoever is told the end finds the stream as it is now.
    this.#closeIfDone()
    this.#body?.finish(trailers)
    this.receivingEnded()
  }

  /** Lets the peer send as much again. Small amounts are collected. */
  bodyConsumed(bytes: number): void {
    this.connection.consumed(bytes)
    if (!this.receiving) return
    const increment = this.#receiveWindow!.give(bytes)
    if (increment === 0) return
    this.connection.writer.windowUpdate(this.id, increment)
    this.connection.output.flushSoon()
  }

  // Sending.

  /** Sends a body behind a head, which is held back until the first byte of the body is there or there is none yet. */
  protected startSending(source: BodySource): void {
    this.#source = source
    source.open(this)
    if (!this.#closed) this.flushHead(false)
  }

  /** Whether a body would leave whole, now. */
  protected fits({ byteLength }: Uint8Array): boolean {
    return byteLength <= Math.min(this.#sendWindow, this.connection.output.room)
  }

  /** Sends a body that fits, and ends with it. */
  protected sendWhole(bytes: Uint8Array): void {
    this.#sendWindow -= bytes.byteLength
    this.bytesSent += bytes.byteLength
    this.connection.output.data(this.id, bytes, true)
    this.sentAll()
  }

  onChunk(chunk: Uint8Array): MemoryUse {
    if (this.#source === undefined) return true
    this.flushHead(false)
    if (this.#closed || chunk.byteLength === 0) return true
    if (this.#pendingBytes > 0) return this.#hold(chunk)
    const room = Math.min(this.#sendWindow, this.connection.output.room)
    const size = chunk.byteLength
    if (room >= size) return this.#write(chunk)
    if (room > 0) this.#write(chunk.subarray(0, room))
    return this.#hold(room > 0 ? chunk.subarray(room) : chunk)
  }

  onEnd(trailers: HeaderList | undefined): void {
    if (this.#source === undefined) return
    this.#source = undefined
    this.#trailers = trailers
    this.#sourceEnded = true
    if (this.#pendingBytes === 0) this.#endSending()
  }

  onError(error: unknown): void {
    if (this.#source === undefined) return
    this.#source = undefined
    this.sendingFailed(error)
  }

  /** Gives up what is sent, without a word to the peer. */
  cancelSending(reason: ProxyError): void {
    const source = this.#source
    this.#source = undefined
    this.#sourceEnded = false
    this.#pending = undefined
    this.#pendingBytes = 0
    source?.cancel(reason)
  }

  /** Nothing follows what was sent. */
  protected sentAll(): void {
    this.#sendEnded = true
    this.#closeIfDone()
  }

  onWindowUpdate(increment: number): void {
    if (this.#sendEnded) return
    this.#sendWindow += increment
    if (this.#sendWindow > MAX_WINDOW)
      this.fault(ErrorCode.FLOW_CONTROL_ERROR, 'a window of more than 2^31 - 1')
    else this.#mayHaveToSend()
  }

  /** The peer has changed the window that new streams have, and with it those of open ones (section 6.9.2). */
  windowChanged(by: number): void {
    this.#sendWindow += by
    if (this.#sendWindow > MAX_WINDOW)
      throw new Http2Fault(ErrorCode.FLOW_CONTROL_ERROR, 'a window of more than 2^31 - 1')
    this.#mayHaveToSend()
  }

  #mayHaveToSend(): void {
    if (this.hasToSend) this.connection.output.waits(this)
  }

  /** It is its turn: sends a frame at most. */
  sendNext(room: number): void {
    const pending = this.#pending!
    const chunk = pending[0]!
    const size = Math.min(room, this.#sendWindow, chunk.byteLength)
    this.#pendingBytes -= size
    this.#write(size === chunk.byteLength ? chunk : chunk.subarray(0, size))
    if (size < chunk.byteLength) pending[0] = chunk.subarray(size)
    else pending.shift()
    if (this.hasToSend) this.connection.output.waits(this)
    else if (this.#pendingBytes === 0) this.#drained()
  }

  #drained(): void {
    this.#pending = undefined
    this.sendingBlocked(false)
    if (this.#sourceEnded) this.#endSending()
    else this.#source?.resume()
  }

  #hold(chunk: Uint8Array): undefined {
    const first = this.#pendingBytes === 0
    this.#pending ??= []
    this.#pending.push(chunk)
    this.#pendingBytes += chunk.byteLength
    if (first) {
      this.#source?.pause()
      this.sendingBlocked(true)
      this.#mayHaveToSend()
    }
    // Someone keeps it.
    return undefined
  }

  #write(chunk: Uint8Array): boolean {
    const size = chunk.byteLength
    this.#sendWindow -= size
    this.bytesSent += size
    return this.connection.output.data(this.id, chunk, false)
  }

  #endSending(): void {
    const trailers = this.#trailers
    const { writer, encoder } = this.connection
    this.#sourceEnded = false
    if (trailers === undefined || trailers.size === 0) {
      // gRPC tells an answer that is trailers alone by the head that ends the stream.
      if (!this.flushHead(true)) writer.data(this.id, NO_BYTES, true)
    } else {
      this.flushHead(false)
      const out = writer.beginHeaders()
      encoder.begin(out)
      encoder.fields(out, trailers, NOT_IN_TRAILERS)
      writer.endHeaders(this.id, true)
    }
    this.connection.output.flushSoon()
    this.sentAll()
    this.sendingEnded()
  }

  // Ends.

  /** What the peer sent breaks a rule: resets the stream, and it alone. */
  fault(code: number, message: string): void {
    if (this.#closed) return
    const fault = new Http2Fault(code, message, this.id)
    this.reset(code)
    this.faulted(fault)
  }

  /** Ends the stream before its time, in both directions. */
  reset(code: number): void {
    if (this.#closed) return
    this.connection.writeReset(this.id, code)
    this.#close()
  }

  /** The peer has reset it, or the connection is gone. */
  wasLost(error: Http2Fault | Error | undefined): void {
    if (this.#closed) return
    this.#close()
    this.lost(error)
  }

  #closeIfDone(): void {
    if (this.#sendEnded && this.#receiveEnded) this.#close()
  }

  #close(): void {
    if (this.#closed) return
    this.#closed = true
    this.checkAt = Number.POSITIVE_INFINITY
    this.connection.streamClosed(this)
  }
}

const NO_BYTES = new Uint8Array(0)
