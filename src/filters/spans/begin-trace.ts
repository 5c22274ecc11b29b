import {
  type Context,
  context,
  createContextKey,
  isSpanContextValid,
  propagation,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  trace,
} from '@opentelemetry/api'
import type { Exchange } from '../../core/exchange.ts'
import type { Handler } from '../../core/handler.ts'
import { ResponseMessage } from '../../core/message.ts'
import { baggageEntries } from '../propagation/baggage.ts'
import { SAMPLED } from '../propagation/trace-parent.ts'
import { ExchangeTrace, type RecordedSpan } from './exchange-trace.ts'
import type { IncomingTrace } from './incoming-trace.ts'
import { addClient, addOutcome, routePath, serverAttributes } from './server-span.ts'
import { addHeaders, spanName } from './span-attributes.ts'
import type { SpanTimes } from './span-time.ts'
import type { TracerSource } from './tracer-source.ts'
import type { TracingSettings } from './tracing-options.ts'

/** Where the spans of one filter have their tracer and their time from. */
export interface SpanSources {
  readonly source: TracerSource
  readonly times: SpanTimes
}

/** Begins the span of an exchange. `undefined` where there is none to begin; what the SDK throws is thrown. */
export function beginTrace(
  exchange: Exchange,
  { source, times }: SpanSources,
  incoming: IncomingTrace | undefined,
  settings: TracingSettings,
): ExchangeTrace | undefined {
  const tracer = source.current
  if (tracer === undefined || settings.ignore?.(exchange) === true) return undefined
  const { request, route } = exchange
  const time = times.of(exchange)
  const above = contextOf(incoming)
  const span = tracer.startSpan(
    spanName(request.method, route === undefined ? undefined : routePath(route), settings),
    {
      kind: SpanKind.SERVER,
      startTime: time.at(exchange.startedAt),
      attributes: serverAttributes(exchange, settings),
      links: incoming?.stranger === undefined ? [] : [{ context: incoming.stranger }],
    },
    above,
  )
  const own = span.spanContext()
  // Someone has suppressed tracing, or the provider makes no spans.
  if (!isSpanContextValid(own)) return undefined
  const isRecording = span.isRecording()
  const within = isRecording || contextsAreKept() ? trace.setSpan(above, span) : undefined
  const recorded: RecordedSpan | undefined =
    isRecording && within !== undefined ? { span, tracer, context: within, time, settings } : undefined
  const begun = new ExchangeTrace(exchange, withFlagsOf(own, incoming?.parent), within, recorded, settings)
  begun.begin()
  if (recorded !== undefined) record(exchange, recorded, settings)
  return begun
}

/** Has an exchange answered, while its span is the active one. */
export function answerWithin(
  begun: ExchangeTrace,
  next: Handler,
  { faults, responseHeaders }: TracingSettings,
): Promise<ResponseMessage> | ResponseMessage {
  const { recorded } = begun
  // Nobody would see it.
  if (begun.context === undefined) return next(begun.exchange)
  let response: Promise<ResponseMessage> | ResponseMessage
  try {
    response = context.with(begun.context, enter, undefined, begun, next)
  } catch (thrown) {
    if (begun.entered) throw thrown
    // It is the user's context manager that has failed.
    faults.report(thrown)
    return next(begun.exchange)
  }
  if (recorded === undefined || responseHeaders.length === 0) return response
  const noted = (it: ResponseMessage): ResponseMessage => {
    faults.guard(() => {
      const attributes = {}
      addHeaders(attributes, 'response', it.headers, responseHeaders)
      recorded.span.setAttributes(attributes)
    })
    return it
  }
  return response instanceof ResponseMessage ? noted(response) : response.then(noted)
}

/** Whether anyone keeps the active context: without a manager, what is made active is gone at once. */
function contextsAreKept(): boolean {
  try {
    return context.with(PROBE, isActive)
  } catch {
    // Whoever makes something active with it will see that it fails.
    return true
  }
}

const PROBE: Context = ROOT_CONTEXT.setValue(createContextKey('gatewright.probe'), true)

function isActive(): boolean {
  return context.active() === PROBE
}

function enter(begun: ExchangeTrace, next: Handler): Promise<ResponseMessage> | ResponseMessage {
  begun.entered = true
  return next(begun.exchange)
}

/** Keeps what becomes of the exchange. */
function record(exchange: Exchange, { span, time }: RecordedSpan, settings: TracingSettings): void {
  const { faults } = settings
  const { method } = exchange.request
  exchange.record()
  faults.guard(() => addClient(span, exchange, settings))
  exchange.onComplete((outcome) => {
    faults.guard(() => addOutcome(span, method, exchange, outcome, settings))
    faults.guard(() => span.end(time.at(exchange.startedAt + outcome.durationMs)))
  })
}

/**
 * It begins at the root: a connection that carries many requests runs in the context of whoever has opened it, so that what is
 * active there may be the span of another request.
 */
function contextOf(incoming: IncomingTrace | undefined): Context {
  if (incoming === undefined) return ROOT_CONTEXT
  const { parent, baggage } = incoming
  const root = parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent)
  return baggage === undefined
    ? root
    : propagation.setBaggage(root, propagation.createBaggage(baggageEntries(baggage)))
}

/** SDKs know of one flag. What else a client says of its trace stays true. */
function withFlagsOf(own: SpanContext, parent: SpanContext | undefined): SpanContext {
  if (parent === undefined || parent.traceId !== own.traceId) return own
  const traceFlags = own.traceFlags | (parent.traceFlags & ~SAMPLED)
  return traceFlags === own.traceFlags ? own : { ...own, traceFlags }
}
