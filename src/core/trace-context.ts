import { type Attribute, attribute } from './attribute.ts'

/** The span of an exchange, as W3C Trace Context names it. */
export interface TraceContext {
  readonly traceId: string
  readonly spanId: string
  readonly sampled: boolean
}

/** Of exchanges that a tracing filter has begun a span for, or that came with a valid context. */
export const traceContext: Attribute<TraceContext> = attribute('traceContext')
