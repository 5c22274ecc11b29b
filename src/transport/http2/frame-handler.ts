import type { MemoryUse } from '../../core/network.ts'
import type { Http2Fault } from './error-codes.ts'

/**
 * Is told what a `FrameReader` reads, in the order of the bytes and the same however they were cut up. What is handed out as
 * a `Buffer` is the reader's: it may be used until the call returns, but for a piece of DATA, of which the answer says what
 * becomes of it.
 *
 * A handler may throw an `Http2Fault`; nothing is read afterwards.
 */
export interface FrameHandler {
  /** A DATA frame begins. `size` is what it takes of the flow-control windows: data and padding (section 6.9.1). */
  onDataStart(streamId: number, size: number, endStream: boolean): void
  /** Bytes of it; never none. They are not copied. */
  onDataPiece(streamId: number, chunk: Buffer): MemoryUse
  /** It is over, its padding too. */
  onDataEnd(streamId: number, endStream: boolean): void
  /** A whole field block, of HEADERS and any CONTINUATION. It must be decoded, whatever becomes of the stream (section 4.3). */
  onHeaders(streamId: number, block: Buffer, endStream: boolean): void
  onRstStream(streamId: number, errorCode: number): void
  /** One setting that has this value now, and had another one before or the same. */
  onSetting(id: number, value: number, before: number): void
  /** The SETTINGS frame is over and must be acknowledged. */
  onSettingsEnd(): void
  onSettingsAck(): void
  /** Eight bytes, to be sent back unless this is an answer already. */
  onPing(data: Buffer, ack: boolean): void
  onGoaway(lastStreamId: number, errorCode: number, debugData: Buffer): void
  /** `streamId` 0 is the connection. The sum of all increments is for the callee to check. */
  onWindowUpdate(streamId: number, increment: number): void
  /** The client asks for another priority of a stream, which need not be open yet (RFC 9218). In structured fields. */
  onPriorityUpdate(streamId: number, priority: string): void
  /**
   * A frame came that neither brings nor asks for anything: PRIORITY, one of an unknown type, DATA without data that ends
   * nothing. A few are usual; who sends many only makes work. It is for the callee to count them over time.
   */
  onIdleFrame(type: number): void
  /** A fault of one stream, which may be in any state, idle too. Reading goes on. */
  onStreamFault(fault: Http2Fault): void
}
