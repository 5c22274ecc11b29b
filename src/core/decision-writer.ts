import { AttemptWriter } from './attempt-writer.ts'
import type { Endpoint } from './balancer.ts'
import { bounded } from './bounded-text.ts'
import type { Clock } from './clock.ts'
import type {
  AttemptKind,
  CacheRecord,
  CandidateRecord,
  DecisionPhase,
  DecisionRecord,
  EndRecord,
  HedgeRecord,
  LeftOutRecord,
  PassedOverRecord,
  PickRecord,
  RefusalRecord,
  RetryRecord,
  RetryRefusal,
  RouteRecord,
  WaitRecord,
} from './decision-record.ts'
import { causeText, detailText, endedBy } from './ended-by.ts'
import type { ProxyError, ProxyErrorCode } from './errors.ts'
import type { Exchange, Outcome } from './exchange.ts'
import { formatDecision } from './format-decision.ts'
import { grpcAnswerType } from './grpc-call.ts'
import { type GrpcStatus, grpcStatusOf } from './grpc-status.ts'

/** So much of each list is kept: filters of a user's own can retry without end. */
export const MAX_RECORDED = 64

/** What a pool knows of a pick. */
export interface PickFacts extends Omit<PickRecord, 'number' | 'atMs' | 'chosen'> {
  /** The same object for each pick of a running pool: another one may have its name. */
  readonly by: object
}

/** Writes the record of one exchange. Whoever decides something says so, at the moment when it does. */
export class DecisionWriter implements DecisionRecord {
  readonly method: string
  readonly host: string
  readonly path: string
  readonly startedAt: number
  readonly startedAtMs: number
  route: RouteRecord | undefined = undefined
  readonly picks: PickWriter[] = []
  pickCount = 0
  readonly attempts: AttemptWriter[] = []
  attemptCount = 0
  readonly retries: RetryRecord[] = []
  readonly hedges: HedgeRecord[] = []
  readonly waits: WaitWriter[] = []
  readonly refusals: RefusalRecord[] = []
  readonly passedOver: PassedOverRecord[] = []
  readonly caches: CacheRecord[] = []
  ended: EndRecord | undefined = undefined
  /** Whether picks are to have what there was to choose from, as soon as someone looks at that. */
  withCandidates = false
  readonly #clock: Clock
  /** Let go of when it is over: a record may be kept for long, and must not keep the messages. */
  #exchange: Exchange | undefined
  /** A retry waits. */
  #backingOff = false
  /** The pools that have picked. */
  readonly #pickers: object[] = []
  /** The next pick is in the place of the last one, whose endpoint was passed over. */
  #repicks = false

  constructor(exchange: Exchange) {
    const { request, startedAt, clock } = exchange
    this.#exchange = exchange
    this.#clock = clock
    this.method = request.method
    this.host = request.host
    this.path = request.path
    this.startedAt = Math.round(clock.wallTime() - (clock.now() - startedAt))
    this.startedAtMs = startedAt
    this.#noteRoute()
  }

  /** An endpoint was picked, or there was none. */
  picked(facts: PickFacts, chosen: Endpoint | undefined): void {
    this.#noteRoute()
    this.#backingOff = false
    // One that comes to a pool for the second time was sent on once more by someone who is not the pool.
    const known = this.#pickers.includes(facts.by)
    const kind = facts.kind === 'first' && known && !this.#repicks ? 'again' : facts.kind
    if (!known) this.#pickers.push(facts.by)
    this.#repicks = false
    keep(this.picks, new PickWriter(++this.pickCount, this.#now(), kind, facts, chosen))
  }

  /** An attempt begins. */
  attempted(endpoint: Endpoint, atMs: number): AttemptWriter {
    const pick = this.picks.findLast((it) => it.isOf(endpoint))
    const kind = pick?.use() ?? (this.attemptCount === 0 ? 'first' : 'again')
    const attempt = new AttemptWriter(++this.attemptCount, kind, pick?.number, endpoint, atMs, this.#clock)
    keep(this.attempts, attempt)
    return attempt
  }

  /** Another attempt follows, after so long. */
  retried(failure: string, delayMs: number): void {
    this.#backingOff = true
    this.#retry(failure, undefined, delayMs)
  }

  /** No other attempt follows. */
  notRetried(failure: string, refused: RetryRefusal): void {
    this.#retry(failure, refused, undefined)
  }

  /** An attempt is so late: another one begins beside it, or would have if the budget had let it. */
  hedged(delayMs: number, granted: boolean): void {
    keep(this.hedges, { atMs: this.#now(), delayMs, refused: granted ? undefined : 'budget' })
  }

  /** A filter lets it wait. */
  waiting(filter: string): WaitWriter {
    const wait = new WaitWriter(filter, this.#clock)
    keep(this.waits, wait)
    return wait
  }

  /** A filter turns it away. */
  refused(filter: string, code: ProxyErrorCode, detail: string): void {
    keep(this.refusals, { filter, atMs: this.#now(), code, detail: bounded(detail) })
  }

  /** The filters of an endpoint's own let nothing through to it. */
  passOver(endpoint: Endpoint, code: ProxyErrorCode): void {
    this.#repicks = true
    const pick = this.picks.findLast((it) => it.isOf(endpoint))?.number
    keep(this.passedOver, { atMs: this.#now(), pick, endpoint: endpoint.id, code })
  }

  /** A cache has answered it, or let it through. */
  cached(facts: Omit<CacheRecord, 'atMs'>): void {
    keep(this.caches, { ...facts, atMs: this.#now() })
  }

  /** The exchange is over. */
  complete(outcome: Outcome): void {
    this.#noteRoute()
    const grpcStatus = this.#grpcStatusOf(outcome.error)
    this.#exchange = undefined
    const { result, status, error, durationMs, bytesSent, bytesReceived } = outcome
    const end = {
      atMs: this.startedAtMs + durationMs,
      result,
      status,
      grpcStatus,
      durationMs,
      bytesSent,
      bytesReceived,
    }
    this.ended =
      error === undefined
        ? { ...end, by: undefined, phase: undefined, error: undefined, detail: undefined, cause: undefined }
        : {
            ...end,
            by: endedBy(error),
            phase: this.#phaseOf(outcome, error.code),
            error: error.code,
            detail: detailText(error),
            cause: causeText(error),
          }
  }

  #grpcStatusOf(error: ProxyError | undefined): GrpcStatus | undefined {
    const exchange = this.#exchange
    if (exchange === undefined || grpcAnswerType(exchange) === undefined) return undefined
    return error === undefined ? this.attempts.at(-1)?.grpcStatus : grpcStatusOf(error)
  }

  /** See `formatDecision`. */
  toString(): string {
    return formatDecision(this)
  }

  #retry(failure: string, refused: RetryRefusal | undefined, delayMs: number | undefined): void {
    const endpoint = this.#exchange?.endpoint
    const after = this.attempts.findLast((it) => it.isAt(endpoint))?.number
    keep(this.retries, { atMs: this.#now(), after, failure, refused, delayMs })
  }

  /** Where the exchange was when it ended with this error. */
  #phaseOf({ result, status }: Outcome, code: ProxyErrorCode): DecisionPhase {
    // Of a response that has begun, the rest is missing. An error that was answered has come before.
    if (result !== 'completed' && status !== undefined) return status === 101 ? 'tunnel' : 'body'
    const attempt = this.attempts.findLast((it) => it.error === code)
    if (attempt !== undefined) return attempt.phase
    if (this.#backingOff) return 'backoff'
    const wait = this.waits.at(-1)
    return wait !== undefined && !wait.admitted && !this.#triedSince(wait.fromMs) ? 'limit' : 'filters'
  }

  #triedSince(atMs: number): boolean {
    return this.attempts.some(({ startedAtMs }) => startedAtMs > atMs)
  }

  #noteRoute(): void {
    const route = this.#exchange?.route
    if (route === undefined || route.name === this.route?.match) return
    this.route = { match: route.name, params: { ...this.#exchange?.params } }
  }

  #now(): number {
    return this.#clock.now()
  }
}

class PickWriter implements PickRecord {
  readonly number: number
  readonly atMs: number
  readonly kind: AttemptKind
  readonly pool: string
  readonly balancer: string
  readonly chosen: string | undefined
  readonly candidates: readonly CandidateRecord[]
  readonly candidateCount: number
  readonly leftOut: readonly LeftOutRecord[]
  readonly leftOutCount: number
  readonly panic: boolean
  readonly scoreError: string | undefined
  readonly #endpoint: Endpoint | undefined
  #used = false

  constructor(
    number: number,
    atMs: number,
    kind: AttemptKind,
    facts: PickFacts,
    endpoint: Endpoint | undefined,
  ) {
    this.number = number
    this.atMs = atMs
    this.kind = kind
    this.pool = facts.pool
    this.balancer = facts.balancer
    this.chosen = endpoint?.id
    this.candidates = facts.candidates
    this.candidateCount = facts.candidateCount
    this.leftOut = facts.leftOut
    this.leftOutCount = facts.leftOutCount
    this.panic = facts.panic
    this.scoreError = facts.scoreError
    this.#endpoint = endpoint
  }

  isOf(endpoint: Endpoint): boolean {
    return this.#endpoint === endpoint
  }

  /** What an attempt that comes from it is. Any but the first of them is made by a filter. */
  use(): AttemptKind {
    if (this.#used) return 'again'
    this.#used = true
    return this.kind
  }
}

/** Writes one wait in the queue of a filter. */
export class WaitWriter implements WaitRecord {
  readonly filter: string
  readonly fromMs: number
  untilMs: number | undefined = undefined
  admitted = false
  readonly #clock: Clock

  constructor(filter: string, clock: Clock) {
    this.filter = filter
    this.fromMs = clock.now()
    this.#clock = clock
  }

  ended(admitted: boolean): void {
    this.untilMs = this.#clock.now()
    this.admitted = admitted
  }
}

/** Adds to a list, of which the oldest are dropped. */
function keep<T>(list: T[], one: T): void {
  if (list.length === MAX_RECORDED) list.shift()
  list.push(one)
}
