import type { Endpoint } from '../../src/core/balancer.ts'
import type { DecisionRecord } from '../../src/core/decision-record.ts'
import type { Exchange, Outcome } from '../../src/core/exchange.ts'
import type { ObservedAttempt, Observer } from '../../src/core/observer.ts'

/**
 * Books on what the proxy has begun: each exchange and each lease is entered once and struck out once. Every other exchange is
 * recorded, and its record must be complete and true when its listeners are called.
 */
export class Ledger implements Observer {
  readonly violations: string[] = []
  readonly #exchanges = new Map<Exchange, string>()
  readonly #leases = new Map<ObservedAttempt, string>()
  readonly #endpoints = new Set<Endpoint>()
  #began = 0

  /** What was begun and has not ended, by name. */
  open(): string[] {
    const open = Array.from(this.#exchanges.values(), (it) => `${it} has not ended`)
    for (const lease of this.#leases.values()) open.push(`${lease} is held`)
    for (const { id, inFlight } of this.#endpoints)
      if (inFlight !== 0) open.push(`${inFlight} leases counted on ${id}`)
    return open
  }

  exchangeBegan(exchange: Exchange): void {
    this.#exchanges.set(exchange, nameOf(exchange))
    if (++this.#began % 2 === 0) return
    const record = exchange.record()
    exchange.onComplete((outcome) => {
      for (const wrong of untruths(record, outcome))
        this.violations.push(`the record of ${nameOf(exchange)}: ${wrong}\n${record.toString()}`)
    })
  }

  exchangeEnded(exchange: Exchange): void {
    if (!this.#exchanges.delete(exchange))
      this.violations.push(`${nameOf(exchange)} ended, and was not under way`)
  }

  attemptBegan(attempt: ObservedAttempt): void {
    const { endpoint, origin } = attempt
    this.#endpoints.add(endpoint)
    this.#leases.set(attempt, `the lease of ${nameOf(origin)} on ${endpoint.id}`)
  }

  attemptEnded(attempt: ObservedAttempt): void {
    const { endpoint, origin } = attempt
    if (!this.#leases.delete(attempt))
      this.violations.push(`the lease of ${nameOf(origin)} on ${endpoint.id} was given back twice`)
    if (endpoint.inFlight < 0) this.violations.push(`${endpoint.inFlight} leases counted on ${endpoint.id}`)
  }
}

function nameOf(exchange: Exchange): string {
  return `exchange ${exchange.request.headers.get('x-chaos-id') ?? 'without an id'}`
}

/** What a record does not say, or says wrongly, of an exchange that has ended so. */
function untruths({ ended, attempts, attemptCount, picks }: DecisionRecord, outcome: Outcome): string[] {
  const { result, status, error } = outcome
  const wrong: string[] = []
  if (ended === undefined) wrong.push('it has no end')
  else {
    if (ended.result !== result || ended.status !== status) wrong.push('it has another end')
    if (ended.error !== error?.code) wrong.push('it has another error')
    if ((ended.by === undefined) !== (error === undefined)) wrong.push('it does not say who ended it')
    const begun = result !== 'completed' && status !== undefined
    if (begun && error !== undefined && ended.phase !== (status === 101 ? 'tunnel' : 'body'))
      wrong.push('its response had begun')
  }
  if (attempts.length !== attemptCount) wrong.push('attempts are missing')
  for (const { number, endedAtMs, error: failure, status: answered, pick, endpoint } of attempts) {
    if (endedAtMs === undefined) wrong.push(`attempt ${number} has not ended`)
    if (failure === undefined && answered === undefined) wrong.push(`attempt ${number} came to nothing`)
    if (picks.find((it) => it.number === pick)?.chosen !== endpoint)
      wrong.push(`attempt ${number} is at an endpoint that was not picked`)
  }
  return wrong
}
