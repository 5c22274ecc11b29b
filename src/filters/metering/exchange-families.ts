import { Counters } from './counters.ts'
import { Histograms } from './histograms.ts'

/** What is counted of exchanges. */
export class ExchangeFamilies {
  readonly requests: Counters
  readonly durations: Histograms
  readonly errors: Counters
  readonly received: Counters
  readonly sent: Counters

  constructor(max: number, buckets: readonly number[]) {
    const counters = (name: string, help: string, ...labels: string[]) =>
      new Counters({ name, help, labels }, max)
    this.requests = counters(
      'proxy_requests_total',
      'Exchanges that have ended. code: the status that was sent, 499 where the client left before, none where nothing was.',
      'route',
      'method',
      'code',
    )
    this.durations = new Histograms(
      {
        name: 'proxy_request_duration_seconds',
        help: 'From the head of a request to the end of its response. Tunnels are not in it.',
        labels: ['route', 'method'],
      },
      max,
      buckets,
    )
    this.errors = counters(
      'proxy_errors_total',
      'Exchanges that failed or were answered with an error of the proxy, by its code, and by whose fault it was.',
      'reason',
      'side',
    )
    this.received = counters('proxy_request_body_bytes_total', 'Bytes of request bodies that came.', 'route')
    this.sent = counters(
      'proxy_response_body_bytes_total',
      'Bytes of response bodies as they went to clients.',
      'route',
    )
  }
}
