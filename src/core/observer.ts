import type { AttemptWriter } from './attempt-writer.ts'
import type { Endpoint, EndpointHealth } from './balancer.ts'
import type { ProxyError, Sent } from './errors.ts'
import type { Exchange, Outcome } from './exchange.ts'
import type { HeaderList } from './headers.ts'
import type { RequestMessage, ResponseMessage } from './message.ts'
import type { Address } from './network.ts'

/** An endpoint of a running pool, as an observer sees it. */
export interface ObservedEndpoint extends Endpoint {
  /** The name of its pool. */
  readonly pool: string
}

/** One try at one endpoint, as an observer sees it: the same object from its begin to its end. */
export interface ObservedAttempt {
  /** The client's exchange, also where filters of the pool have seen one of the attempt's own. */
  readonly origin: Exchange
  /** The request, as it goes to the endpoint. */
  readonly request: RequestMessage
  readonly endpoint: ObservedEndpoint
  /** When its lease was taken, on the engine's clock. */
  readonly startedAt: number
  /** When the head of a final response, or of a 101, was there. */
  readonly respondedAt: number | undefined
  /** What the connection speaks that it was given last; `undefined` before it has one, and where the bytes are passed on as they are. */
  readonly httpVersion: '1.1' | '2' | undefined
  /** How far the request got. */
  readonly sent: Sent
  /** What the record of its exchange has of it; `undefined` without one. */
  readonly recording: AttemptWriter | undefined
  /** Fields of this attempt's head alone, to be changed in `attemptBegan`. Asking for them copies the head. */
  ownHeaders(): HeaderList
}

/** What one probe of an endpoint has found. */
export interface ProbeResult {
  readonly passed: boolean
  /**
   * `passed`; `status 503`; `body` or `expect`, where what came was not as expected; an error's code, such as
   * `upstream_refused`; or of gRPC, `NOT_SERVING`, `grpc-status 12 UNIMPLEMENTED`, `content-type` and `alpn`.
   */
  readonly reason: string
  /** Of the answer to an HTTP request, where there was one. */
  readonly status: number | undefined
  /** From the begin of the probe to its verdict. */
  readonly durationMs: number
}

/**
 * Why a connection never came to a request.
 *
 * - `connections`: there were as many as the listener's limit allows.
 * - `handshakes`: there were as many TLS handshakes under way, and this one had lasted the longest.
 * - `handshake_timeout`: the handshake was not over in time.
 * - `handshake_failed`: the client and we came to no agreement, or it left.
 * - `client_certificate`: the client has shown no certificate that is trusted, and had to.
 * - `proxy_header`: a trusted proxy did not begin with a PROXY protocol header that can be read.
 * - `proxy_header_timeout`: that header was not there in time.
 * - `client_hello`: a client that is to be sent on by the server name of its TLS has begun none that can be read.
 * - `client_hello_timeout`: the begin of that TLS was not there in time.
 */
export type ConnectionRefusal =
  | 'connections'
  | 'handshakes'
  | 'handshake_timeout'
  | 'handshake_failed'
  | 'client_certificate'
  | 'proxy_header'
  | 'proxy_header_timeout'
  | 'client_hello'
  | 'client_hello_timeout'

/** A connection that never came to a request, and is closed. */
export interface RefusedConnection {
  readonly reason: ConnectionRefusal
  /** Who has connected, as the connection shows it. */
  readonly peer: Address
  /** What was wrong with what it began with, where that was read. */
  readonly error: Error | undefined
}

/**
 * Told of what a running proxy does, at the moment when it does it: for the testing kit's journal. Each call is optional;
 * none may throw, and none may change what it is shown. What was decided for an exchange, and why, is in its record.
 */
export interface Observer {
  exchangeBegan?(exchange: Exchange): void
  /** A response is about to be sent; a second one may follow, where the first turns out to be none that can be sent. */
  exchangeAnswered?(exchange: Exchange, response: ResponseMessage): void
  exchangeEnded?(exchange: Exchange, outcome: Outcome): void
  /** A request could not be read, and was answered without any filter. */
  requestRefused?(error: ProxyError, peer: Address): void
  /** A connection was closed before anything was read of a request on it. */
  connectionRefused?(refused: RefusedConnection): void
  /** An endpoint was picked, and its lease taken. */
  attemptBegan?(attempt: ObservedAttempt): void
  /** The head of a final response, or of a 101, is there. */
  attemptResponded?(attempt: ObservedAttempt, status: number): void
  /** The lease is back: the response body has ended, or the attempt has failed. */
  attemptEnded?(attempt: ObservedAttempt, error: ProxyError | undefined): void
  /** An attempt was not taken, and another one follows after `delayMs`. `reason`: an error's code, `status 503`, or `response`. */
  retried?(exchange: Exchange, reason: string, delayMs: number): void
  /** An attempt would have been followed by another one, but the pool's budget for retries is spent. */
  retryRefused?(exchange: Exchange, reason: string): void
  /** An attempt has not answered for `delayMs`, and another one begins beside it. */
  hedged?(exchange: Exchange, delayMs: number): void
  /** Another attempt would have begun beside one that is late, but the pool's budget for that is spent. */
  hedgeRefused?(exchange: Exchange, delayMs: number): void
  /** A filter of the endpoint's own has let nothing through, and another endpoint is picked. `reason`: an error's code. */
  endpointRefused?(exchange: Exchange, endpoint: ObservedEndpoint, reason: string): void
  /** What `from` names has failed, and what `to` names is asked in its place. `reason`: an error's code, or `status 503`. */
  fellBack?(exchange: Exchange, from: string, to: string, reason: string): void
  /** A probe has ended. */
  probed?(endpoint: ObservedEndpoint, result: ProbeResult): void
  /** The endpoint is thought of in another way. The candidates are replaced right after, where that changes them. */
  healthChanged?(endpoint: ObservedEndpoint, from: EndpointHealth, to: EndpointHealth, reason: string): void
  /** The endpoint is left alone for `lastsMs`, by how its attempts fared. `reason`: `5 errors in a row`, for example. */
  ejected?(endpoint: ObservedEndpoint, reason: string, lastsMs: number): void
  /** The time of an ejection is over. */
  restored?(endpoint: ObservedEndpoint): void
  /** A running pool has a new endpoint. */
  endpointAdded?(endpoint: ObservedEndpoint): void
  /** A running pool does not name the endpoint any more. What is in flight finishes. */
  endpointRemoved?(endpoint: ObservedEndpoint): void
  /** The endpoint is chosen no more, because someone drains it. What is in flight finishes. */
  drainBegan?(endpoint: ObservedEndpoint): void
  /** Nothing is in flight any more on an endpoint that is drained. `cut` attempts were given up for that. */
  drainEnded?(endpoint: ObservedEndpoint, cut: number): void
  /** An endpoint that was drained may be chosen again. */
  readmitted?(endpoint: ObservedEndpoint): void
  /** Someone has given the endpoint another weight. */
  reweighted?(endpoint: ObservedEndpoint, from: number, to: number): void
  /** The source of a pool's endpoints has thrown, and is called again after `retryMs`. */
  sourceFailed?(pool: string, error: unknown, retryMs: number): void
  /** A list that the source of a pool's endpoints has given is wrong, and the one before it stays. */
  listRefused?(pool: string, error: Error): void
}
