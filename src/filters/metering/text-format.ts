import type { Family } from './family.ts'
import type { Exemplar, Histogram } from './histogram.ts'
import { escapeLabel } from './label-set.ts'

/** The two formats that Prometheus reads. Exemplars are of `openmetrics` alone. */
export type TextFormat = 'text' | 'openmetrics'

export const CONTENT_TYPES: Readonly<Record<TextFormat, string>> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
}

/** What comes behind the last family. */
export const ENDS: Readonly<Record<TextFormat, string>> = { text: '', openmetrics: '# EOF\n' }

/** A family as lines. */
export function* linesOf(family: Family, format: TextFormat): Generator<string> {
  yield headOf(family.name, family.help, family.type, format)
  if (family.type === 'histogram')
    for (const histogram of family.series()) yield* histogramLines(family.name, histogram, format)
  else for (const { labels, value } of family.series()) yield sampleLine(family.name, labels.text, value)
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

function* histogramLines(name: string, histogram: Histogram, format: TextFormat): Generator<string> {
  const { labels, bounds, counts, sum, exemplars } = histogram
  const own = labels.text === '' ? '' : `${labels.text},`
  // Taken at once: whoever reads the lines may leave the event loop a turn in between.
  const buckets = counts.slice()
  let count = 0
  for (const [i, value] of buckets.entries()) {
    count += value
    const bound = i < bounds.length ? numberText(bounds[i]!) : '+Inf'
    const exemplar = format === 'openmetrics' ? shown(exemplars?.[i]) : ''
    yield `${name}_bucket{${own}le="${bound}"} ${count}${exemplar}\n`
  }
  yield sampleLine(`${name}_sum`, labels.text, sum)
  yield sampleLine(`${name}_count`, labels.text, count)
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
