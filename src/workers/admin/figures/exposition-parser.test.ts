import { describe, expect, it } from 'vitest'
import type { TextFormat } from '../../../filters/metering/text-format.ts'
import { ExpositionParser } from './exposition-parser.ts'
import { figureLines } from './figure-lines.ts'
import type { Figures } from './figures.ts'

const TEXT = [
  '# HELP a_total Of "a", \\\\ and\\nmore',
  '# TYPE a_total counter',
  'a_total{x="1",y="\\"},\\\\ le=\\n"} 3',
  'a_total 1e+21',
  '# HELP b ',
  '# TYPE b gauge',
  'b -Inf',
  '# HELP h H',
  '# TYPE h histogram',
  'h_bucket{x="1",le="0.5"} 1',
  'h_bucket{x="1",le="+Inf"} 2',
  'h_sum{x="1"} 0.75',
  'h_count{x="1"} 2',
  '# HELP s S',
  '# TYPE s summary',
  's{quantile="0.5"} NaN',
  's_sum 1',
  's_count 2',
  '# HELP u U',
  '# TYPE u untyped',
  'u 1',
  '',
].join('\n')

const OPEN = [
  '# HELP a Of \\"a\\"',
  '# TYPE a counter',
  'a_total 3',
  '# HELP h H',
  '# TYPE h histogram',
  'h_bucket{le="0.5"} 1 # {trace_id="a}\\" b",span_id="c"} 0.3 1700000000.5',
  'h_bucket{le="+Inf"} 2',
  'h_sum 0.75',
  'h_count 2',
  '# EOF',
  '',
].join('\n')

function parsed(text: string, format: TextFormat = 'text', size = text.length): Figures {
  const parser = new ExpositionParser(format)
  for (let at = 0; at < text.length; at += size) parser.add(text.slice(at, at + size))
  return parser.end()
}

function written(figures: Figures, format: TextFormat): string {
  return [...figures.values()].flatMap((family) => [...figureLines(family, format)]).join('')
}

describe('ExpositionParser', () => {
  it.each([1, 2, 7, 1_000])('reads what figureLines writes again, in pieces of %i', (size) => {
    expect(written(parsed(TEXT, 'text', size), 'text')).toBe(TEXT)
    expect(`${written(parsed(OPEN, 'openmetrics', size), 'openmetrics')}# EOF\n`).toBe(OPEN)
  })

  it('reads one format so that the other can be written', () => {
    expect(written(parsed(OPEN, 'openmetrics'), 'text')).toBe(
      [
        '# HELP a_total Of "a"',
        '# TYPE a_total counter',
        'a_total 3',
        '# HELP h H',
        '# TYPE h histogram',
        'h_bucket{le="0.5"} 1',
        'h_bucket{le="+Inf"} 2',
        'h_sum 0.75',
        'h_count 2',
        '',
      ].join('\n'),
    )
  })

  it('takes labels in another order for the same', () => {
    const one = parsed('# HELP a A\n# TYPE a gauge\na{x="1",y="2"} 3\n')
    const other = parsed('# HELP a A\n# TYPE a gauge\na{y="2",x="1"} 3\n')
    expect([...one.get('a')!.series.keys()]).toEqual([...other.get('a')!.series.keys()])
  })

  it.each([
    ['a 1\n', 'a sample before its head'],
    ['# HELP a A\na 1\n', 'a head without a type'],
    ['# HELP a A\n# TYPE b gauge\nb 1\n', 'a type of another'],
    ['# HELP a A\n# TYPE a gauge\nb 1\n', 'a sample of another'],
    ['# HELP a A\n# TYPE a gauge\na_sum 1\n', 'a sample that a gauge has not'],
    ['# HELP a A\n# TYPE a histogram\na_bucket 1\n', 'a bucket without a bound'],
    ['# HELP a A\n# TYPE a gauge\na{x="1} 1\n', 'a label without an end'],
    ['# HELP a A\n# TYPE a gauge\na{x="1"}  1\n', 'two spaces'],
    ['# HELP a A\n# TYPE a gauge\na 0x10\n', 'no number'],
    ['# HELP a A\n# TYPE a gauge\na \n', 'nothing'],
    ['# HELP a A\n# TYPE a gauge\na 1 1700000000\n', 'a time'],
    ['# HELP a A\n# TYPE a gauge\na 1\n# HELP a A\n# TYPE a gauge\n', 'a family twice'],
    ['# HELP a A\n# TYPE a gauge\na 1', 'no end of the line'],
    ['# a comment\n', 'a comment'],
  ])('refuses %j: %s', (text) => {
    expect(() => parsed(text)).toThrow(SyntaxError)
  })

  it('refuses a line that is too long before it has ended', () => {
    expect(() => new ExpositionParser('text').add('a'.repeat(70_000))).toThrow(SyntaxError)
  })

  it.each(['# HELP a A\n# TYPE a gauge\na 1\n', '# EOF\na 1\n', '# HELP a A\n\n# EOF\n'])(
    'refuses as OpenMetrics: %j',
    (text) => {
      expect(() => parsed(text, 'openmetrics')).toThrow(SyntaxError)
    },
  )
})
