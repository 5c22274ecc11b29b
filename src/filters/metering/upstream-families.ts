import { Counters } from './counters.ts'
import { Histograms } from './histograms.ts'

/** What is counted of endpoints, and of what pools do. */
export class UpstreamFamilies {
  readonly attempts: Counters
  readonly durations: Histograms
  readonly errors: Counters
  readonly refusals: Counters
  readonly ejections: Counters
  readonly healthChanges: Counters
  readonly probes: Counters
  readonly endpointChanges: Counters
  readonly discoveryFailures: Counters
  readonly retries: Counters
  readonly retriesRefused: Counters
  readonly hedges: Counters
  readonly hedgesRefused: Counters
  readonly fallbacks: Counters
  readonly requestsRefused: Counters

  constructor(max: number, buckets: readonly number[]) {
    const counters = (name: string, help: string, ...labels: string[]) =>
      new Counters({ name, help, labels }, max)
    this.attempts = counters(
      'proxy_upstream_attempts_total',
      'Attempts by what came of them: the status of the response, or the code of the error in its place.',
      'pool',
      'upstream',
      'code',
    )
    this.durations = new Histograms(
      {
        name: 'proxy_upstream_duration_seconds',
        help: 'From the begin of an attempt to the head of its response.',
        labels: ['pool', 'upstream'],
      },
      max,
      buckets,
    )
    this.errors = counters(
      'proxy_upstream_errors_total',
      'Attempts that failed, those whose response broke off included, by the code of the error.',
      'pool',
      'upstream',
      'reason',
    )
    this.refusals = counters(
      'proxy_upstream_refusals_total',
      'Picks of an endpoint whose own filters have let nothing through.',
      'pool',
      'upstream',
      'reason',
    )
    this.ejections = counters(
      'proxy_upstream_ejections_total',
      'How often an endpoint was left alone for a time because its attempts failed.',
      'pool',
      'upstream',
    )
    this.healthChanges = counters(
      'proxy_upstream_health_changes_total',
      'How often probes have changed what is thought of an endpoint.',
      'pool',
      'upstream',
      'to',
    )
    this.probes = counters(
      'proxy_upstream_probes_total',
      'Probes of an endpoint: passed or failed.',
      'pool',
      'upstream',
      'result',
    )
    this.endpointChanges = counters(
      'proxy_pool_changes_total',
      'Endpoints that were added to a running pool, and removed from it.',
      'pool',
      'change',
    )
    this.discoveryFailures = counters(
      'proxy_pool_discovery_failures_total',
      'How often the source of a pool has failed (source), or has given a list that is wrong (list).',
      'pool',
      'reason',
    )
    this.retries = counters(
      'proxy_retries_total',
      'Attempts that were followed by another one.',
      'route',
      'reason',
    )
    this.retriesRefused = counters(
      'proxy_retries_refused_total',
      'Attempts that would have been followed by another one, had the budget not been spent.',
      'route',
      'reason',
    )
    this.hedges = counters('proxy_hedges_total', 'Attempts beside one that was late.', 'route')
    this.hedgesRefused = counters(
      'proxy_hedges_refused_total',
      'Attempts that would have begun beside one that was late, had the budget not been spent.',
      'route',
    )
    this.fallbacks = counters(
      'proxy_fallbacks_total',
      'How often something was asked in place of what has failed.',
      'from',
      'to',
      'reason',
    )
    this.requestsRefused = counters(
      'proxy_refused_requests_total',
      'Requests that could not be read, and were answered before there was an exchange. They are in no other figure.',
      'reason',
    )
  }
}
