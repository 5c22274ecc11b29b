import type { Endpoint, EndpointHealth } from '../../core/balancer.ts'
import type { AttemptRecord, DecisionRecord } from '../../core/decision-record.ts'
import type { ProxyError } from '../../core/errors.ts'
import type { Exchange, Outcome } from '../../core/exchange.ts'
import type { Address } from '../../core/network.ts'
import type { ObservedAttempt, Observer, ProbeResult, RefusedConnection } from '../../core/observer.ts'
import type { ExchangeRecord } from './exchange-record.ts'
import type { WrittenJournal } from './journal.ts'

/** Records are dropped so many at a time. */
const BLOCK = 1_000

/** @internal Notes what a simulated proxy does: in the journal, and as one record for each exchange. */
export class ExchangeLog implements Observer {
  readonly #seed: number
  readonly #journal: WrittenJournal
  readonly #keep: number
  readonly #open = new Map<Exchange, Recorded>()
  /** Leases that are held, each with the exchange that it is for. */
  readonly #leases = new Map<ObservedAttempt, Recorded>()
  /** Leases of calls that filters make beside an exchange. */
  readonly #called = new Set<ObservedAttempt>()
  /** The last exchange of each client connection, by its address. */
  readonly #lastOf = new Map<string, Recorded>()
  /** The exchanges of each client connection by HTTP/2, by their number on it. Requests that were refused count, and have none. */
  readonly #allOf = new Map<string, { count: number; readonly records: Map<number, Recorded> }>()
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

  /** The n-th exchange on the connection of a client with this address, the first being 0. Gives it once. */
  nthOf(client: Address, nth: number): ExchangeRecord | undefined {
    const all = this.#allOf.get(key(client))
    const record = all?.records.get(nth)
    all?.records.delete(nth)
    return record
  }

  /** The last exchange on the connection of a client with this address. */
  lastOf(client: Address): ExchangeRecord | undefined {
    return this.#lastOf.get(key(client))
  }

  /** The connection is gone: nobody will ask for its exchanges any more. */
  forget(client: Address): void {
    this.#lastOf.delete(key(client))
    this.#allOf.delete(key(client))
  }

  /** One line for each exchange that has not ended, and each lease that was not given back. */
  leaks(): string[] {
    const exchanges = Array.from(
      this.#open.values(),
      (it) => `exchange ${it.number} has not ended: ${it.method} ${it.target}, begun at ${it.startedAtMs} ms`,
    )
    const leases = Array.from(this.#leases, ([attempt, record]) => leaseText(record, recordOf(attempt)))
    const calls = Array.from(this.#called, (attempt) => `${callText(attempt)} has not ended`)
    const counts = Array.from(this.#endpoints, ([{ id, inFlight }, open]) =>
      inFlight === open
        ? ''
        : `endpoint ${id} counts ${inFlight} in flight, but ${open} attempts are: a lease was not given back`,
    )
    return [...exchanges, ...leases, ...calls, ...counts.filter((it) => it !== '')]
  }

  exchangeBegan(exchange: Exchange): void {
    const { request, client } = exchange
    const record = new Recorded(this.#seed, ++this.#count, exchange)
    this.#open.set(exchange, record)
    if (request.version === '2') {
      const all = this.#countOf(client.peer)
      all.records.set(all.count++, record)
    } else this.#lastOf.set(key(client.peer), record)
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
    this.#lastOf.delete(key(peer))
    this.#countOf(peer).count++
    this.#journal.note('request', `request refused: ${error.code}, from ${key(peer)}`)
  }

  connectionRefused({ reason, peer }: RefusedConnection): void {
    this.#journal.note('request', `connection refused: ${reason}, from ${key(peer)}`)
  }

  attemptBegan(attempt: ObservedAttempt): void {
    this.#endpoints.set(attempt.endpoint, (this.#endpoints.get(attempt.endpoint) ?? 0) + 1)
    const record = this.#open.get(attempt.origin)
    if (record === undefined) {
      this.#called.add(attempt)
      this.#journal.note('attempt', `${callText(attempt)} began`)
      return
    }
    record.route = attempt.origin.route?.name
    this.#leases.set(attempt, record)
    this.#noteAttempt(record, attempt, `to ${attempt.endpoint.id}`)
  }

  attemptResponded(attempt: ObservedAttempt, status: number): void {
    const record = this.#leases.get(attempt)
    if (record !== undefined) this.#noteAttempt(record, attempt, `${status}`)
    else if (this.#called.has(attempt)) this.#journal.note('attempt', `${callText(attempt)}: ${status}`)
  }

  attemptEnded(attempt: ObservedAttempt, error: ProxyError | undefined): void {
    const record = this.#leases.get(attempt)
    if (record === undefined && !this.#called.has(attempt)) return
    this.#endpoints.set(attempt.endpoint, this.#endpoints.get(attempt.endpoint)! - 1)
    const how = error === undefined ? 'ended' : `failed, ${error.code}`
    this.#leases.delete(attempt)
    this.#called.delete(attempt)
    if (record === undefined) this.#journal.note('attempt', `${callText(attempt)} ${how}`)
    else this.#noteAttempt(record, attempt, how)
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

  endpointRefused(exchange: Exchange, { id }: Endpoint, reason: string): void {
    const record = this.#open.get(exchange.origin)
    if (record !== undefined) this.#note(record, `not let through to ${id} (${reason})`)
  }

  fellBack(exchange: Exchange, from: string, to: string, reason: string): void {
    const record = this.#open.get(exchange.origin)
    if (record !== undefined) this.#note(record, `fell back from ${from} to ${to} (${reason})`)
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

  endpointAdded({ id }: Endpoint): void {
    this.#journal.note('endpoint', `endpoint ${id}: added`)
  }

  endpointRemoved({ id, inFlight }: Endpoint): void {
    this.#journal.note('endpoint', `endpoint ${id}: removed, ${inFlight} in flight`)
  }

  drainBegan({ id, inFlight }: Endpoint): void {
    this.#journal.note('endpoint', `endpoint ${id}: draining, ${inFlight} in flight`)
  }

  drainEnded({ id }: Endpoint, cut: number): void {
    const given = cut === 0 ? '' : `, ${cut} given up`
    this.#journal.note('endpoint', `endpoint ${id}: drained${given}`)
  }

  readmitted({ id }: Endpoint): void {
    this.#journal.note('endpoint', `endpoint ${id}: readmitted`)
  }

  reweighted({ id }: Endpoint, from: number, to: number): void {
    this.#journal.note('endpoint', `endpoint ${id}: weight ${to}, was ${from}`)
  }

  sourceFailed(pool: string, error: unknown, retryMs: number): void {
    this.#journal.note(
      'endpoint',
      `pool ${pool}: its source failed (${String(error)}), again in ${retryMs} ms`,
    )
  }

  listRefused(pool: string, { message }: Error): void {
    this.#journal.note('endpoint', `pool ${pool}: a list of its source was refused (${message})`)
  }

  #countOf(peer: Address): { count: number; readonly records: Map<number, Recorded> } {
    let all = this.#allOf.get(key(peer))
    if (all === undefined) {
      all = { count: 0, records: new Map() }
      this.#allOf.set(key(peer), all)
    }
    return all
  }

  #noteAttempt({ number }: Recorded, attempt: ObservedAttempt, text: string): void {
    this.#journal.note('attempt', `exchange ${number}, attempt ${recordOf(attempt).number}: ${text}`)
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
  readonly decision: DecisionRecord
  readonly attempts: readonly AttemptRecord[]
  route: string | undefined = undefined
  outcome: Outcome | undefined = undefined

  constructor(seed: number, number: number, exchange: Exchange) {
    const { request, client, startedAt } = exchange
    this.seed = seed
    this.number = number
    this.method = request.method
    this.host = request.host
    this.target = request.rawTarget
    this.client = key(client)
    this.startedAtMs = startedAt
    this.decision = exchange.record()
    this.attempts = this.decision.attempts
  }
}

/** There is one: each exchange is recorded from its begin on. */
function recordOf({ recording }: ObservedAttempt): AttemptRecord {
  return recording!
}

function callText({ origin: { request }, endpoint }: ObservedAttempt): string {
  return `call ${request.method} ${request.path} of a filter to ${endpoint.id}`
}

function leaseText({ number: exchange }: Recorded, attempt: AttemptRecord): string {
  const { number, endpoint, startedAtMs, status } = attempt
  const lease = `lease on ${endpoint} is held by exchange ${exchange}, attempt ${number}, since ${startedAtMs} ms`
  return status === undefined ? lease : `${lease}: the body of its ${status} was neither read nor discarded`
}

function key({ address, port }: { readonly address: string; readonly port: number }): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

/** Without the digits that say nothing. */
function shownMs(ms: number): number {
  return Math.round(ms * 1_000) / 1_000
}
