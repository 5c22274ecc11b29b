import { type Attribute, attribute } from './attribute.ts'

export interface TraceContext {
  readonly traceId: string
  readonly spanId: string
  readonly sampled: boolean
}

export const traceContext: Attribute<TraceContext> = attribute('traceContext')
