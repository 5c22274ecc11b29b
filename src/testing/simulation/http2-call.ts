import type { Http2ErrorCode } from '../http2/error-codes.ts'
import type { Http2Field } from '../http2/simple-hpack.ts'
import type { StreamHandler } from '../http2/simple-session.ts'
import type { SimpleStream } from '../http2/simple-stream.ts'
import type { SimpleMessage } from '../network/simple-http1.ts'
import type { ClientTunnel, ClientTunnelPeer, PendingCall } from './client-connections.ts'
import { bytesOf } from './client-request.ts'
import type { Http2ClientConnection } from './http2-client-connection.ts'

/** @internal One request on a stream, and what comes of it. */
export class Http2Call implements StreamHandler {
  readonly call: PendingCall
  nth: number
  readonly #connection: Http2ClientConnection
  #stream: SimpleStream | undefined
  readonly #informational: SimpleMessage[] = []
  #tunnel: ClientTunnel | undefined
  #head: { readonly status: number; readonly fields: readonly Http2Field[] } | undefined
  readonly #parts: Buffer[] = []
  readonly #sizes: number[] = []
  #trailers: readonly Http2Field[] = []

  constructor(connection: Http2ClientConnection, call: PendingCall, nth: number) {
    this.#connection = connection
    this.call = call
    this.nth = nth
  }

  get streamId(): number {
    return this.#stream!.id
  }

  begin(stream: SimpleStream): void {
    this.#stream = stream
    const { fields, whole, chunks, trailers } = this.call.request.http2()
    if (this.call.tunnel !== undefined) {
      stream.section(fields, false)
      return
    }
    const nothing = chunks === undefined && trailers.length === 0
    stream.section(fields, nothing && (whole === undefined || whole.byteLength === 0))
    if (!stream.closedForSending) void this.#sendBody(stream, whole, chunks, trailers)
  }

  leave(code: Http2ErrorCode): void {
    this.#stream!.reset(code)
    this.end({ kind: 'left' })
  }

  /** The proxy has refused the stream, or not processed it. */
  refused(why: string): void {
    this.#connection.uncount(this)
    this.#connection.over(this)
    this.#stream!.forget()
    if (this.#connection.again(this.call)) return
    this.call.onResult({ kind: 'failed', error: new Error(`no response: the stream was refused (${why})`) })
  }

  broke(error: Error): void {
    if (this.#tunnel !== undefined) this.end({ kind: 'failed', error })
    else if (this.#head === undefined) this.end({ kind: 'failed', error })
    else this.#respond(false)
  }

  end(result: Parameters<PendingCall['onResult']>[0]): void {
    this.#connection.over(this)
    if (this.#tunnel !== undefined) {
      this.#tunnel.onClose()
      return
    }
    // Taken in any case, so that it is not kept for somebody who asks.
    this.#connection.recordOf(this.nth)
    this.call.onResult(result)
  }

  onSection(fields: readonly Http2Field[], ended: boolean): void {
    if (this.#head === undefined) {
      const status = Number(fields.find(([name]) => name === ':status')?.[1])
      if (status < 200) {
        this.#informational.push(messageOf(status, fields))
        return
      }
      this.#head = { status, fields }
      if (this.call.tunnel !== undefined && status < 300 && !ended) {
        this.#tunnel = this.call.tunnel(this.#peer(), regular(fields), this.#connection.recordOf(this.nth))
        return
      }
    } else this.#trailers = fields
    if (ended) this.#respond(true)
  }

  onData(bytes: Buffer, ended: boolean): void {
    if (this.#tunnel !== undefined) {
      if (bytes.length > 0) this.#tunnel.onData(bytes)
      if (!ended) return
      this.#tunnel.onEnd()
      this.end({ kind: 'left' })
      return
    }
    if (bytes.length > 0) {
      this.#parts.push(bytes)
      this.#sizes.push(bytes.length)
    }
    if (ended) this.#respond(true)
  }

  onReset(code: Http2ErrorCode): void {
    if (code === 'REFUSED_STREAM' && this.#head === undefined) this.refused(code)
    else this.broke(new Error(`no response: the proxy has reset the stream (${code})`))
  }

  #peer(): ClientTunnelPeer {
    const stream = this.#stream!
    return {
      write: (bytes) => void stream.data(bytes, false),
      end: () => void stream.data(NOTHING, true),
      reset: () => this.leave('CANCEL'),
    }
  }

  #respond(complete: boolean): void {
    const { status, fields } = this.#head!
    this.#connection.over(this)
    this.call.onResult({
      kind: 'response',
      message: {
        ...messageOf(status, fields),
        body: Buffer.concat(this.#parts),
        trailers: this.#trailers,
        framing: this.#parts.length === 0 ? 'none' : 'frames',
        chunkSizes: this.#sizes,
        complete,
      },
      status,
      informational: this.#informational,
      exchange: this.#connection.recordOf(this.nth),
    })
  }

  async #sendBody(
    stream: SimpleStream,
    whole: Uint8Array | undefined,
    chunks: AsyncIterable<string | Uint8Array> | undefined,
    trailers: readonly Http2Field[],
  ): Promise<void> {
    const last = trailers.length === 0
    if (chunks === undefined) await stream.data(whole ?? NOTHING, last)
    else {
      try {
        for await (const chunk of chunks) {
          if (stream.closedForSending) return
          await stream.data(bytesOf(chunk), false)
        }
      } catch (error) {
        // The test's own generator has failed: so does the request, as when a client breaks off.
        stream.reset('CANCEL')
        this.end({ kind: 'failed', error: error instanceof Error ? error : new Error(String(error)) })
        return
      }
      if (last) await stream.data(NOTHING, true)
    }
    if (!last) stream.section(trailers, true)
  }
}

function regular(fields: readonly Http2Field[]): readonly Http2Field[] {
  return fields.filter(([name]) => !name.startsWith(':'))
}

/** As one of HTTP/1 would be. */
function messageOf(status: number, fields: readonly Http2Field[]): SimpleMessage {
  const headers = regular(fields)
  const startLine = `HTTP/2 ${status}`
  const head = `${startLine}\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
  return {
    startLine,
    head,
    headers,
    body: NOTHING,
    trailers: [],
    framing: 'none',
    chunkSizes: [],
    complete: true,
  }
}

const NOTHING = Buffer.alloc(0)
