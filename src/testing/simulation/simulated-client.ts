import { HeaderList } from '../../core/headers.ts'
import type { ConnectOptions, Network } from '../../core/network.ts'
import { knownOptions } from '../../core/options.ts'
import type { GrpcMessage } from '../grpc/grpc-messages.ts'
import type { Http2ErrorCode } from '../http2/error-codes.ts'
import { KitError } from '../kit-error.ts'
import { rawClient } from '../network/raw-client.ts'
import { webSocketAccept } from '../websocket/websocket-key.ts'
import type { Call, CallResult, ClientConnections, OpenTunnel } from './client-connections.ts'
import {
  type ClientRequest,
  type ClientRequestOptions,
  httpUrl,
  WEBSOCKET_KEY,
  writeRequest,
  writeWebSocketRequest,
} from './client-request.ts'
import { DrivenRawClient, type SimulatedRawClient } from './driven-raw-client.ts'
import type { Pending } from './pending.ts'
import { PendingExchange, PendingResponse } from './pending-response.ts'
import { ReadResponse } from './read-response.ts'
import {
  type ClientGrpcOptions,
  grpcRequest,
  grpcResponse,
  type SimulatedGrpcResponse,
} from './simulated-grpc.ts'
import type { SimulatedResponse } from './simulated-response.ts'
import { type ClientWebSocketOptions, OpenWebSocket, type SimulatedWebSocket } from './simulated-websocket.ts'
import type { SimulationDriver } from './simulation-driver.ts'

/** A client with an address and connections of its own. */
export interface SimulatedClient {
  /** Sends a GET. */
  get(url: string, options?: ClientRequestOptions): PendingResponse
  /** Sends a POST, with or without a body. */
  post(url: string, options?: ClientRequestOptions): PendingResponse
  /** Sends any request. */
  request(request: ClientRequest): PendingResponse
  /**
   * Opens a WebSocket: by an upgrade; by HTTP/2, by extended CONNECT (RFC 8441). Rejects with the status, when the proxy does not
   * agree to it.
   */
  websocket(url: string, options?: ClientWebSocketOptions): Pending<SimulatedWebSocket>
  /**
   * Opens a connection of which the test sends and reads every byte. `port` is that of a listener; default the first
   * listener's.
   */
  connect(port?: number): Pending<SimulatedRawClient>
}

/** A client that speaks HTTP/2: all its requests go on one connection, at the same time. */
export interface SimulatedHttp2Client extends SimulatedClient {
  /**
   * Says GOAWAY. Requests that are under way go on, further ones open a connection of their own. `code` is why, by default
   * `NO_ERROR`.
   */
  goaway(code?: Http2ErrorCode): void
  /**
   * Calls a method of gRPC, `/package.Service/Method`, with one message, or several; those that come one by one are sent as
   * they come.
   */
  grpc(
    method: string,
    messages: GrpcMessage | readonly GrpcMessage[] | AsyncIterable<GrpcMessage>,
    options?: ClientGrpcOptions,
  ): PendingExchange<SimulatedGrpcResponse>
}

/** What a client of a simulation needs of it. */
export interface ClientHost {
  readonly driver: SimulationDriver
  /** Resolves when the proxy listens. */
  readonly ready: Promise<void>
  /** The network as the client's machine sees it. */
  readonly network: Network
  /** Where the proxy listens; known when it is ready. */
  readonly listenerOf: (url: string | undefined) => ConnectOptions | undefined
  readonly connectionsTo: (at: ConnectOptions) => ClientConnections
  /** All of them. */
  readonly connections: () => Iterable<ClientConnections>
  readonly opened: (raw: SimulatedRawClient) => void
}

/** @internal */
export class HostedClient implements SimulatedHttp2Client {
  readonly #host: ClientHost
  readonly #name: string

  constructor(host: ClientHost, name: string) {
    this.#host = host
    this.#name = name
  }

  get(url: string, options: ClientRequestOptions = {}): PendingResponse {
    return this.#send(`${this.#name}.get(${JSON.stringify(url)})`, { method: 'GET', ...options, url })
  }

  post(url: string, options: ClientRequestOptions = {}): PendingResponse {
    return this.#send(`${this.#name}.post(${JSON.stringify(url)})`, { method: 'POST', ...options, url })
  }

  request(request: ClientRequest): PendingResponse {
    return this.#send(`${this.#name}.request({ url: ${JSON.stringify(request.url)} })`, request)
  }

  connect(port?: number): Pending<SimulatedRawClient> {
    const { driver, ready, network, listenerOf, opened } = this.#host
    const connected = ready.then(async (): Promise<SimulatedRawClient> => {
      const raw = new DrivenRawClient(
        await rawClient(network, listenerOf(port === undefined ? undefined : `http://localhost:${port}`)!),
        driver,
      )
      opened(raw)
      return raw
    })
    return driver.pending(`${this.#name}.connect()`, connected)
  }

  goaway(code: Http2ErrorCode = 'NO_ERROR'): void {
    for (const connections of this.#host.connections()) connections.goaway(code)
  }

  websocket(url: string, options: ClientWebSocketOptions = {}): Pending<SimulatedWebSocket> {
    const { driver, ready, listenerOf, connectionsTo } = this.#host
    const what = `${this.#name}.websocket(${JSON.stringify(url)})`
    knownOptions(what, options, ['headers', 'protocols'])
    // Wrong options are told at the call.
    writeWebSocketRequest(what, url, options, 'localhost')
    const { promise, resolve, reject } = Promise.withResolvers<SimulatedWebSocket>()
    const fail = (why: string, cause?: Error): void => reject(new KitError(`${what}: ${why}`, { cause }))
    const open: OpenTunnel = (peer, headers, exchange) => {
      const socket = new OpenWebSocket(driver, what, peer, HeaderList.from(headers), exchange)
      const accept = socket.headers.get('sec-websocket-accept')
      // By HTTP/2 there is no key.
      if (accept === undefined || accept === webSocketAccept(WEBSOCKET_KEY)) resolve(socket)
      else fail(`the proxy answers with the key ${accept}`)
      return socket
    }
    ready.then(() => {
      const at = listenerOf(httpUrl(url))
      if (at === undefined) {
        fail('the app has no listener with TLS')
        return
      }
      const scheme = at.tls === undefined ? 'http' : 'https'
      const request = writeWebSocketRequest(what, url, options, `${at.host}:${at.port}`, scheme)
      const onResult = (result: CallResult): void => {
        if (result.kind === 'response') fail(`the proxy answers with ${result.status}`)
        else if (result.kind === 'left') fail('the client has left')
        else fail(result.error.message, result.error)
      }
      connectionsTo(at).send(request, onResult, true, open)
    }, reject)
    return driver.pending(what, promise)
  }

  grpc(
    method: string,
    messages: GrpcMessage | readonly GrpcMessage[] | AsyncIterable<GrpcMessage>,
    options: ClientGrpcOptions = {},
  ): PendingExchange<SimulatedGrpcResponse> {
    const what = `${this.#name}.grpc(${JSON.stringify(method)})`
    knownOptions(what, options, ['headers'])
    const request = grpcRequest(method, messages, [...HeaderList.from(options.headers)])
    const { result, leave } = this.#exchange(what, request)
    return new PendingExchange(this.#host.driver, what, result.then(grpcResponse), leave)
  }

  #send(what: string, request: ClientRequest): PendingResponse {
    const { result, leave } = this.#exchange(what, request)
    return new PendingResponse(this.#host.driver, what, result, leave)
  }

  #exchange(what: string, request: ClientRequest): SentExchange {
    const { driver, ready, listenerOf, connectionsTo } = this.#host
    const { promise, resolve, reject } = Promise.withResolvers<SimulatedResponse>()
    // Wrong options are told at the call.
    writeRequest(what, request, 'localhost')
    let left = false
    let call: Call | undefined
    ready.then(() => {
      if (left) return
      const at = listenerOf(request.url)
      if (at === undefined) {
        reject(new KitError(`${what}: the app has no listener with TLS`))
        return
      }
      const startedAtMs = driver.clock.now()
      const { host, port } = at
      const scheme = at.tls === undefined ? 'http' : 'https'
      const written = writeRequest(what, request, `${host}:${port}`, scheme)
      call = connectionsTo(at).send(written, (result) => {
        if (result.kind === 'response') {
          const durationMs = driver.clock.now() - startedAtMs
          resolve(new ReadResponse(result, durationMs))
        } else if (result.kind === 'left') reject(new KitError(`${what}: the client has left`))
        else reject(new KitError(`${what}: ${result.error.message}`, { cause: result.error }))
      })
    }, reject)
    return {
      result: promise,
      leave: (code) => {
        left = true
        if (call === undefined) reject(new KitError(`${what}: the client has left`))
        else call.leave(code)
      },
    }
  }
}

interface SentExchange {
  readonly result: Promise<SimulatedResponse>
  readonly leave: (code: Http2ErrorCode | undefined) => void
}
