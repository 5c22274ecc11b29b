import type { Address, ConnectOptions, Network, Wire, WireHandler } from '../../core/network.ts'
import { type SimpleMessage, SimpleReader } from '../network/simple-http1.ts'
import { chunkBytes, type WrittenRequest } from './client-request.ts'

/** What became of a request. */
export type CallResult =
  | {
      readonly kind: 'response'
      readonly message: SimpleMessage
      readonly status: number
      readonly informational: readonly SimpleMessage[]
      /** The client's own address, by which the proxy knows it. */
      readonly local: Address
    }
  | { readonly kind: 'failed'; readonly error: Error }
  | { readonly kind: 'left' }

/** A request under way. */
export interface Call {
  /** The client resets its connection. */
  leave(): void
}

/**
 * The connections of one client to one address: each carries one request after the other and is kept for the next one. An
 * idle one that the proxy has closed is not used again; one that breaks before a byte of the response came, although it
 * had served before, is tried anew on a fresh one, as browsers do.
 */
export class ClientConnections {
  readonly #network: Network
  readonly #to: ConnectOptions
  readonly #onClosed: (local: Address) => void
  readonly #all = new Set<ClientConnection>()
  readonly #idle: ClientConnection[] = []

  constructor(network: Network, to: ConnectOptions, onClosed: (local: Address) => void) {
    this.#network = network
    this.#to = to
    this.#onClosed = onClosed
  }

  /** Open connections. */
  get size(): number {
    return this.#all.size
  }

  send(request: WrittenRequest, onResult: (result: CallResult) => void, keepAlive: boolean = true): Call {
    const call: PendingCall = { request, onResult, keepAlive, connection: undefined, cancel: undefined }
    const idle = this.#idle.pop()
    if (idle === undefined) this.#sendFresh(call)
    else idle.send(call)
    return {
      leave: () => {
        if (call.cancel !== undefined) {
          call.cancel()
          onResult({ kind: 'left' })
        } else call.connection?.leave(call)
      },
    }
  }

  close(): void {
    for (const connection of this.#all) connection.close()
  }

  released(connection: ClientConnection): void {
    this.#idle.push(connection)
  }

  closed(connection: ClientConnection, local: Address): void {
    this.#all.delete(connection)
    const at = this.#idle.indexOf(connection)
    if (at >= 0) this.#idle.splice(at, 1)
    this.#onClosed(local)
  }

  again(call: PendingCall): void {
    this.#sendFresh(call)
  }

  #sendFresh(call: PendingCall): void {
    const connecting = this.#network.connect(this.#to, {
      onConnect: (wire) => {
        call.cancel = undefined
        const connection = new ClientConnection(this, wire)
        this.#all.add(connection)
        connection.send(call)
      },
      onConnectError: (error) => {
        call.cancel = undefined
        call.onResult({ kind: 'failed', error })
      },
    })
    call.cancel = () => {
      call.cancel = undefined
      connecting.cancel()
    }
  }
}

interface PendingCall {
  readonly request: WrittenRequest
  readonly onResult: (result: CallResult) => void
  readonly keepAlive: boolean
  connection: ClientConnection | undefined
  /** Gives up connecting. */
  cancel: (() => void) | undefined
}

class ClientConnection implements WireHandler {
  readonly #owner: ClientConnections
  readonly #wire: Wire
  readonly #reader: SimpleReader
  #informational: SimpleMessage[] = []
  #call: PendingCall | undefined
  #served = 0
  /** Whether a byte of the present response has come. */
  #answered = false
  #sending = false
  #ended = false
  #wake: (() => void) | undefined

  constructor(owner: ClientConnections, wire: Wire) {
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
    this.#wire.write(call.request.bytes)
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
    try {
      this.#reader.push(chunk)
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)))
      this.#wire.destroy()
    }
    return true
  }

  onEnd(): void {
    this.#ended = true
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
    const last = !message.complete || this.#ended || this.#sending || !call.keepAlive || saysClose(message)
    if (last || status === 101) this.#wire.destroy()
    else this.#owner.released(this)
    call.onResult({ kind: 'response', message, status, informational, local: this.#wire.local })
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
