import type { AttemptKind, CacheResult, DecisionPhase, EndedBy } from '../../core/decision-record.ts'
import type { ProxyErrorCode } from '../../core/errors.ts'
import type { GrpcStatus } from '../../core/grpc-status.ts'
import type { HttpVersion } from '../../core/message.ts'

/** What a field of a user's own may hold. */
export type AccessLogValue = string | number | boolean

/** What an access log has of one exchange. What is `undefined` is left out of its line. Times are milliseconds, with three decimals. */
export interface AccessLogEntry {
  /** The date when the request's head was complete, in ISO 8601, UTC. */
  readonly ts: string
  /** That of `requestId`, else the exchange's own. */
  readonly requestId: string | undefined
  readonly method: string | undefined
  readonly host: string | undefined
  /** As the filter has met it, without the query. */
  readonly path: string | undefined
  /** What the option `query` leaves of it. */
  readonly query: string | undefined
  /** The match of the route. */
  readonly route: string | undefined
  /** What was sent; where nothing was, the status of the error. 499: the client left before. */
  readonly status: number | undefined
  /** `refused`: a request that could not be read, and was answered without any filter. */
  readonly result: 'completed' | 'aborted' | 'failed' | 'refused'
  /** The code of the error, of the table in docs/errors.md; `undefined` where there was none. */
  readonly reason: ProxyErrorCode | undefined
  /** Who ended it, where it did not come to its end by itself. */
  readonly by: EndedBy | undefined
  /** Where it was then. */
  readonly phase: DecisionPhase | undefined
  /** The name of the pool. */
  readonly pool: string | undefined
  /** The id of the endpoint that has answered, or that was tried last. */
  readonly endpoint: string | undefined
  readonly attempts: number
  /** Each attempt, where there was more than one; the last 64. */
  readonly tries: readonly AccessLogTry[] | undefined
  readonly retries: number
  /** What the cache has made of it. */
  readonly cache: CacheResult | undefined
  readonly grpcStatus: GrpcStatus | undefined
  /** From the request's head to the response's end. */
  readonly durationMs: number | undefined
  /** In queues of filters that limit load. */
  readonly limitMs: number | undefined
  /** Of the attempt at `endpoint`, as the next four: it waited for a connection. */
  readonly queueMs: number | undefined
  /** A connection was made. */
  readonly connectMs: number | undefined
  /** The request was sent. */
  readonly requestMs: number | undefined
  /** The head of the response was awaited. */
  readonly headMs: number | undefined
  /** The response came. */
  readonly bodyMs: number | undefined
  /** Bytes of the request's content that came. */
  readonly bytesIn: number | undefined
  /** Bytes of the response's content that were sent. */
  readonly bytesOut: number | undefined
  /** The client's address. */
  readonly client: string
  /** The other end of the connection, where that is not the client's own: a trusted proxy. */
  readonly peer: string | undefined
  /** Of HTTP, as the client spoke it. */
  readonly version: HttpVersion | undefined
  /** `TLSv1.3`, for example. */
  readonly tls: string | undefined
  /** The trace and the span that a tracing filter has begun. */
  readonly traceId: string | undefined
  readonly spanId: string | undefined
  readonly userAgent: string | undefined
  readonly referer: string | undefined
  /** By their names in lower case. */
  readonly requestHeaders: Readonly<Record<string, string>> | undefined
  readonly responseHeaders: Readonly<Record<string, string>> | undefined
  /** Those of the option `fields`. */
  readonly fields: Readonly<Record<string, AccessLogValue>> | undefined
}

/** One attempt, in an access log. */
export interface AccessLogTry {
  readonly kind: AttemptKind
  readonly endpoint: string
  readonly status: number | undefined
  readonly error: ProxyErrorCode | undefined
  /** How long it has lasted. */
  readonly ms: number
}
