import type { Wire, WireHandler } from '../../core/network.ts'
import { type SimpleMessage, SimpleReader } from '../network/simple-http1.ts'
import type { ClientConnection, ClientTunnel, ConnectionOwner, PendingCall } from './client-connections.ts'
import { chunkBytes, type WrittenRequest } from './client-request.ts'

/** @internal A connection of a simulated client by HTTP/1.1: one request after the other. */
export class Http1ClientConnection implements ClientConnection, WireHandler {
  readonly #owner: ConnectionOwner
  readonly #wire: Wire
  readonly #reader: SimpleReader
  #informational: SimpleMessage[] = []
  #call: PendingCall | undefined
  #tunnel: ClientTunnel | undefined
  #served = 0
  /** Whether a byte of the present response has come. */
  #answered = false
  #sending = false
  #ended = false
  #wake: (() => void) | undefined

  constructor(owner: ConnectionOwner, wire: Wire) {
    this.#owner = owner
    this.#wire = wire
    this.#reader = new SimpleReader({
      kind: 'response',
      onHead: () => this.#call?.request.method !== 'HEAD',
      onMessage: (message) => this.#message(message),
    })
    wire.handler = this
  }

  send(call: PendingCall): void {
    this.#call = call
    this.#answered = false
    call.connection = this
    this.#wire.write(call.request.bytes())
    if (call.request.chunks !== undefined) void this.#sendChunks(call, call.request.chunks)
  }

  leave(call: PendingCall): void {
    if (this.#call !== call) return
    this.#call = undefined
    this.#wire.reset()
    call.onResult({ kind: 'left' })
  }

  close(): void {
    const call = this.#call
    this.#call = undefined
    this.#wire.destroy()
    call?.onResult({ kind: 'left' })
  }

  onData(chunk: Buffer): boolean {
    this.#answered = true
    if (this.#tunnel !== undefined) {
      this.#tunnel.onData(Buffer.from(chunk))
      return true
    }
    try {
      this.#reader.push(chunk)
      if (this.#isTunnel()) this.#tunnelled(this.#reader.rest)
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)))
      this.#wire.destroy()
    }
    return true
  }

  onEnd(): void {
    this.#ended = true
    if (this.#tunnel !== undefined) {
      this.#tunnel.onEnd()
      return
    }
    this.#reader.end()
    this.#wire.end()
  }

  onDrain(): void {
    this.#wake?.()
    this.#wake = undefined
  }

  onClose(error: Error | undefined): void {
    this.#ended = true
    this.onDrain()
    if (this.#tunnel !== undefined) {
      this.#owner.closed(this, this.#wire.local)
      this.#tunnel.onClose()
      return
    }
    if (!this.#answered && this.#served > 0 && this.#call !== undefined && repeatable(this.#call.request)) {
      const call = this.#call
      this.#call = undefined
      this.#owner.closed(this, this.#wire.local)
      this.#owner.again(call)
      return
    }
    // A response that broke off is a result; that none came is a failure.
    if (error !== undefined) this.#reader.end()
    this.#owner.closed(this, this.#wire.local)
    this.#fail(
      new Error(`no response: ${error?.message ?? 'the proxy closed the connection'}`, { cause: error }),
    )
  }

  #isTunnel(): boolean {
    return this.#tunnel !== undefined
  }

  #tunnelled(bytes: Buffer): void {
    if (bytes.length > 0) this.#tunnel!.onData(Buffer.from(bytes))
  }

  #message(message: SimpleMessage): boolean {
    const status = Number(message.startLine.slice(9, 12))
    if (status < 200 && status !== 101) {
      this.#informational.push(message)
      return true
    }
    const call = this.#call
    if (call === undefined) {
      // A response that nobody asked for.
      this.#wire.destroy()
      return false
    }
    const informational = this.#informational
    this.#informational = []
    this.#call = undefined
    this.#served++
    if (status === 101 && call.tunnel !== undefined) {
      const peer = {
        write: (bytes: Buffer) => void this.#wire.write(bytes),
        end: () => this.#wire.end(),
        reset: () => this.#wire.reset(),
      }
      this.#tunnel = call.tunnel(peer, message.headers, this.#owner.recordOf(this.#wire.local))
      return false
    }
    const last = !message.complete || this.#ended || this.#sending || !call.keepAlive || saysClose(message)
    if (last || status === 101) this.#wire.destroy()
    else this.#owner.released(this)
    const exchange = this.#owner.recordOf(this.#wire.local)
    call.onResult({ kind: 'response', message, status, informational, exchange })
    return true
  }

  #fail(error: Error): void {
    const call = this.#call
    this.#call = undefined
    call?.onResult({ kind: 'failed', error })
  }

  async #sendChunks(call: PendingCall, chunks: AsyncIterable<string | Uint8Array>): Promise<void> {
    this.#sending = true
    try {
      for await (const chunk of chunks) {
        if (this.#ended) return
        if (!this.#wire.write(call.request.chunked ? chunkBytes(chunk) : chunk))
          await new Promise<void>((resolve) => (this.#wake = resolve))
      }
      if (call.request.chunked) this.#wire.write(`0\r\n${call.request.trailers.lines(0)}\r\n`)
    } catch (error) {
      // The test's own generator has failed: so does the request, as when a client breaks off.
      this.#wire.reset()
      this.#fail(error instanceof Error ? error : new Error(String(error)))
    } finally {
      this.#sending = false
    }
  }
}

/** RFC 9110 section 9.2.2. */
function repeatable({ method, chunks }: WrittenRequest): boolean {
  return chunks === undefined && method !== 'POST' && method !== 'PATCH'
}

function saysClose({ headers }: SimpleMessage): boolean {
  for (const [name, value] of headers)
    if (name.length === 10 && name.toLowerCase() === 'connection' && value.toLowerCase() === 'close')
      return true
  return false
}
