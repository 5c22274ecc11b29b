import { headOf, numberText, sampleLine, type TextFormat } from '../../../filters/metering/text-format.ts'
import type { FigureFamily, Series } from './figures.ts'

/** A family as lines. */
export function* figureLines(family: FigureFamily, format: TextFormat): Generator<string> {
  const { name, type, help, isBare, series } = family
  const own = type !== 'counter' || (isBare && format === 'text') ? name : `${name}_total`
  yield headOf(own, help, type === 'unknown' && format === 'text' ? 'untyped' : type, format)
  for (const one of series.values())
    if (one.histogram === undefined) yield sampleLine(`${own}${one.suffix}`, one.labels, one.value)
    else yield* histogramLines(name, one, one.histogram, format)
}

function* histogramLines(
  name: string,
  { labels, value }: Series,
  { buckets, count }: NonNullable<Series['histogram']>,
  format: TextFormat,
): Generator<string> {
  const before = labels === '' ? '' : `${labels},`
  for (const [bound, bucket] of buckets) {
    const exemplar = format === 'openmetrics' ? bucket.exemplar : ''
    yield `${name}_bucket{${before}le="${bound}"} ${numberText(bucket.count)}${exemplar}\n`
  }
  yield sampleLine(`${name}_sum`, labels, value)
  yield sampleLine(`${name}_count`, labels, count)
}
