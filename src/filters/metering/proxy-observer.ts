import type { EndpointHealth } from '../../core/balancer.ts'
import type { ProxyError } from '../../core/errors.ts'
import type { Exchange } from '../../core/exchange.ts'
import type { ObservedAttempt, ObservedEndpoint, Observer, ProbeResult } from '../../core/observer.ts'
import { traceContext } from '../../core/trace-context.ts'
import type { EndpointDirectory } from './endpoint-directory.ts'
import type { UpstreamFamilies } from './upstream-families.ts'

/** Counts what a proxy does beside the exchanges themselves. */
export class ProxyObserver implements Observer {
  readonly #families: UpstreamFamilies
  readonly #endpoints: EndpointDirectory

  constructor(families: UpstreamFamilies, endpoints: EndpointDirectory) {
    this.#families = families
    this.#endpoints = endpoints
  }

  requestRefused({ code }: ProxyError): void {
    this.#families.requestsRefused.of(code).value++
  }

  attemptResponded(attempt: ObservedAttempt, status: number): void {
    const { origin, endpoint, startedAt, respondedAt = startedAt } = attempt
    const series = this.#endpoints.of(endpoint)
    series.attempts(status).value++
    const seconds = (respondedAt - startedAt) / 1000
    const { duration } = series
    duration.observe(seconds)
    const trace = origin.get(traceContext)
    if (trace?.sampled === true) duration.exemplify(seconds, trace, origin.clock.wallTime())
  }

  attemptEnded(attempt: ObservedAttempt, error: ProxyError | undefined): void {
    if (error === undefined) return
    const series = this.#endpoints.of(attempt.endpoint)
    if (attempt.respondedAt === undefined) series.attempts(error.code).value++
    series.count(this.#families.errors, 1, error.code)
  }

  retried(exchange: Exchange, reason: string): void {
    this.#families.retries.of(routeOf(exchange), reason).value++
  }

  retryRefused(exchange: Exchange, reason: string): void {
    this.#families.retriesRefused.of(routeOf(exchange), reason).value++
  }

  hedged(exchange: Exchange): void {
    this.#families.hedges.of(routeOf(exchange)).value++
  }

  hedgeRefused(exchange: Exchange): void {
    this.#families.hedgesRefused.of(routeOf(exchange)).value++
  }

  endpointRefused(_: Exchange, endpoint: ObservedEndpoint, reason: string): void {
    this.#endpoints.of(endpoint).count(this.#families.refusals, 1, reason)
  }

  fellBack(_: Exchange, from: string, to: string, reason: string): void {
    this.#families.fallbacks.of(from, to, reason).value++
  }

  probed(endpoint: ObservedEndpoint, { passed }: ProbeResult): void {
    this.#endpoints.of(endpoint).count(this.#families.probes, 1, passed ? 'passed' : 'failed')
  }

  healthChanged(endpoint: ObservedEndpoint, _: EndpointHealth, to: EndpointHealth): void {
    this.#endpoints.of(endpoint).count(this.#families.healthChanges, 1, to)
  }

  ejected(endpoint: ObservedEndpoint): void {
    this.#endpoints.of(endpoint).count(this.#families.ejections, 1)
  }

  endpointAdded({ pool }: ObservedEndpoint): void {
    this.#families.endpointChanges.of(pool, 'added').value++
  }

  endpointRemoved({ pool }: ObservedEndpoint): void {
    this.#families.endpointChanges.of(pool, 'removed').value++
  }

  sourceFailed(pool: string): void {
    this.#families.discoveryFailures.of(pool, 'source').value++
  }

  listRefused(pool: string): void {
    this.#families.discoveryFailures.of(pool, 'list').value++
  }
}

function routeOf({ route }: Exchange): string {
  return route?.name ?? 'none'
}
