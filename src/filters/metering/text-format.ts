import type { Family } from './family.ts'
import type { Exemplar, Histogram } from './histogram.ts'
import { escapeLabel, type Labels, labelsText } from './label-set.ts'

/** The two formats that Prometheus reads. Exemplars are of `openmetrics` alone. */
export type TextFormat = 'text' | 'openmetrics'

export const CONTENT_TYPES: Readonly<Record<TextFormat, string>> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
}

/** What comes behind the last family. */
export const ENDS: Readonly<Record<TextFormat, string>> = { text: '', openmetrics: '# EOF\n' }

/** A family as lines. Series have `common` labels too, but for those that they have anyway. */
export function* linesOf(family: Family, format: TextFormat, common: Labels): Generator<string> {
  const { name, help, type } = family
  const more = labelsText(
    Object.fromEntries(Object.entries(common).filter(([label]) => !family.labels.includes(label))),
  )
  yield headOf(name, help, type, format)
  if (family.type === 'histogram')
    for (const histogram of family.series())
      yield* histogramLines(name, joined(histogram.labels.text, more), histogram, format)
  else
    for (const { labels, value } of family.series()) yield sampleLine(name, joined(labels.text, more), value)
}

/** In OpenMetrics a counter's family is named without what its samples end in. */
export function headOf(name: string, help: string, type: string, format: TextFormat): string {
  const own = format === 'openmetrics' && type === 'counter' ? name.replace(/_total$/, '') : name
  return `# HELP ${own} ${escapeHelp(help, format)}\n# TYPE ${own} ${type}\n`
}

export function sampleLine(name: string, labels: string, value: number): string {
  return labels === '' ? `${name} ${numberText(value)}\n` : `${name}{${labels}} ${numberText(value)}\n`
}

/** Behind a sample of OpenMetrics. */
export function exemplarText(labels: string, value: number, timestampSeconds: number): string {
  return ` # {${labels}} ${numberText(value)} ${timestampSeconds}`
}

export function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf'
  if (value === Number.NEGATIVE_INFINITY) return '-Inf'
  return String(value)
}

function* histogramLines(
  name: string,
  labels: string,
  { bounds, counts, sum, exemplars }: Histogram,
  format: TextFormat,
): Generator<string> {
  // Taken at once: whoever reads the lines may leave the event loop a turn in between.
  const buckets = counts.slice()
  let count = 0
  for (const [i, value] of buckets.entries()) {
    count += value
    const bound = i < bounds.length ? numberText(bounds[i]!) : '+Inf'
    const exemplar = format === 'openmetrics' ? shown(exemplars?.[i]) : ''
    yield `${name}_bucket{${joined(labels, `le="${bound}"`)}} ${count}${exemplar}\n`
  }
  yield sampleLine(`${name}_sum`, labels, sum)
  yield sampleLine(`${name}_count`, labels, count)
}

function joined(one: string, other: string): string {
  return one === '' || other === '' ? one + other : `${one},${other}`
}

/** Characters of an exemplar's labels, names and values together, that the format allows. */
const MAX_EXEMPLAR = 128

function shown(exemplar: Exemplar | undefined): string {
  if (exemplar === undefined) return ''
  const { traceId, spanId, value, timestampSeconds } = exemplar
  if ('trace_id'.length + traceId.length + 'span_id'.length + spanId.length > MAX_EXEMPLAR) return ''
  const labels = `trace_id="${escapeLabel(traceId)}",span_id="${escapeLabel(spanId)}"`
  return exemplarText(labels, value, timestampSeconds)
}

function escapeHelp(help: string, format: TextFormat): string {
  const escaped = help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
  return format === 'openmetrics' ? escaped.replaceAll('"', '\\"') : escaped
}
