import type { SpanContext } from '@opentelemetry/api'
import type { Exchange } from '../../core/exchange.ts'
import { isBelieved } from './believed.ts'
import type { TracingSettings } from './tracing-options.ts'

/** What a request has said of its trace, and what of that is believed. */
export interface IncomingTrace {
  /** The span that ours is a child of. */
  readonly parent: SpanContext | undefined
  /** The span of someone who is not believed: ours is of another trace, and has a link to it. */
  readonly stranger: SpanContext | undefined
  readonly baggage: string | undefined
}

/** Takes it out of the request's head, but for baggage that is passed on. `undefined` where there is nothing of it. */
export function takeIncoming(
  exchange: Exchange,
  { propagator, accept, baggage: whoseBaggage }: TracingSettings,
): IncomingTrace | undefined {
  const { headers } = exchange.request
  const taken = propagator.take(headers)
  if (taken === undefined) return undefined
  const accepted = isBelieved(accept, exchange)
  const baggage = isBelieved(whoseBaggage, exchange) ? taken.baggage : undefined
  if (baggage !== undefined) headers.append('baggage', baggage)
  return {
    parent: accepted ? taken.context : undefined,
    stranger: accepted ? undefined : taken.context,
    baggage,
  }
}
