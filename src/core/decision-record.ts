import type { EndpointHealth } from './balancer.ts'
import type { ProxyErrorCode, Sent } from './errors.ts'
import type { GrpcStatus } from './grpc-status.ts'

/**
 * What the proxy decided for one exchange, and why: the data behind an access log, a trace, a test. Begun by
 * `exchange.record()`; it grows while the exchange runs, and is complete when `onComplete` listeners are called.
 *
 * Plain data for `JSON.stringify`, without anything of headers, bodies and queries. `toString()` and `formatDecision` give
 * lines of text. Times that end in `AtMs` are milliseconds on the engine's clock: their differences count, and
 * `startedAt + (atMs - startedAtMs)` is a date. Of each list the last 64 are kept.
 */
export interface DecisionRecord {
  /** As they were when the record was begun: of the client's request, where an outermost filter does that. */
  readonly method: string
  readonly host: string
  /** Without the query, which may hold secrets. */
  readonly path: string
  /** The date when the request's head was complete: milliseconds since 1970 UTC. */
  readonly startedAt: number
  readonly startedAtMs: number
  /** `undefined` until one was found. */
  readonly route: RouteRecord | undefined
  /** Each choice of an endpoint. */
  readonly picks: readonly PickRecord[]
  readonly pickCount: number
  /** Each try at an endpoint. */
  readonly attempts: readonly AttemptRecord[]
  readonly attemptCount: number
  /** Each attempt that went wrong, in a pool that retries: whether another one followed, and why. */
  readonly retries: readonly RetryRecord[]
  /** Each attempt that was late, in a pool that hedges: whether another one began beside it. */
  readonly hedges: readonly HedgeRecord[]
  /** Each wait in the queue of a filter that limits load. */
  readonly waits: readonly WaitRecord[]
  /** Each filter that turned the exchange away to limit load. */
  readonly refusals: readonly RefusalRecord[]
  /** Each endpoint that was picked, and then passed over because filters of its own let nothing through. */
  readonly passedOver: readonly PassedOverRecord[]
  /** What each cache on its way did with it. */
  readonly caches: readonly CacheRecord[]
  /** `undefined` while it runs. */
  readonly ended: EndRecord | undefined
  /** The same as lines of text: see `formatDecision`. */
  toString(): string
}

/** The route that serves an exchange. */
export interface RouteRecord {
  /** As the proxy's description gives it. */
  readonly match: string
  /** Decoded. */
  readonly params: Readonly<Record<string, string>>
}

/**
 * Why an endpoint was picked, or an attempt made. `first`: a request came to the pool. `retry`, `hedge`: the pool's own.
 * `again`: a filter or handler has called `next` once more.
 */
export type AttemptKind = 'first' | 'again' | 'retry' | 'hedge'

/** One choice of an endpoint, and what the balancer had before it. */
export interface PickRecord {
  /** The first is 1. */
  readonly number: number
  readonly atMs: number
  readonly kind: AttemptKind
  /** The pool's name. */
  readonly pool: string
  /** The balancer's name. */
  readonly balancer: string
  /** The id of the endpoint; `undefined` when there was none, or the balancer failed. */
  readonly chosen: string | undefined
  /** Those that it was chosen from, the chosen one among them. At most 64. */
  readonly candidates: readonly CandidateRecord[]
  readonly candidateCount: number
  /** The pool's other endpoints. At most 64. */
  readonly leftOut: readonly LeftOutRecord[]
  readonly leftOutCount: number
  /** Too few endpoints were fit to serve, so that those that are not were candidates as well. */
  readonly panic: boolean
  /** What the balancer's `score` threw. Then there are no scores. */
  readonly scoreError: string | undefined
}

/** What the balancer saw of an endpoint. */
export interface CandidateRecord {
  readonly id: string
  readonly weight: number
  readonly zone: string | undefined
  readonly inFlight: number
  readonly responseTimeMs: number
  readonly health: EndpointHealth
  /** What the balancer made of that: the lowest is best. `undefined` where the balancer does not score. */
  readonly score: number | undefined
}

/** Why an endpoint was no candidate. */
export type LeftOutReason =
  | 'unhealthy'
  | 'ejected'
  | 'not probed yet'
  | 'draining'
  | 'already tried'
  | 'other tier'
  | 'other zone'
  | 'other subset'
  | 'not preferred'

/** An endpoint that was no candidate. */
export interface LeftOutRecord {
  readonly id: string
  readonly reason: LeftOutReason
  /** `5 errors in a row`, for example. */
  readonly detail: string | undefined
  /** When it may be one again, where that is known. */
  readonly untilMs: number | undefined
}

/**
 * A part of an exchange's time.
 *
 * - `filters`: filters and routing, and whatever they wait for.
 * - `limit`: the queue of a filter that limits load.
 * - `queue`: the queue for a connection to the endpoint.
 * - `connect`: a connection is made.
 * - `request`: the request is sent, at the pace of the client and of the endpoint.
 * - `head`: the endpoint has all of the request, and the head of its response is awaited.
 * - `backoff`: the wait before a retry.
 * - `body`: the response is under way.
 * - `tunnel`: after a 101.
 */
export type DecisionPhase =
  | 'filters'
  | 'limit'
  | 'queue'
  | 'connect'
  | 'request'
  | 'head'
  | 'backoff'
  | 'body'
  | 'tunnel'

/**
 * Who ended it. `client`: it left, or sent what is no request. `upstream`: it refused, could not be reached, broke off, or
 * sent what is no response. `proxy`: a rule of its own: a limit in time, number or size, a filter, no route, no endpoint.
 *
 * That is who acted. Whose fault it was is the `side` of the error: a deadline is kept by the proxy, and missed by the upstream.
 */
export type EndedBy = 'client' | 'upstream' | 'proxy'

/** One try at one endpoint. */
export interface AttemptRecord {
  /** The first of the exchange is 1. */
  readonly number: number
  readonly kind: AttemptKind
  /** The number of the pick that it comes from; `undefined` when the record was begun after that. */
  readonly pick: number | undefined
  /** The endpoint's id: its url, unless it was given another one. */
  readonly endpoint: string
  readonly url: string
  /** When its lease was taken. */
  readonly startedAtMs: number
  /** When it began to wait for a connection; `undefined` when it did not. */
  readonly queuedAtMs: number | undefined
  /** When a connection began to be made for it; `undefined` when none was. */
  readonly connectingAtMs: number | undefined
  /** When it had a connection. */
  readonly connectedAtMs: number | undefined
  /** `reused`: one that had carried other requests. */
  readonly connection: 'new' | 'reused' | undefined
  /** Kept connections that turned out to be closed, before the one that took it. */
  readonly staleConnections: number
  /** When the last byte of the request was given to the connection. */
  readonly requestSentAtMs: number | undefined
  /** When the head of the response came; `undefined` when none did. */
  readonly respondedAtMs: number | undefined
  readonly status: number | undefined
  /** What a service of gRPC has answered, before messages or behind them; `undefined` until it has, and for other services. */
  readonly grpcStatus: GrpcStatus | undefined
  /** When the last byte of the response had come, or it failed. `undefined` while it holds its lease. */
  readonly endedAtMs: number | undefined
  /** Where it is, or where it has ended. */
  readonly phase: DecisionPhase
  /** How far the request got. */
  readonly sent: Sent
  /** Why it failed, or its response broke off. */
  readonly error: ProxyErrorCode | undefined
  /** More of the error, in words. */
  readonly detail: string | undefined
  /** The message of what caused the error. */
  readonly cause: string | undefined
  /** Who ended it, where something went wrong. */
  readonly endedBy: EndedBy | undefined
}

/**
 * Why no attempt follows one that went wrong.
 *
 * - `attempts`: all that a request gets were made.
 * - `not repeatable`: a part of it was sent, and its method is none that may be sent twice.
 * - `body`: the body cannot be sent again.
 * - `condition`: what went wrong is not retried.
 * - `retry-after`: the endpoint asks for a longer wait than a retry may take.
 * - `budget`: the pool's budget is spent.
 */
export type RetryRefusal = 'attempts' | 'not repeatable' | 'body' | 'condition' | 'retry-after' | 'budget'

/** What was decided after an attempt that went wrong. */
export interface RetryRecord {
  readonly atMs: number
  /** The number of that attempt; `undefined` when a filter failed before there was one. */
  readonly after: number | undefined
  /** What went wrong: an error's code; `status 503`; `grpc UNAVAILABLE`; or `response`, one that a function has refused. */
  readonly failure: string
  /** Why no other one follows; `undefined` when one does. */
  readonly refused: RetryRefusal | undefined
  /** How long it waits. */
  readonly delayMs: number | undefined
}

/** What was decided when an attempt was late. */
export interface HedgeRecord {
  readonly atMs: number
  /** So late. */
  readonly delayMs: number
  /** `budget`: the pool's budget is spent. `undefined` when another attempt began. */
  readonly refused: 'budget' | undefined
}

/** A wait in the queue of a filter that limits load. */
export interface WaitRecord {
  /** The filter's name. */
  readonly filter: string
  readonly fromMs: number
  /** `undefined` while it waits. */
  readonly untilMs: number | undefined
  /** Whether it was let through. */
  readonly admitted: boolean
}

/** A filter that turned the exchange away. */
export interface RefusalRecord {
  /** The filter's name. */
  readonly filter: string
  readonly atMs: number
  readonly code: ProxyErrorCode
  readonly detail: string
}

/** An endpoint whose own filters (`pool.useEach`) let nothing through to it. It is no attempt; another one is picked, if there is one. */
export interface PassedOverRecord {
  readonly atMs: number
  /** The number of the pick that had chosen it; `undefined` when the record was begun after that. */
  readonly pick: number | undefined
  /** The endpoint's id. */
  readonly endpoint: string
  readonly code: ProxyErrorCode
}

/**
 * What a cache made of a request.
 *
 * - `hit`: a stored response answered that was fresh. `stale`: one that was not.
 * - `revalidated`: the service has confirmed a stored response (304), which answered.
 * - `miss`: nothing that matches was stored. `expired`: what was stored was too old, and the service gave something else.
 * - `bypass`: the cache was passed by: for the method, for conditions that the service must judge, or since the client wished so.
 */
export type CacheResult = 'hit' | 'stale' | 'revalidated' | 'miss' | 'expired' | 'bypass'

/** What a cache did with an exchange. */
export interface CacheRecord {
  /** The cache's name. */
  readonly cache: string
  readonly atMs: number
  readonly result: CacheResult
  /** The level whose content answered: `memory`, `disk`; `undefined` for the service's. */
  readonly level: string | undefined
  /** Why what was stored was used, or not: `fresh`, `stale-if-error`, `miss`, `request-no-cache` and so on. */
  readonly reason: string
  /** Whether the service's answer is being stored. */
  readonly stored: boolean
  /** Why it is not: `private`, `no-store`, `set-cookie` and so on. */
  readonly notStored: string | undefined
  /** Whether it waited for the answer to another request. */
  readonly collapsed: boolean
  /** How much longer what answered is fresh; negative where it is not. */
  readonly ttlMs: number | undefined
}

/** How an exchange ended: its `Outcome` as plain data, and who ended it. */
export interface EndRecord {
  readonly atMs: number
  readonly result: 'completed' | 'aborted' | 'failed'
  readonly status: number | undefined
  /** How a call of gRPC or gRPC-Web has ended: as the service said, or by `error`. `undefined` for other requests. */
  readonly grpcStatus: GrpcStatus | undefined
  readonly durationMs: number
  readonly bytesSent: number
  readonly bytesReceived: number
  /** `undefined`: nobody, it came to its end. A response of an endpoint is that too, whatever its status. */
  readonly by: EndedBy | undefined
  /** Where it was then. */
  readonly phase: DecisionPhase | undefined
  readonly error: ProxyErrorCode | undefined
  /** More of the error, in words. */
  readonly detail: string | undefined
  /** The message of what caused the error. */
  readonly cause: string | undefined
}
