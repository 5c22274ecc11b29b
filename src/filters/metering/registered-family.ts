import type { Metric, OpenMetricsContentType, Registry } from 'prom-client'
import { invalidOption } from '../../core/options.ts'
import type { Family } from './family.ts'
import type { Histogram } from './histogram.ts'
import type { LabelSet } from './label-set.ts'

/** A value as prom-client writes it. */
interface MetricValue {
  readonly metricName?: string
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
  readonly exemplar?: {
    readonly labelSet: Readonly<Record<string, string>>
    readonly value: number
    readonly timestamp: number
  }
}

/** Has families that are shown. */
export interface RegisteredSource {
  readonly families: readonly Family[]
  /** Before each is shown: lets go of what is long gone. */
  sweep(): void
}

/** A family in a registry of prom-client, so that `registry.metrics()` and what pushes a registry have it too. */
export class RegisteredFamily {
  /** Not fixed: where a registry writes OpenMetrics, prom-client takes `_total` from the names of its counters. */
  name: string
  readonly help: string
  readonly type: Family['type']
  /** How figures of several processes become one. */
  readonly aggregator = 'sum'
  readonly #family: Family
  readonly #source: RegisteredSource

  constructor(family: Family, source: RegisteredSource) {
    this.name = family.name
    this.help = family.help
    this.type = family.type
    this.#family = family
    this.#source = source
  }

  async get(): Promise<object> {
    this.#source.sweep()
    const { name, help, type, aggregator } = this
    return { name, help, type, aggregator, values: this.#values() }
  }

  reset(): void {
    this.#family.reset()
  }

  #values(): MetricValue[] {
    const family = this.#family
    if (family.type === 'histogram') return [...family.series()].flatMap((it) => bucketsOf(family.name, it))
    return Array.from(family.series(), ({ labels, value }) => ({ labels: asObject(labels), value }))
  }
}

/**
 * Puts families into a registry. Those of another `metrics()` that are there stay until this one `takes`: it may be about to
 * take the other's place.
 */
export class Registration {
  readonly #registry: Registry | Registry<OpenMetricsContentType>

  /** @throws `ERR_OPTION_INVALID` where the registry has a metric of such a name that is none of ours. */
  constructor(
    owner: string,
    registry: Registry | Registry<OpenMetricsContentType>,
    source: RegisteredSource,
  ) {
    this.#registry = registry
    const { families } = source
    const there = families.map(({ name }) => registry.getSingleMetric(name))
    for (const [i, metric] of there.entries())
      if (metric !== undefined && !isRegisteredFamily(metric))
        throw invalidOption(owner, 'registry', `one without a metric ${families[i]!.name}`, registry)
    if (there.every((metric) => metric === undefined)) this.take(source)
  }

  /** Has the registry show these families, in the place of others of the same names. */
  take(source: RegisteredSource): void {
    for (const family of source.families) {
      this.#registry.removeSingleMetric(family.name)
      // Of a metric, a registry calls `get` and `reset`; its types ask for one of prom-client's own classes.
      this.#registry.registerMetric(new RegisteredFamily(family, source) as unknown as Metric)
    }
  }
}

export function isRegisteredFamily(metric: unknown): boolean {
  return metric instanceof RegisteredFamily
}

function bucketsOf(name: string, { labels, bounds, counts, sum, exemplars }: Histogram): MetricValue[] {
  const own = asObject(labels)
  let count = 0
  const buckets = Array.from(counts, (value, i): MetricValue => {
    count += value
    const le = i < bounds.length ? bounds[i]! : '+Inf'
    const found = exemplars?.[i]
    const sample = { metricName: `${name}_bucket`, labels: { ...own, le }, value: count }
    if (found === undefined) return sample
    const labelSet = { trace_id: found.traceId, span_id: found.spanId }
    return { ...sample, exemplar: { labelSet, value: found.value, timestamp: found.timestampSeconds } }
  })
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels: own, value: sum },
    { metricName: `${name}_count`, labels: own, value: count },
  ]
}

function asObject({ names, values }: LabelSet): Record<string, string> {
  return Object.fromEntries(names.map((name, i) => [name, values[i]!]))
}
