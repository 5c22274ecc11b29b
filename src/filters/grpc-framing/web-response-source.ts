import type { BodySource } from '../../core/body-source.ts'
import type { HeaderList } from '../../core/headers.ts'
import type { MemoryUse } from '../../core/network.ts'
import { RelayedSource } from '../../core/relayed-source.ts'
import { MessageEncoder } from './message-encoder.ts'

const TRAILERS_FLAG = 0x80

/** The body of a response of gRPC, as gRPC-Web has it: its trailers are the last frame, and as text all of it is base64. */
export class WebResponseSource extends RelayedSource {
  readonly #encoder: MessageEncoder | undefined
  readonly #statusInHead: boolean

  /** `statusInHead`: the head has said how the call ended. Then trailers are only sent on if there are some. */
  constructor(source: BodySource, asText: boolean, statusInHead: boolean) {
    super(source)
    this.#statusInHead = statusInHead
    this.#encoder = asText ? new MessageEncoder() : undefined
  }

  override get length(): undefined {
    return undefined
  }

  override onChunk(chunk: Uint8Array): MemoryUse {
    if (this.#encoder === undefined) return this.sink?.onChunk(chunk)
    const text = this.#encoder.encode(chunk)
    if (text.byteLength > 0) this.sink?.onChunk(text)
    return true
  }

  override onEnd(trailers: HeaderList | undefined): void {
    if (trailers !== undefined || !this.#statusInHead) {
      const frame = trailersFrame(trailers)
      this.sink?.onChunk(this.#encoder === undefined ? frame : this.#encoder.encode(frame))
    }
    this.sink?.onEnd(undefined)
  }
}

/** Lines as in HTTP/1.1, with names in lower case (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md). */
function trailersFrame(trailers: HeaderList | undefined): Buffer {
  let lines = ''
  for (const [name, value] of trailers ?? []) lines += `${name.toLowerCase()}: ${value}\r\n`
  // Clients of gRPC make the same of it.
  if (trailers?.has('grpc-status') !== true)
    lines += 'grpc-status: 13\r\ngrpc-message: The service ended the call without a status\r\n'
  const frame = Buffer.alloc(5 + lines.length)
  frame[0] = TRAILERS_FLAG
  frame.writeUInt32BE(lines.length, 1)
  frame.write(lines, 5, 'latin1')
  return frame
}
