import type { Filter } from '../../core/handler.ts'
import type { TracingOptions } from '../../filters/tracing.ts'
import type { Part } from '../part.ts'
import { choice, moduleValue, oneOrMore, texts } from '../schema/values.ts'

export const tracingPart: Part<TracingOptions, Filter> = {
  schema: {
    tracerProvider: moduleValue('a tracer provider of OpenTelemetry'),
    accept: choice('trusted', 'anyone', 'nobody'),
    propagation: oneOrMore(choice('w3c', 'b3', 'b3-multi')),
    baggage: choice('trusted', 'anyone', 'nobody'),
    requestHeaders: texts,
    responseHeaders: texts,
    query: texts,
    knownMethods: texts,
    ignore: moduleValue('a function of the exchange'),
  },
  required: [],
  load: async () => (await import('../../filters/tracing.ts')).tracing,
}
