import type { HeaderList, HeadersInit } from '../../core/headers.ts'
import { KitError } from '../kit-error.ts'
import { type WebSocketClose, WebSocketEnd, type WebSocketMessage } from '../websocket/websocket-end.ts'
import type { WebSocketFrame } from '../websocket/websocket-frames.ts'
import type { ClientTunnel, ClientTunnelPeer } from './client-connections.ts'
import type { ExchangeRecord } from './exchange-record.ts'
import type { Pending } from './pending.ts'
import type { SimulationDriver } from './simulation-driver.ts'

/** How a WebSocket is asked for. */
export interface ClientWebSocketOptions {
  readonly headers?: HeadersInit | undefined
  /** Subprotocols that the client speaks (`Sec-WebSocket-Protocol`), the one preferred first. Default none. */
  readonly protocols?: readonly string[] | undefined
}

/** A client's end of a WebSocket. Virtual time moves while what it gives is awaited. Pings are answered by themselves. */
export interface SimulatedWebSocket {
  /** Fields of the response that agreed to it. */
  readonly headers: HeaderList
  /** The subprotocol that was agreed on. */
  readonly protocol: string | undefined
  readonly exchange: ExchangeRecord | undefined
  /** Sends a message: a string as text, bytes as bytes. */
  send(message: string | Uint8Array): void
  /** Sends a frame as it is, also one that makes no sense. */
  frame(frame: WebSocketFrame): void
  /** The next message. Rejects when the socket is over and none is left. */
  receive(): Pending<WebSocketMessage>
  /** Messages that came and were not received yet. */
  readonly unread: readonly WebSocketMessage[]
  /** Sends a Close frame. Resolves with what the other side said, when all is over. Nobody has to await it. */
  close(code?: number, reason?: string): Pending<WebSocketClose>
  /** Resolves when it is over. */
  readonly closed: Pending<WebSocketClose>
  /** The client goes away without a word: by a reset of the connection; by HTTP/2, of the stream. */
  leave(): void
}

/** @internal */
export class OpenWebSocket implements SimulatedWebSocket, ClientTunnel {
  readonly headers: HeaderList
  readonly exchange: ExchangeRecord | undefined
  readonly unread: WebSocketMessage[] = []
  readonly #driver: SimulationDriver
  readonly #what: string
  readonly #peer: ClientTunnelPeer
  readonly #end: WebSocketEnd
  readonly #closed = Promise.withResolvers<WebSocketClose>()
  #said: WebSocketClose | undefined
  #over = false
  #wake: (() => void)[] = []

  constructor(
    driver: SimulationDriver,
    what: string,
    peer: ClientTunnelPeer,
    headers: HeaderList,
    exchange: ExchangeRecord | undefined,
  ) {
    this.#driver = driver
    this.#what = what
    this.#peer = peer
    this.headers = headers
    this.exchange = exchange
    this.#end = new WebSocketEnd({
      side: 'client',
      write: (bytes) => peer.write(bytes),
      end: () => peer.end(),
      onMessage: (message) => {
        this.unread.push(message)
        this.#changed()
      },
      onClose: (close) => {
        this.#said ??= close
        this.#changed()
      },
    })
  }

  get protocol(): string | undefined {
    return this.headers.get('sec-websocket-protocol')
  }

  send(message: string | Uint8Array): void {
    this.#end.send(message)
  }

  frame(frame: WebSocketFrame): void {
    this.#end.frame(frame)
  }

  receive(): Pending<WebSocketMessage> {
    const next = async (): Promise<WebSocketMessage> => {
      while (this.unread.length === 0) {
        if (this.#said !== undefined || this.#over)
          throw new KitError(`${this.#what}: no message: ${this.#why()}`)
        await new Promise<void>((resolve) => this.#wake.push(resolve))
      }
      return this.unread.shift()!
    }
    return this.#driver.pending(`${this.#what}: receive()`, next())
  }

  close(code?: number, reason: string = ''): Pending<WebSocketClose> {
    this.#end.close(code, reason)
    return this.closed
  }

  get closed(): Pending<WebSocketClose> {
    const closed = this.#driver.pending(`${this.#what}: closed`, this.#closed.promise)
    this.#driver.excuse(closed)
    return closed
  }

  leave(): void {
    this.#peer.reset()
  }

  // The connection's side.

  onData(bytes: Buffer): void {
    this.#end.read(bytes)
  }

  onEnd(): void {
    this.#end.ended()
    this.#peer.end()
  }

  onClose(): void {
    this.#over = true
    this.#end.ended()
    this.#closed.resolve(this.#said!)
    this.#changed()
  }

  #why(): string {
    return this.#said === undefined
      ? 'the socket is over'
      : `it was closed (${this.#said.code} ${this.#said.reason})`
  }

  #changed(): void {
    for (const wake of this.#wake.splice(0)) wake()
  }
}
