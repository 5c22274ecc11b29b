import type { Endpoint } from './balancer.ts'
import type { Clock } from './clock.ts'
import type { AttemptKind, AttemptRecord, DecisionPhase, EndedBy } from './decision-record.ts'
import { causeText, detailText, endedBy } from './ended-by.ts'
import type { ProxyError, ProxyErrorCode, Sent } from './errors.ts'
import { type GrpcStatus, namedGrpcStatus } from './grpc-status.ts'
import type { HeaderList } from './headers.ts'

/** Writes what becomes of one attempt. Whoever carries the attempt says what it does; the time is read here, but where it is known. */
export class AttemptWriter implements AttemptRecord {
  readonly number: number
  readonly kind: AttemptKind
  readonly pick: number | undefined
  readonly endpoint: string
  readonly url: string
  readonly startedAtMs: number
  queuedAtMs: number | undefined = undefined
  connectingAtMs: number | undefined = undefined
  connectedAtMs: number | undefined = undefined
  connection: 'new' | 'reused' | undefined = undefined
  staleConnections = 0
  requestSentAtMs: number | undefined = undefined
  respondedAtMs: number | undefined = undefined
  status: number | undefined = undefined
  grpcStatus: GrpcStatus | undefined = undefined
  endedAtMs: number | undefined = undefined
  phase: DecisionPhase = 'queue'
  sent: Sent = 'none'
  error: ProxyErrorCode | undefined = undefined
  detail: string | undefined = undefined
  cause: string | undefined = undefined
  endedBy: EndedBy | undefined = undefined
  readonly #clock: Clock
  readonly #at: Endpoint

  constructor(
    number: number,
    kind: AttemptKind,
    pick: number | undefined,
    endpoint: Endpoint,
    startedAtMs: number,
    clock: Clock,
  ) {
    this.number = number
    this.kind = kind
    this.pick = pick
    this.endpoint = endpoint.id
    this.url = endpoint.url
    this.startedAtMs = startedAtMs
    this.#clock = clock
    this.#at = endpoint
  }

  /** Whether it is one at this very endpoint. */
  isAt(endpoint: Endpoint | undefined): boolean {
    return this.#at === endpoint
  }

  /** There is no connection for it, and none can be made. */
  queued(): void {
    this.queuedAtMs = this.#clock.now()
    this.phase = 'queue'
  }

  /** A connection is being made for it. */
  connecting(): void {
    this.connectingAtMs = this.#clock.now()
    this.phase = 'connect'
  }

  /** It has a connection. */
  connected(reused: boolean): void {
    this.connectedAtMs = this.#clock.now()
    this.connection = reused ? 'reused' : 'new'
    this.phase = 'request'
  }

  /** The connection turned out to be closed: it goes back to the beginning. */
  stale(): void {
    this.staleConnections++
    this.connectedAtMs = undefined
    this.connection = undefined
    this.requestSentAtMs = undefined
    this.phase = 'queue'
  }

  /** The last byte of the request was given to the connection. */
  requestSent(): void {
    this.requestSentAtMs = this.#clock.now()
    if (this.phase === 'request') this.phase = 'head'
  }

  /** The head of a final response, or of a 101, is there. */
  responded(status: number, atMs: number): void {
    this.respondedAtMs = atMs
    this.status = status
    this.phase = status === 101 ? 'tunnel' : 'body'
    this.sent = 'response'
  }

  /** Trailers are there, or a head without a body, which in gRPC is the trailers. */
  trailed(fields: HeaderList): void {
    this.grpcStatus ??= namedGrpcStatus(fields.get('grpc-status'))
  }

  /** The last byte of the response has come. What it was passed on to may be what ends the exchange, before `completed` is called. */
  received(): void {
    this.endedAtMs = this.#clock.now()
  }

  /** Its lease is back. */
  completed(): void {
    this.endedAtMs ??= this.#clock.now()
  }

  /** Its lease is back, and there was no response, or no whole one. */
  failed(error: ProxyError, sent: Sent): void {
    this.endedAtMs = this.#clock.now()
    this.sent = sent
    this.error = error.code
    this.detail = detailText(error)
    this.cause = causeText(error)
    this.endedBy = endedBy(error)
  }
}
