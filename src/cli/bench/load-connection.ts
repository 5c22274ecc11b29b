import { type Clock, Deadline } from '../../core/clock.ts'
import type { Connecting, ConnectOptions, MemoryUse, Network, Wire, WireHandler } from '../../core/network.ts'
import { incomingResponseFraming } from '../../transport/framing.ts'
import { BodyDecoder, type BodyDecoderOwner, type BodyLimits } from '../../transport/http1/body-decoder.ts'
import { HeadBuffer } from '../../transport/http1/head-buffer.ts'
import {
  parseResponseHead,
  type ResponseHead,
  type ResponseHeadLimits,
} from '../../transport/http1/response-head.ts'
import { SyntaxFault } from '../../transport/http1/syntax.ts'

/**
 * Why a request has no answer.
 *
 * - `timeout`: it did not come in time.
 * - `closed`: the connection was closed, or reset, before the end of the answer.
 * - `malformed`: what came is no answer by RFC 9112.
 */
export type RequestFailure = 'timeout' | 'closed' | 'malformed'

/** What all connections of a load have in common. */
export interface LoadTarget {
  readonly destination: ConnectOptions
  /** The request, as it is sent each time. */
  readonly request: Buffer
  readonly method: string
}

export interface LoadConnectionOwner {
  readonly clock: Clock
  readonly network: Network
  readonly target: LoadTarget
  /** It can send now. */
  connected(connection: LoadConnection): void
  /** It was not opened, and is over. `code` is the system's, `ECONNREFUSED` for example. */
  connectFailed(connection: LoadConnection, code: string): void
  /** The answer is complete. It can send again, if it is `idle`; else it is over. */
  answered(connection: LoadConnection, status: number): void
  /** Its request has failed, and it is over. */
  failed(connection: LoadConnection, failure: RequestFailure): void
  /** It was closed while it had nothing to do. */
  closed(connection: LoadConnection): void
  /** Bytes came. */
  received(bytes: number): void
}

type Phase = 'connecting' | 'idle' | 'head' | 'body' | 'closed'

const LIMITS: ResponseHeadLimits & BodyLimits = {
  headBytes: 65_536,
  headers: 256,
  bodyBytes: Number.POSITIVE_INFINITY,
  chunkExtensionBytes: 4_096,
  trailerBytes: 65_536,
  trailers: 256,
}

/** Interim responses to one request. */
const MAX_INTERIM = 16

/** One connection of a load: sends one request at a time, reads the answer and drops it. Opened once, and never again. */
export class LoadConnection implements WireHandler, BodyDecoderOwner {
  readonly #owner: LoadConnectionOwner
  readonly #deadline: Deadline
  readonly #heads = new HeadBuffer()
  readonly #decoder: BodyDecoder
  #phase: Phase = 'connecting'
  #connecting: Connecting | undefined
  #wire: Wire | undefined
  #interim = 0
  #status = 0
  #keepAlive = true
  /** When its request was due, and when it was sent. */
  due = 0
  sentAt = 0

  constructor(owner: LoadConnectionOwner) {
    this.#owner = owner
    this.#decoder = new BodyDecoder(this, LIMITS)
    this.#deadline = new Deadline(owner.clock, () => this.#expired())
  }

  get idle(): boolean {
    return this.#phase === 'idle'
  }

  /** A request is under way. */
  get busy(): boolean {
    return this.#phase === 'head' || this.#phase === 'body'
  }

  open(timeoutMs: number): void {
    const { network, target } = this.#owner
    this.#deadline.arm(timeoutMs)
    this.#connecting = network.connect(target.destination, {
      onConnect: (wire) => {
        this.#connecting = undefined
        this.#wire = wire
        wire.handler = this
        this.#deadline.disarm()
        this.#phase = 'idle'
        this.#owner.connected(this)
      },
      onConnectError: (error) => this.#notConnected(codeOf(error)),
    })
  }

  /** Sends the request. Without an answer after `timeoutMs` it has failed. */
  send(due: number, now: number, timeoutMs: number): void {
    this.due = due
    this.sentAt = now
    this.#phase = 'head'
    this.#interim = 0
    this.#deadline.arm(timeoutMs)
    this.#wire!.write(this.#owner.target.request)
  }

  /** Ends it, and tells nobody. */
  close(): void {
    this.#phase = 'closed'
    this.#deadline.close()
    this.#connecting?.cancel()
    this.#connecting = undefined
    this.#wire?.destroy()
  }

  onData(chunk: Buffer): MemoryUse {
    this.#owner.received(chunk.length)
    try {
      let offset = 0
      while (offset < chunk.length) {
        if (this.#phase === 'head') offset = this.#readHead(chunk, offset)
        else if (this.#phase === 'body') {
          offset = this.#decoder.feed(chunk, offset)
          if (this.#decoder.ended) this.#ended(offset === chunk.length)
        } else {
          // Nobody has asked for it.
          if (this.#phase === 'idle') this.#lost()
          break
        }
      }
    } catch (thrown) {
      if (!(thrown instanceof SyntaxFault)) throw thrown
      this.#fail('malformed')
    }
    return true
  }

  onEnd(): void {
    if (this.#phase === 'body' && this.#decoder.closed()) this.#ended(false)
    else this.#lost()
  }

  onDrain(): void {}

  onClose(): void {
    this.#lost()
  }

  onBodyChunk(): MemoryUse {
    return true
  }

  onBodyEnd(): void {}

  #readHead(chunk: Buffer, offset: number): number {
    const head = this.#heads.read(chunk, offset, LIMITS.headBytes, parseHead)
    if (head === undefined) return chunk.length
    const { rest } = this.#heads
    if (head.status === 101) throw new SyntaxFault('malformed', 'a switch of protocols that nobody asked for')
    if (head.status < 200) {
      if (++this.#interim > MAX_INTERIM) throw new SyntaxFault('malformed', 'too many interim responses')
      return rest
    }
    const framing = incomingResponseFraming(head, this.#owner.target.method)
    this.#status = head.status
    this.#keepAlive = head.keepAlive && framing !== 'close'
    if (framing === 'none') {
      this.#ended(rest === chunk.length)
      return chunk.length
    }
    this.#phase = 'body'
    if (framing === 'length') this.#decoder.expectLength(head.contentLength)
    else if (framing === 'chunked') this.#decoder.expectChunked()
    else this.#decoder.expectUntilClose()
    return rest
  }

  /** `exactly`: nothing came behind the answer. */
  #ended(exactly: boolean): void {
    this.#deadline.disarm()
    // An answer that came before the whole request was sent leaves a connection on which nobody knows what is next.
    if (this.#keepAlive && exactly && this.#wire!.pendingBytes === 0) this.#phase = 'idle'
    else this.close()
    this.#owner.answered(this, this.#status)
  }

  #expired(): void {
    if (this.#phase === 'connecting') this.#notConnected('ETIMEDOUT')
    else if (this.busy) this.#fail('timeout')
  }

  #notConnected(code: string): void {
    if (this.#phase === 'closed') return
    this.close()
    this.#owner.connectFailed(this, code)
  }

  #lost(): void {
    if (this.busy) this.#fail('closed')
    else if (this.#phase === 'idle') {
      this.close()
      this.#owner.closed(this)
    }
  }

  #fail(failure: RequestFailure): void {
    this.close()
    this.#owner.failed(this, failure)
  }
}

function parseHead(bytes: Buffer, start: number, available: number): ResponseHead | undefined {
  return parseResponseHead(bytes, start, available, LIMITS)
}

/** Names from the system alone become keys of what is counted. */
function codeOf(error: Error & { code?: unknown }): string {
  const cause = error instanceof AggregateError ? (error.errors[0] as Error & { code?: unknown }) : error
  return typeof cause?.code === 'string' ? cause.code : 'failed'
}
