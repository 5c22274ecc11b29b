import { type Context, isSpanContextValid, type Span, type SpanContext } from '@opentelemetry/api'
import { type Attribute, attribute } from '../../core/attribute.ts'
import type { Exchange } from '../../core/exchange.ts'
import type { ObservedAttempt } from '../../core/observer.ts'
import { type TraceContext, traceContext } from '../../core/trace-context.ts'
import { SAMPLED } from '../propagation/trace-parent.ts'
import { type AttemptParent, AttemptSpans } from './attempt-spans.ts'
import type { SpanSettings } from './span-settings.ts'

/** The span of an exchange that is recorded. */
export interface RecordedSpan extends AttemptParent {
  readonly span: Span
}

/**
 * The trace that an exchange belongs to: by a span of ours, recorded or not, or by what the client has said where nobody
 * traces. It is found by its exchange, so that it outlives the filter that has made it.
 */
export class ExchangeTrace implements TraceContext {
  /** Whose head names it. */
  readonly exchange: Exchange
  readonly spanContext: SpanContext
  /** The context that has its span, for filters inside; `undefined` where nobody traces. */
  readonly context: Context | undefined
  readonly recorded: RecordedSpan | undefined
  /** Whether the filters inside were called. */
  entered = false
  readonly #settings: SpanSettings

  constructor(
    exchange: Exchange,
    spanContext: SpanContext,
    context: Context | undefined,
    recorded: RecordedSpan | undefined,
    settings: SpanSettings,
  ) {
    this.exchange = exchange
    this.spanContext = spanContext
    this.context = context
    this.recorded = recorded
    this.#settings = settings
  }

  /** Says to all who ask, and to the service, that the exchange is of this trace. */
  begin(): void {
    const { exchange } = this
    exchange.set(traceContext, this)
    this.#settings.propagator.write(exchange.request.headers, this.spanContext)
  }

  get traceId(): string {
    return this.spanContext.traceId
  }

  get spanId(): string {
    return this.spanContext.spanId
  }

  get sampled(): boolean {
    return (this.spanContext.traceFlags & SAMPLED) !== 0
  }

  attemptBegan(attempt: ObservedAttempt): void {
    const { origin } = attempt
    const { propagator, faults } = this.#settings
    if (this.recorded === undefined) {
      // The head of the client's own request has it already; those of filters' calls do not.
      if (origin !== this.exchange.origin) propagator.write(attempt.ownHeaders(), this.spanContext)
      return
    }
    const { recorded } = this
    const own = faults.guard(() => this.#withFlags(this.#spansOf(origin, recorded).began(attempt)))
    // An SDK that was shut down meanwhile makes spans that have no ids.
    const isValid = own !== undefined && isSpanContextValid(own)
    propagator.write(attempt.ownHeaders(), isValid ? own : this.spanContext)
  }

  attemptResponded(attempt: ObservedAttempt, status: number): void {
    if (this.recorded === undefined) return
    this.#settings.faults.guard(() => attempt.origin.get(attemptSpans)?.responded(attempt, status))
  }

  attemptEnded(attempt: ObservedAttempt, error: string | undefined): void {
    if (this.recorded === undefined) return
    const { origin } = attempt
    this.#settings.faults.guard(() => origin.get(attemptSpans)?.ended(attempt, error, origin.clock.now()))
  }

  #spansOf(origin: Exchange, recorded: RecordedSpan): AttemptSpans {
    const there = origin.get(attemptSpans)
    if (there?.of === origin) return there
    const made = new AttemptSpans(origin, recorded)
    origin.set(attemptSpans, made)
    origin.onComplete((outcome) => this.#settings.faults.guard(() => made.exchangeEnded(outcome)))
    return made
  }

  /** SDKs know of one flag. What else is true of the trace is true of each of its spans. */
  #withFlags(context: SpanContext): SpanContext {
    const traceFlags = context.traceFlags | (this.spanContext.traceFlags & ~SAMPLED)
    return traceFlags === context.traceFlags ? context : { ...context, traceFlags }
  }
}

/** The trace of an exchange, where a filter here has begun one. */
export function traceOf(exchange: Exchange): ExchangeTrace | undefined {
  const found = exchange.get(traceContext)
  return found instanceof ExchangeTrace ? found : undefined
}

const attemptSpans: Attribute<AttemptSpans> = attribute('tracing.attempts')
