import type { Endpoint, EndpointHealth } from '../../core/balancer.ts'
import type { ProxyError, ProxyErrorCode } from '../../core/errors.ts'
import type { Exchange, Outcome } from '../../core/exchange.ts'
import type { Address } from '../../core/network.ts'
import type { ObservedAttempt, Observer, ProbeResult, RefusedConnection } from '../../core/observer.ts'
import type { AttemptRecord, ExchangeRecord } from './exchange-record.ts'
import type { WrittenJournal } from './journal.ts'

/** Records are dropped so many at a time. */
const BLOCK = 1_000

/** @internal Notes what a simulated proxy does: in the journal, and as one record for each exchange. */
export class ExchangeLog implements Observer {
  readonly #seed: number
  readonly #journal: WrittenJournal
  readonly #keep: number
  readonly #open = new Map<Exchange, Recorded>()
  readonly #openAttempts = new Map<ObservedAttempt, RecordedAttempt>()
  /** The last exchange of each client connection, by its address. */
  readonly #lastOf = new Map<string, Recorded>()
  /** How many leases are held on an endpoint, and what the endpoint itself says. */
  readonly #endpoints = new Map<Endpoint, number>()
  #records: Recorded[] = []
  #count = 0

  constructor(journal: WrittenJournal, keep: number, seed: number) {
    this.#seed = seed
    this.#journal = journal
    this.#keep = keep
  }

  get records(): readonly ExchangeRecord[] {
    return this.#records.slice(-this.#keep)
  }

  /** Exchanges that have begun. */
  get count(): number {
    return this.#count
  }

  /** Exchanges that have not ended. */
  get open(): number {
    return this.#open.size
  }

  /** The last exchange on the connection of a client with this address. */
  lastOf(client: Address): ExchangeRecord | undefined {
    return this.#lastOf.get(key(client))
  }

  /** The connection is gone: nobody will ask for its exchanges any more. */
  forget(client: Address): void {
    this.#lastOf.delete(key(client))
  }

  /** One line for each exchange that has not ended, and each lease that was not given back. */
  leaks(): string[] {
    const exchanges = Array.from(
      this.#open.values(),
      (it) => `exchange ${it.number} has not ended: ${it.method} ${it.target}, begun at ${it.startedAtMs} ms`,
    )
    const leases = Array.from(this.#openAttempts.values(), (it) => it.describe())
    const counts = Array.from(this.#endpoints, ([{ id, inFlight }, open]) =>
      inFlight === open
        ? ''
        : `endpoint ${id} counts ${inFlight} in flight, but ${open} attempts are: a lease was not given back`,
    )
    return [...exchanges, ...leases, ...counts.filter((it) => it !== '')]
  }

  exchangeBegan(exchange: Exchange): void {
    const { request, client } = exchange
    const record = new Recorded(this.#seed, ++this.#count, exchange)
    this.#open.set(exchange, record)
    this.#lastOf.set(key(client.peer), record)
    this.#records.push(record)
    if (this.#records.length >= this.#keep + BLOCK) this.#records = this.#records.slice(BLOCK)
    this.#note(record, `${request.method} ${record.target} from ${record.client}`)
  }

  exchangeEnded(exchange: Exchange, outcome: Outcome): void {
    const record = this.#open.get(exchange)
    if (record === undefined) return
    this.#open.delete(exchange)
    record.route = exchange.route?.name
    record.outcome = outcome
    const { result, status, error, bytesSent } = outcome
    const why = error === undefined ? '' : ` (${error.code})`
    this.#note(record, `${result}${status === undefined ? '' : ` ${status}`}${why}, ${bytesSent} bytes`)
  }

  requestRefused(error: ProxyError, peer: Address): void {
    // It had no exchange; the one before on its connection was another's.
    this.forget(peer)
    this.#journal.note('request', `request refused: ${error.code}, from ${key(peer)}`)
  }

  connectionRefused({ reason, peer }: RefusedConnection): void {
    this.#journal.note('request', `connection refused: ${reason}, from ${key(peer)}`)
  }

  attemptBegan(attempt: ObservedAttempt): void {
    const record = this.#open.get(attempt.origin)
    if (record === undefined) return
    record.route = attempt.origin.route?.name
    const noted = new RecordedAttempt(record, attempt, this.#journal.nowMs)
    record.attempts.push(noted)
    this.#openAttempts.set(attempt, noted)
    this.#endpoints.set(attempt.endpoint, (this.#endpoints.get(attempt.endpoint) ?? 0) + 1)
    this.#journal.note('attempt', `${noted.name}: to ${noted.endpoint}`)
  }

  attemptResponded(attempt: ObservedAttempt, status: number): void {
    const noted = this.#openAttempts.get(attempt)
    if (noted === undefined) return
    noted.respondedAtMs = this.#journal.nowMs
    noted.status = status
    this.#journal.note('attempt', `${noted.name}: ${status}`)
  }

  attemptEnded(attempt: ObservedAttempt, error: ProxyError | undefined): void {
    const noted = this.#openAttempts.get(attempt)
    if (noted === undefined) return
    this.#openAttempts.delete(attempt)
    this.#endpoints.set(attempt.endpoint, this.#endpoints.get(attempt.endpoint)! - 1)
    noted.endedAtMs = this.#journal.nowMs
    noted.error = error?.code
    this.#journal.note('attempt', `${noted.name}: ${error === undefined ? 'ended' : `failed, ${error.code}`}`)
  }

  retried(exchange: Exchange, reason: string, delayMs: number): void {
    const record = this.#open.get(exchange.origin)
    if (record !== undefined) this.#note(record, `retried after ${delayMs} ms (${reason})`)
  }

  retryRefused(exchange: Exchange, reason: string): void {
    const record = this.#open.get(exchange.origin)
    if (record !== undefined) this.#note(record, `not retried, the budget is spent (${reason})`)
  }

  hedged(exchange: Exchange, delayMs: number): void {
    const record = this.#open.get(exchange.origin)
    if (record !== undefined) this.#note(record, `hedged after ${shownMs(delayMs)} ms`)
  }

  hedgeRefused(exchange: Exchange, delayMs: number): void {
    const record = this.#open.get(exchange.origin)
    if (record !== undefined)
      this.#note(record, `not hedged after ${shownMs(delayMs)} ms, the budget is spent`)
  }

  probed({ id }: Endpoint, { reason, durationMs }: ProbeResult): void {
    this.#journal.note('probe', `probe of ${id}: ${reason}, after ${durationMs} ms`)
  }

  healthChanged({ id }: Endpoint, from: EndpointHealth, to: EndpointHealth, reason: string): void {
    this.#journal.note('endpoint', `endpoint ${id}: ${to}, was ${from} (${reason})`)
  }

  ejected({ id }: Endpoint, reason: string, lastsMs: number): void {
    this.#journal.note('endpoint', `endpoint ${id}: ejected for ${Math.round(lastsMs)} ms (${reason})`)
  }

  restored({ id }: Endpoint): void {
    this.#journal.note('endpoint', `endpoint ${id}: ejected no more`)
  }

  #note(record: Recorded, text: string): void {
    this.#journal.note('exchange', `exchange ${record.number}: ${text}`)
  }
}

class Recorded implements ExchangeRecord {
  readonly seed: number
  readonly number: number
  readonly method: string
  readonly host: string
  readonly target: string
  readonly client: string
  readonly startedAtMs: number
  readonly attempts: RecordedAttempt[] = []
  route: string | undefined = undefined
  outcome: Outcome | undefined = undefined

  constructor(seed: number, number: number, { request, client, startedAt }: Exchange) {
    this.seed = seed
    this.number = number
    this.method = request.method
    this.host = request.host
    this.target = request.rawTarget
    this.client = key(client)
    this.startedAtMs = startedAt
  }
}

class RecordedAttempt implements AttemptRecord {
  /** `exchange 3, attempt 1`. */
  readonly name: string
  readonly endpoint: string
  readonly url: string
  readonly startedAtMs: number
  respondedAtMs: number | undefined = undefined
  endedAtMs: number | undefined = undefined
  status: number | undefined = undefined
  error: ProxyErrorCode | undefined = undefined

  constructor({ number, attempts }: Recorded, { endpoint }: ObservedAttempt, now: number) {
    this.name = `exchange ${number}, attempt ${attempts.length + 1}`
    this.endpoint = endpoint.id
    this.url = endpoint.url
    this.startedAtMs = now
  }

  describe(): string {
    const lease = `lease on ${this.endpoint} is held by ${this.name}, since ${this.startedAtMs} ms`
    return this.status === undefined
      ? lease
      : `${lease}: the body of its ${this.status} was neither read nor discarded`
  }
}

function key({ address, port }: { readonly address: string; readonly port: number }): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

/** Without the digits that say nothing. */
function shownMs(ms: number): number {
  return Math.round(ms * 1_000) / 1_000
}
