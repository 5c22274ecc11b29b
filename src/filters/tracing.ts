import { withCompanion } from '../core/companion.ts'
import { type Filter, named } from '../core/handler.ts'
import { answerWithin, beginTrace } from './spans/begin-trace.ts'
import { ExchangeTrace, traceOf } from './spans/exchange-trace.ts'
import { takeIncoming } from './spans/incoming-trace.ts'
import { SpanTimes } from './spans/span-time.ts'
import { TracerSource } from './spans/tracer-source.ts'
import { tracingCompanion } from './spans/tracing-companion.ts'
import { type TracingOptions, tracingSettings } from './spans/tracing-options.ts'

export type { Propagation } from './propagation/propagator.ts'
export type { Believed } from './spans/believed.ts'
export type { TracingOptions } from './spans/tracing-options.ts'

/**
 * Traces exchanges with OpenTelemetry: a `SERVER` span for each, and a `CLIENT` span for each attempt at an endpoint, by the
 * stable conventions for HTTP. You bring the SDK and register it as for any application; only the API is used here.
 *
 * The span of an exchange is called `GET /users/:id`, after its route, and ends with the last byte of the response or the end
 * of a tunnel; that of an attempt is called `GET`, and ends when the endpoint is free again. A retry says how often its request
 * was sent before (`http.request.resend_count`), a hedge has a link to the attempt that was late, and calls of filters are
 * attempts too. An answer of a cache has no attempt. `error.type` is a status of 500 or more, of an attempt 400 or more,
 * or a code of `docs/errors.md`, such as `client_aborted`. Filters inside see the span of the exchange as the active one.
 *
 * A service gets exactly one `traceparent`, and at most one `tracestate` and one `baggage`, whatever a client sends: what is
 * malformed is dropped, and the fields of formats that `propagation` does not name are removed. That is so without an SDK too,
 * where a valid context goes on as it is. Of `baggage`, 64 members and 8192 bytes go on; of a `tracestate`, 512 bytes.
 *
 * Traps: clients outside `trustedProxies` begin new traces, unless `accept` says otherwise. Place it first, with
 * `proxy().use(...)`: what filters before it refuse has no span. An SDK that throws is told of in the log, and breaks nothing.
 *
 * @example
 * proxy().listen(8080).use(tracing()).route('/users/:id', users)
 *
 * @throws `ERR_OPTION_INVALID` for an option that is wrong, and for fields that hold credentials.
 */
export function tracing(options: TracingOptions = {}): Filter {
  const settings = tracingSettings(options)
  const { propagator, faults } = settings
  const sources = { source: new TracerSource(settings.tracerProvider), times: new SpanTimes() }

  const filter: Filter = (exchange, next) => {
    const incoming = takeIncoming(exchange, settings)
    const outer = traceOf(exchange)
    if (outer !== undefined) {
      // Another one is around this, or it has seen an earlier attempt of a pool.
      propagator.write(exchange.request.headers, outer.spanContext)
      return next(exchange)
    }
    let begun: ExchangeTrace | undefined
    try {
      begun = beginTrace(exchange, sources, incoming, settings)
    } catch (thrown) {
      faults.report(thrown)
    }
    if (begun !== undefined) return answerWithin(begun, next, settings)
    if (incoming?.parent !== undefined)
      new ExchangeTrace(exchange, incoming.parent, undefined, undefined, settings).begin()
    return next(exchange)
  }
  return withCompanion(named(filter, 'tracing'), tracingCompanion)
}
