import { bytesAsCode } from './code.ts'
import type { FieldLine } from './fields.ts'
import type { FramedBody } from './framed-body.ts'
import { joined, type MessageParts } from './message-parts.ts'

/** A valid message: what a recipient must read, and the bytes it reads it from. */
export class GeneratedMessage<F extends string> {
  /** In the order they are sent, with the case they are sent in, those that frame and route the message among them. */
  readonly headers: readonly FieldLine[]
  /** `undefined` when the framing is `none`. */
  readonly body: Buffer | undefined
  readonly framing: F
  /** Empty unless chunked. */
  readonly chunkSizes: readonly number[]
  readonly trailers: readonly FieldLine[]
  /** Exactly as it is sent. */
  readonly bytes: Buffer

  constructor({ headers, framed, parts }: DrawnMessage<F>, before = '') {
    this.headers = headers
    this.body = framed.body
    this.framing = framed.framing
    this.chunkSizes = framed.chunkSizes
    this.trailers = framed.trailers
    this.bytes = Buffer.from(before + joined(parts), 'latin1')
  }

  /** The bytes as a string literal of latin1, one line of text a line. It is what fast-check prints. */
  toString(): string {
    return bytesAsCode(this.bytes)
  }
}

/** What a message is made of. */
export interface DrawnMessage<F extends string> {
  readonly headers: readonly FieldLine[]
  readonly framed: FramedBody<F>
  readonly parts: MessageParts
}
