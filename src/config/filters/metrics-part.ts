import type { Filter } from '../../core/handler.ts'
import type { MetricsOptions } from '../../filters/metrics.ts'
import type { Part } from '../part.ts'
import { integer, listOf, moduleValue, positive, text } from '../schema/values.ts'

export const metricsPart: Part<MetricsOptions, Filter> = {
  schema: {
    buckets: listOf(positive, 1),
    maxSeries: integer(1),
    registry: moduleValue('a registry of prom-client'),
    name: text,
  },
  required: [],
  load: async () => (await import('../../filters/metrics.ts')).metrics,
}
