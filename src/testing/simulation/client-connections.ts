import type { Address, ConnectOptions, Network } from '../../core/network.ts'
import type { Http2ErrorCode } from '../http2/error-codes.ts'
import type { SimpleMessage } from '../network/simple-http1.ts'
import type { WrittenRequest } from './client-request.ts'
import type { ExchangeRecord } from './exchange-record.ts'
import { Http1ClientConnection } from './http1-client-connection.ts'
import { type ClientVersion, Http2ClientConnection } from './http2-client-connection.ts'

/** What became of a request. */
export type CallResult =
  | {
      readonly kind: 'response'
      readonly message: SimpleMessage
      readonly status: number
      readonly informational: readonly SimpleMessage[]
      /** What the proxy did for it; `undefined` where it could not read the request. */
      readonly exchange: ExchangeRecord | undefined
    }
  | { readonly kind: 'failed'; readonly error: Error }
  | { readonly kind: 'left' }

/** A request under way. */
export interface Call {
  /** The client resets its connection; by HTTP/2 the stream, with this code. */
  leave(code?: Http2ErrorCode): void
}

/** @internal A request, and who waits for what comes of it. */
export interface PendingCall {
  readonly request: WrittenRequest
  readonly onResult: (result: CallResult) => void
  readonly keepAlive: boolean
  connection: ClientConnection | undefined
  /** Gives up connecting. */
  cancel: (() => void) | undefined
  /** Whether it was sent anew. */
  repeated: boolean
  /** The request asks for another protocol. */
  readonly tunnel: OpenTunnel | undefined
}

/** @internal What becomes of a connection, or a stream, when the proxy has agreed to another protocol. */
export interface ClientTunnel {
  onData(bytes: Buffer): void
  /** The proxy sends no more. */
  onEnd(): void
  /** It is over, once. */
  onClose(): void
}

/** @internal The way to the proxy. */
export interface ClientTunnelPeer {
  write(bytes: Buffer): void
  end(): void
  reset(): void
}

/** @internal Told when the proxy has agreed: gives who owns the bytes from then on. */
export type OpenTunnel = (
  peer: ClientTunnelPeer,
  headers: SimpleMessage['headers'],
  exchange: ExchangeRecord | undefined,
) => ClientTunnel

/** @internal A connection to the proxy. */
export interface ClientConnection {
  send(call: PendingCall): void
  leave(call: PendingCall, code?: Http2ErrorCode): void
  close(): void
}

/** @internal What a connection tells the one who opened it. */
export interface ConnectionOwner {
  /** It waits for the next request. */
  released(connection: Http1ClientConnection): void
  closed(connection: ClientConnection, local: Address): void
  /** Sends a request anew on a fresh connection, once. `false`: it was sent twice already, or cannot be sent again. */
  again(call: PendingCall): boolean
  /** The exchange of the last request of the client with this address; by HTTP/2, of the n-th, the first being 0. */
  recordOf(local: Address, nth?: number): ExchangeRecord | undefined
}

/** @internal What the connections of a client need of the simulation. */
export interface ExchangeBook {
  lastOf(local: Address): ExchangeRecord | undefined
  /** Gives it once. */
  nthOf(local: Address, nth: number): ExchangeRecord | undefined
  /** The connection is gone: nobody asks for its exchanges any more. */
  forget(local: Address): void
}

/**
 * The connections of one client to one address. By HTTP/1.1 each carries one request after the other and is kept for the next
 * one. An idle one that the proxy has closed is not used again; one that breaks before a byte of the response came,
 * although it had served before, is tried anew on a fresh one, as browsers do. By HTTP/2 there is one, and another where that
 * takes no more; a request that the proxy has not looked at is sent anew.
 */
export class ClientConnections implements ConnectionOwner {
  readonly #network: Network
  readonly #to: ConnectOptions
  /** `undefined`: HTTP/1.1. */
  readonly #http2: ClientVersion | undefined
  readonly #book: ExchangeBook
  readonly #all = new Set<ClientConnection>()
  readonly #idle: Http1ClientConnection[] = []
  /** Requests that wait for a connection by HTTP/2 which is being made. */
  #waiting: PendingCall[] | undefined

  constructor(network: Network, to: ConnectOptions, http2: ClientVersion | undefined, book: ExchangeBook) {
    this.#network = network
    this.#to = to
    this.#http2 = http2
    this.#book = book
  }

  send(
    request: WrittenRequest,
    onResult: (result: CallResult) => void,
    keepAlive: boolean = true,
    tunnel?: OpenTunnel,
  ): Call {
    const call: PendingCall = {
      request,
      onResult,
      keepAlive,
      connection: undefined,
      cancel: undefined,
      repeated: false,
      tunnel,
    }
    const open = keepAlive ? this.#open() : undefined
    if (open === undefined) this.#sendFresh(call)
    else open.send(call)
    return {
      leave: (code) => {
        if (call.cancel !== undefined) {
          call.cancel()
          onResult({ kind: 'left' })
        } else call.connection?.leave(call, code)
      },
    }
  }

  close(): void {
    for (const connection of this.#all) connection.close()
  }

  /** Says GOAWAY on each connection by HTTP/2, and uses none of them again. */
  goaway(code: Http2ErrorCode): void {
    for (const connection of this.#all) {
      if (connection instanceof Http2ClientConnection) connection.goaway(code)
    }
  }

  released(connection: Http1ClientConnection): void {
    this.#idle.push(connection)
  }

  closed(connection: ClientConnection, local: Address): void {
    this.#all.delete(connection)
    const at = this.#idle.indexOf(connection as Http1ClientConnection)
    if (at >= 0) this.#idle.splice(at, 1)
    this.#book.forget(local)
  }

  again(call: PendingCall): boolean {
    if (call.repeated || call.request.chunks !== undefined) return false
    call.repeated = true
    call.connection = undefined
    this.#sendFresh(call)
    return true
  }

  recordOf(local: Address, nth?: number): ExchangeRecord | undefined {
    return nth === undefined ? this.#book.lastOf(local) : this.#book.nthOf(local, nth)
  }

  #open(): ClientConnection | undefined {
    if (this.#http2 === undefined) return this.#idle.pop()
    for (const connection of this.#all) {
      if (connection instanceof Http2ClientConnection && connection.takes) return connection
    }
    return undefined
  }

  #sendFresh(call: PendingCall): void {
    if (this.#http2 !== undefined && call.keepAlive) {
      const waiting = this.#waiting
      call.cancel = () => this.#unqueue(call)
      if (waiting !== undefined) {
        waiting.push(call)
        return
      }
      this.#waiting = [call]
      this.#connect(
        (connection) => {
          for (const it of this.#takeWaiting()) connection.send(it)
        },
        (error) => {
          for (const it of this.#takeWaiting()) it.onResult({ kind: 'failed', error })
        },
      )
      return
    }
    const cancel = this.#connect(
      (connection) => {
        call.cancel = undefined
        connection.send(call)
      },
      (error) => {
        call.cancel = undefined
        call.onResult({ kind: 'failed', error })
      },
    )
    call.cancel = () => {
      call.cancel = undefined
      cancel()
    }
  }

  #connect(onConnect: (connection: ClientConnection) => void, onError: (error: Error) => void): () => void {
    const connecting = this.#network.connect(this.#to, {
      onConnect: (wire) => {
        const connection =
          this.#http2 === undefined
            ? new Http1ClientConnection(this, wire)
            : new Http2ClientConnection(this, wire, this.#http2)
        this.#all.add(connection)
        onConnect(connection)
      },
      onConnectError: onError,
    })
    return () => connecting.cancel()
  }

  /** Those who wait for the connection that has just been made, or will not be made. */
  #takeWaiting(): PendingCall[] {
    const waiting = this.#waiting ?? []
    this.#waiting = undefined
    for (const call of waiting) call.cancel = undefined
    return waiting
  }

  #unqueue(call: PendingCall): void {
    call.cancel = undefined
    this.#waiting = this.#waiting?.filter((it) => it !== call)
  }
}
