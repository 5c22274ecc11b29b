import type { Endpoint } from '../../src/core/balancer.ts'
import type { Exchange } from '../../src/core/exchange.ts'
import type { ObservedAttempt, Observer } from '../../src/core/observer.ts'

/** Books on what the proxy has begun: each exchange and each lease is entered once and struck out once. */
export class Ledger implements Observer {
  readonly violations: string[] = []
  readonly #exchanges = new Map<Exchange, string>()
  readonly #leases = new Map<ObservedAttempt, string>()
  readonly #endpoints = new Set<Endpoint>()

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
