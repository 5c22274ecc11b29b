import { Deadline } from '../../core/clock.ts'
import { ProxyError, type ProxyErrorCode, tunnelLost } from '../../core/errors.ts'
import type { Exchange } from '../../core/exchange.ts'
import type { TunnelEnd, Wire } from '../../core/network.ts'
import { CloseCode, closeCodeOf, closePayload } from './close-code.ts'
import type { Agreement } from './compression.ts'
import { Leg, type LegOwner, type LegSettings, type MessageSource } from './leg.ts'
import type { Frame } from './message-reader.ts'
import type { WsParts } from './ws-parts.ts'

/** A message: a text is a string, bytes are a buffer. */
export type WebSocketMessage = string | Buffer

/** What becomes of a message: nothing returned, it goes on; another one goes on in its place; `false`, it is dropped. */
// biome-ignore lint/suspicious/noConfusingVoidType: a step that returns nothing is the usual one
export type MessageVerdict = string | Uint8Array | false | undefined | void

/** What a filter of messages is told beside the message, and what it can do. One for each side of a connection. */
export interface MessageContext {
  /** Whom the message comes from. */
  readonly from: MessageSource
  /** The exchange that the connection began with: its request, its client, its attributes. */
  readonly exchange: Exchange
  /**
   * Sends a message to where this one came from. Resolves when there is room for another. Once the connection is over, nothing
   * happens.
   */
  readonly reply: (data: string | Uint8Array) => Promise<void>
  /**
   * Closes the connection on both sides. Default 1000 and no reason.
   *
   * @throws `ERR_OPTION_INVALID` for a code that may not be sent, or a reason of more than 123 bytes
   */
  readonly close: (code?: number, reason?: string) => void
}

/** Shown each message before it goes on. What it throws closes both sides with 1011. */
export type OnMessage = (
  message: WebSocketMessage,
  context: MessageContext,
) => MessageVerdict | Promise<MessageVerdict>

export interface RelaySettings extends LegSettings {
  readonly onMessage: OnMessage | undefined
}

/** How long the peers may take to close, once one has said that it does. */
const CLOSING_MS = 10_000
/** How long they may stay once they were told to go. */
const LEAVING_MS = 5_000

const OWNER = 'websocket: close'

/** Passes on, message by message, what client and service say to each other. */
export class MessageRelay implements LegOwner {
  readonly client: Leg
  readonly upstream: Leg
  readonly #onMessage: OnMessage | undefined
  readonly #contexts: Readonly<Record<MessageSource, Context>>
  readonly #deadline: Deadline
  readonly #onOver: (end: TunnelEnd) => void
  #leaving = false
  #over = false
  #error: ProxyError | undefined

  constructor(
    { downstream, upstream }: { downstream: Wire; upstream: Wire },
    ws: WsParts,
    agreement: Agreement,
    settings: RelaySettings,
    exchange: Exchange,
    onOver: (end: TunnelEnd) => void,
  ) {
    const { clock, random } = exchange
    const means = { ws, agreement, clock, random }
    this.client = new Leg('client', downstream, this, settings, means)
    this.upstream = new Leg('upstream', upstream, this, settings, means)
    this.#onMessage = settings.onMessage
    this.#onOver = onOver
    this.#contexts = {
      client: new Context(this, this.client, exchange),
      upstream: new Context(this, this.upstream, exchange),
    }
    this.#deadline = new Deadline(clock, () => this.#late())
  }

  /** Closes both sides: at once, and whatever they still say is not listened to. */
  leave(codes: Readonly<Record<MessageSource, number>>, reason: string, error: ProxyError | undefined): void {
    if (this.#leaving) return
    this.#leaving = true
    this.#error ??= error
    for (const leg of [this.client, this.upstream]) {
      leg.discard()
      if (!leg.closeSent) leg.writer.close(closePayload(OWNER, codes[leg.name], reason))
      leg.closeSent = true
      leg.end()
    }
    this.#hurry(LEAVING_MS)
  }

  // What the legs tell.

  onFrames(from: Leg): void {
    if (from.busy) return
    from.busy = true
    for (;;) {
      const frame = this.#leaving ? undefined : from.take()
      if (frame === undefined) break
      const pending = this.#pass(frame, from)
      if (pending === undefined) continue
      void pending.then(() => {
        from.busy = false
        this.onFrames(from)
      })
      return
    }
    from.busy = false
  }

  onBroken(leg: Leg, error: Error): void {
    const mine = closeCodeOf(error)
    const tooBig = mine === CloseCode.messageTooBig
    const code: ProxyErrorCode =
      leg === this.client
        ? tooBig
          ? 'request_body_too_large'
          : 'request_malformed'
        : tooBig
          ? 'upstream_body_too_large'
          : 'upstream_response_malformed'
    this.leave(
      { ...OTHERS_FAULT, [leg.name]: mine },
      '',
      new ProxyError(code, { sent: 'response', detail: 'in a WebSocket', cause: error }),
    )
  }

  onSilent(leg: Leg): void {
    const detail = 'no pong came'
    this.leave(
      { ...OTHERS_FAULT, [leg.name]: CloseCode.goingAway },
      '',
      new ProxyError('tunnel_timeout', { sent: 'response', detail }),
    )
  }

  onClosed(leg: Leg, error: Error | undefined): void {
    // What became of the connection to the service is told by the tunnel.
    if (leg === this.client) this.#closed(leg, error && tunnelLost('client_aborted', error))
  }

  /** The tunnel to the service is over. */
  upstreamClosed({ error }: TunnelEnd): void {
    if (error?.code === 'tunnel_timeout')
      this.leave({ client: CloseCode.goingAway, upstream: CloseCode.goingAway }, '', error)
    // It is never the client itself that the tunnel sees: it was us who have reset it.
    this.#closed(this.upstream, error?.code === 'client_aborted' ? undefined : error)
  }

  // What becomes of frames.

  #pass(frame: Frame, from: Leg): Promise<void> | undefined {
    const to = this.#other(from)
    const { kind, data } = frame
    switch (kind) {
      case 'text':
      case 'binary':
        return this.#message(kind, data, from, to)
      case 'ping':
        return to.writer.control(kind, data)
      case 'pong':
        return from.answersUs(data) ? undefined : to.writer.control(kind, data)
      case 'close':
        return afterwards(to.writer.settled, () => this.#passClose(data, from, to))
      case 'end':
        return afterwards(to.writer.settled, () => {
          to.end()
          this.#hurry(LEAVING_MS)
        })
    }
  }

  #message(kind: 'text' | 'binary', data: Buffer, from: Leg, to: Leg): Promise<void> | undefined {
    if (this.#onMessage === undefined) return to.writer.message(data, kind)
    const context = this.#contexts[from.name]
    let verdict: MessageVerdict | Promise<MessageVerdict>
    try {
      verdict = this.#onMessage(kind === 'text' ? data.toString() : data, context)
    } catch (thrown) {
      this.#failed(thrown)
      return undefined
    }
    if (typeof verdict !== 'object' || verdict instanceof Uint8Array)
      return this.#judged(verdict, kind, data, context, to)
    return Promise.resolve(verdict).then(
      (it) => this.#judged(it, kind, data, context, to),
      (thrown) => this.#failed(thrown),
    )
  }

  #judged(
    verdict: MessageVerdict,
    kind: 'text' | 'binary',
    data: Buffer,
    context: Context,
    to: Leg,
  ): Promise<void> | undefined {
    const replied = context.room()
    if (this.#leaving) return undefined
    let passed: Promise<void> | undefined
    if (verdict === undefined) passed = to.writer.message(data, kind)
    else if (typeof verdict === 'string') passed = to.writer.message(Buffer.from(verdict), 'text')
    else if (verdict instanceof Uint8Array) passed = to.writer.message(bufferOf(verdict), 'binary')
    else if (verdict !== false)
      this.#failed(
        new TypeError('onMessage must return a message, nothing to pass it on, or false to drop it'),
      )
    if (replied === undefined) return passed
    return passed === undefined ? replied : replied.then(() => passed)
  }

  #passClose(payload: Buffer, from: Leg, to: Leg): void {
    from.closeReceived = true
    if (!to.closeSent) to.writer.close(payload)
    to.closeSent = true
    from.endIfDone()
    to.endIfDone()
    this.#hurry(CLOSING_MS)
  }

  #failed(thrown: unknown): void {
    this.leave(
      { client: CloseCode.internalError, upstream: CloseCode.internalError },
      '',
      new ProxyError('internal_error', { sent: 'response', cause: thrown }),
    )
  }

  // Ends.

  #closed(leg: Leg, error: ProxyError | undefined): void {
    if (leg.closed) return
    const other = this.#other(leg)
    this.#error ??= error
    // What it has said before an orderly end still goes on; a reset is passed on as one.
    if (error !== undefined) leg.discard()
    leg.close()
    if (other.closed) {
      leg.discard()
      this.#over = true
      this.#deadline.close()
      this.#onOver({
        bytesUp: this.client.bytesReceived,
        bytesDown: this.client.writer.bytes,
        error: this.#error,
      })
      return
    }
    // Nothing that the other says has anywhere to go.
    other.discard()
    if (error !== undefined && !this.#leaving) other.reset()
    else this.#hurry(LEAVING_MS)
  }

  #hurry(ms: number): void {
    if (!this.#over) this.#deadline.arm(ms)
  }

  /** They were told to go, and are still there. */
  #late(): void {
    if (!this.client.saidGoodbye || !this.upstream.saidGoodbye)
      this.#error ??= new ProxyError('tunnel_timeout', {
        sent: 'response',
        detail: 'a WebSocket that was to be closed',
      })
    this.client.reset()
    this.upstream.reset()
  }

  #other(leg: Leg): Leg {
    return leg === this.client ? this.upstream : this.client
  }
}

/** What the one side is told when the other has broken the rules, or is gone. */
const OTHERS_FAULT: Readonly<Record<MessageSource, number>> = {
  client: CloseCode.badGateway,
  upstream: CloseCode.goingAway,
}

/** Of one side: to be taken apart, as parameters are. */
class Context implements MessageContext {
  readonly from: MessageSource
  readonly exchange: Exchange
  readonly reply: (data: string | Uint8Array) => Promise<void>
  readonly close: (code?: number, reason?: string) => void
  #room: Promise<void> | undefined

  constructor(relay: MessageRelay, { name, writer }: Leg, exchange: Exchange) {
    this.from = name
    this.exchange = exchange
    this.reply = (data) => {
      this.#room =
        typeof data === 'string'
          ? writer.message(Buffer.from(data), 'text')
          : writer.message(bufferOf(data), 'binary')
      return this.#room ?? Promise.resolve()
    }
    this.close = (code = CloseCode.normal, reason = '') => {
      closePayload(OWNER, code, reason)
      relay.leave({ client: code, upstream: code }, reason, undefined)
    }
  }

  /** When there is room for what was replied. The next message waits for it. */
  room(): Promise<void> | undefined {
    const room = this.#room
    this.#room = undefined
    return room
  }
}

function afterwards(before: Promise<void> | undefined, then: () => void): Promise<void> | undefined {
  if (before !== undefined) return before.then(then)
  then()
  return undefined
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
