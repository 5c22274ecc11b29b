import {
  AlwaysOnSampler,
  BasicTracerProvider,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base'
import { tracing } from 'gatewright/filters/tracing'
import type { FilterCost } from './filter-cost.ts'

/** Spans are made and ended, and go nowhere: what sending them costs is the exporter's. */
const provider = (root: Sampler): BasicTracerProvider =>
  new BasicTracerProvider({
    sampler: new ParentBasedSampler({ root }),
    spanProcessors: [{ onStart() {}, onEnd() {}, forceFlush: async () => {}, shutdown: async () => {} }],
  })

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00'

export const costs: readonly FilterCost[] = [
  {
    name: 'tracing, not sampled',
    filters: () => [tracing({ tracerProvider: provider(new TraceIdRatioBasedSampler(0)) })],
  },
  {
    name: 'tracing, not sampled, continued',
    filters: () => [tracing({ tracerProvider: provider(new TraceIdRatioBasedSampler(0)), accept: 'anyone' })],
    headers: { traceparent },
  },
  {
    name: 'tracing, sampled',
    filters: () => [tracing({ tracerProvider: provider(new AlwaysOnSampler()) })],
  },
  { name: 'tracing, no SDK', filters: () => [tracing()] },
  {
    name: 'tracing, no SDK, continued',
    filters: () => [tracing({ accept: 'anyone' })],
    headers: { traceparent },
  },
]
