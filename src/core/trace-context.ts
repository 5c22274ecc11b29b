import { type Attribute, attribute } from './attribute.ts'

/** The span of an exchange, as W3C Trace Context names it. */
export interface TraceContext {
  readonly traceId: string
  readonly spanId: string
  readonly sampled: boolean
}

/** The span that a tracing filter has begun for the exchange. */
export const traceContext: Attribute<TraceContext> = attribute('traceContext')
