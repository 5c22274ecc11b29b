import { ErrorCode, Http2Fault } from './error-codes.ts'
import { Flag, FrameType } from './frame-types.ts'

/** Bytes of a setting in a SETTINGS frame. */
export const SETTING_BYTES = 6
/** Bytes of a priority, in PRIORITY and in HEADERS. */
export const PRIORITY_BYTES = 5

/** Which end of the connection we are: a server reads what a client sends. */
export type Side = 'server' | 'client'

/**
 * Throws an `Http2Fault` of the connection where the head of a frame breaks a rule of its type, before anything of its payload is
 * read. Push is never on, so only clients open streams, and those have odd numbers.
 */
export function checkFrameHead(
  type: number,
  flags: number,
  streamId: number,
  length: number,
  side: Side,
): void {
  switch (type) {
    case FrameType.DATA:
      checkStream('DATA', streamId)
      if (length < padLengthBytes(flags)) throw sizeFault('padded DATA', length)
      return
    case FrameType.HEADERS: {
      checkStream('HEADERS', streamId)
      const priority = (flags & Flag.PRIORITY) === 0 ? 0 : PRIORITY_BYTES
      if (length < padLengthBytes(flags) + priority)
        throw sizeFault('HEADERS with padding or priority', length)
      return
    }
    case FrameType.PRIORITY:
      // A length other than five is a fault of the stream alone.
      if (streamId === 0) throw protocolFault('PRIORITY of no stream')
      return
    case FrameType.RST_STREAM:
      checkStream('RST_STREAM', streamId)
      if (length !== 4) throw sizeFault('RST_STREAM', length)
      return
    case FrameType.SETTINGS:
      checkConnection('SETTINGS', streamId)
      if ((flags & Flag.ACK) === 0 ? length % SETTING_BYTES !== 0 : length !== 0)
        throw sizeFault((flags & Flag.ACK) === 0 ? 'SETTINGS' : 'an acknowledgement of SETTINGS', length)
      return
    case FrameType.PUSH_PROMISE:
      throw protocolFault('PUSH_PROMISE, where nobody may push')
    case FrameType.PING:
      checkConnection('PING', streamId)
      if (length !== 8) throw sizeFault('PING', length)
      return
    case FrameType.GOAWAY:
      checkConnection('GOAWAY', streamId)
      if (length < 8) throw sizeFault('GOAWAY', length)
      return
    case FrameType.WINDOW_UPDATE:
      if (streamId !== 0) checkStream('WINDOW_UPDATE', streamId)
      if (length !== 4) throw sizeFault('WINDOW_UPDATE', length)
      return
    case FrameType.PRIORITY_UPDATE:
      if (side === 'client') throw protocolFault('PRIORITY_UPDATE of a server')
      checkConnection('PRIORITY_UPDATE', streamId)
      if (length < 4) throw sizeFault('PRIORITY_UPDATE', length)
  }
}

function padLengthBytes(flags: number): number {
  return (flags & Flag.PADDED) === 0 ? 0 : 1
}

function checkConnection(name: string, streamId: number): void {
  if (streamId !== 0) throw protocolFault(`${name} of a stream`)
}

function checkStream(name: string, streamId: number): void {
  if (streamId === 0) throw protocolFault(`${name} of no stream`)
  // Section 5.1: a stream that a server would have to open is idle for ever.
  if (streamId % 2 === 0) throw protocolFault(`${name} of a stream with an even number`)
}

export function protocolFault(what: string): Http2Fault {
  return new Http2Fault(ErrorCode.PROTOCOL_ERROR, what)
}

export function sizeFault(what: string, length: number, streamId: number = 0): Http2Fault {
  return new Http2Fault(ErrorCode.FRAME_SIZE_ERROR, `${what} of ${length} bytes`, streamId)
}

/** A limit of ours is passed. */
export function excessFault(what: string): Http2Fault {
  return new Http2Fault(ErrorCode.ENHANCE_YOUR_CALM, what)
}
