import { type Context, type Span, type SpanContext, SpanKind, type Tracer } from '@opentelemetry/api'
import type { Exchange, Outcome } from '../../core/exchange.ts'
import type { ObservedAttempt } from '../../core/observer.ts'
import { addFailure, addResponse, clientAttributes, linksOf } from './client-span.ts'
import { spanName } from './span-attributes.ts'
import type { SpanSettings } from './span-settings.ts'
import type { SpanTime } from './span-time.ts'

/** What the spans of attempts have of the exchange that they are made for. */
export interface AttemptParent {
  readonly tracer: Tracer
  /** With its span. */
  readonly context: Context
  readonly time: SpanTime
  readonly settings: SpanSettings
}

/** The spans of the attempts of one exchange: the client's, or that of a filter's call. */
export class AttemptSpans {
  /** Whose they are. A filter's call finds those of the client's exchange, and needs its own. */
  readonly of: Exchange
  readonly #parent: AttemptParent
  readonly #open: { readonly attempt: ObservedAttempt; readonly span: Span }[] = []
  #first: SpanContext | undefined
  #resent = 0

  constructor(of: Exchange, parent: AttemptParent) {
    this.of = of
    this.#parent = parent
    // Its record tells retries, hedges and first attempts apart.
    of.record()
  }

  /** Returns what is to be sent with the attempt. */
  began(attempt: ObservedAttempt): SpanContext {
    const { tracer, context, time, settings } = this.#parent
    const kind = attempt.recording?.kind
    if (kind === 'retry' || kind === 'again') this.#resent++
    const span = tracer.startSpan(
      spanName(attempt.request.method, undefined, settings),
      {
        kind: SpanKind.CLIENT,
        startTime: time.at(attempt.startedAt),
        attributes: clientAttributes(attempt, this.#resent, settings),
        links: linksOf(attempt, this.#first),
      },
      context,
    )
    this.#open.push({ attempt, span })
    const own = span.spanContext()
    this.#first ??= own
    return own
  }

  responded(attempt: ObservedAttempt, status: number): void {
    const open = this.#open.find((it) => it.attempt === attempt)
    if (open !== undefined) addResponse(open.span, attempt, status)
  }

  ended(attempt: ObservedAttempt, error: string | undefined, atMs: number): void {
    const at = this.#open.findIndex((it) => it.attempt === attempt)
    const [open] = at < 0 ? [] : this.#open.splice(at, 1)
    if (open === undefined) return
    if (error !== undefined) addFailure(open.span, error)
    open.span.end(this.#parent.time.at(atMs))
  }

  /**
   * The exchange is over, and so is all that was done for it. Those are ended of which nobody has told: tracing was taken away
   * by a reload meanwhile. The first attempt of a filter's call has no record: where it was the only one, what became of the
   * call is what became of it.
   */
  exchangeEnded({ status, error, durationMs }: Outcome): void {
    const wasOnly = this.#open.length > 0 && this.of.record().attemptCount === 0
    for (const { attempt, span } of [...this.#open]) {
      const { recording, respondedAt } = attempt
      const answered = wasOnly ? status : recording?.status
      if (respondedAt !== undefined && answered !== undefined) addResponse(span, attempt, answered)
      const at = recording?.endedAtMs
      if (at === undefined)
        this.ended(attempt, wasOnly ? error?.code : undefined, this.of.startedAt + durationMs)
      else this.ended(attempt, recording?.error, at)
    }
  }
}
