import type { OpenMetricsContentType, Registry } from 'prom-client'
import { log } from '../../core/log.ts'
import { type Labels, labelsText } from './label-set.ts'
import { isRegisteredFamily } from './registered-family.ts'
import { exemplarText, headOf, sampleLine, type TextFormat } from './text-format.ts'

/** What a metric of prom-client gives. */
interface Metered {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly values?: readonly MeteredValue[]
}

interface MeteredValue {
  readonly metricName?: string
  readonly labels?: Labels
  readonly value: number
  readonly exemplar?: { readonly labelSet: Labels; readonly value: number; readonly timestamp: number } | null
}

interface ForeignMetric {
  readonly name: string
  get(): Promise<Metered>
}

/** The metrics in a registry that users have put there, each as lines. One that cannot be asked is told of and left out. */
export async function* foreignMetrics(
  registry: Registry | Registry<OpenMetricsContentType>,
  format: TextFormat,
  defaults: Labels,
): AsyncGenerator<Iterable<string>> {
  const metrics = registry.getMetricsAsArray() as unknown as readonly ForeignMetric[]
  for (const metric of metrics) {
    if (isRegisteredFamily(metric)) continue
    const metered = await asked(metric)
    if (metered !== undefined) yield linesOf(metered, defaults, format)
  }
}

function* linesOf(metered: Metered, defaults: Labels, format: TextFormat): Generator<string> {
  const { name, help, type, values = [] } = metered
  yield headOf(name, help, type, format)
  for (const value of values) yield lineOf(value, metered, defaults, format)
}

async function asked(metric: ForeignMetric): Promise<Metered | undefined> {
  try {
    return await metric.get()
  } catch (error) {
    log.warn(`metrics: "${metric.name}" could not be read, and is left out`, error)
    return undefined
  }
}

function lineOf(
  { metricName, labels = {}, value, exemplar }: MeteredValue,
  { name, type }: Metered,
  defaults: Labels,
  format: TextFormat,
): string {
  const openMetrics = format === 'openmetrics'
  const own =
    metricName ?? (openMetrics && type === 'counter' ? `${name.replace(/_total$/, '')}_total` : name)
  const line = sampleLine(own, labelsText({ ...defaults, ...labels }), value)
  if (!openMetrics || exemplar === undefined || exemplar === null) return line
  return `${line.slice(0, -1)}${exemplarText(labelsText(exemplar.labelSet), exemplar.value, exemplar.timestamp)}\n`
}
