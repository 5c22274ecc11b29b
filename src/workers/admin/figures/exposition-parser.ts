import type { TextFormat } from '../../../filters/metering/text-format.ts'
import type { Bucket, FigureFamily, Figures, Series } from './figures.ts'

/** No line of ours is as long. */
const MAX_LINE = 65_536

const HEAD = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) ([^\n]*)$/
const NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"([,}])/y
const VALUE = /^(?:[+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?|[+-]Inf|NaN)$/
const EXEMPLAR = /^ # \{(?:[^"{}]|"(?:[^"\\]|\\.)*")*\} [^ ]+(?: [^ ]+)?$/

interface Growing {
  name: string
  type: string
  help: string
  isBare: boolean
  readonly series: Map<string, GrowingSeries>
}

interface GrowingSeries {
  readonly labels: string
  readonly suffix: string
  value: number
  histogram?: { count: number; readonly buckets: Map<string, Bucket> }
}

/**
 * Reads the figures of a process, as our own exposition writes them: families one behind the other, each with its head. It is
 * strict, since what is read amiss would be added up amiss.
 */
export class ExpositionParser {
  readonly #format: TextFormat
  readonly #families = new Map<string, Growing>()
  #family: Growing | undefined
  #rest = ''
  #isOver = false

  constructor(format: TextFormat) {
    this.#format = format
  }

  /** @throws SyntaxError */
  add(text: string): void {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop()!
    if (this.#rest.length > MAX_LINE) throw new SyntaxError('a line of figures is too long')
    for (const line of lines) this.#line(line)
  }

  /** @throws SyntaxError where it breaks off. */
  end(): Figures {
    if (this.#rest !== '' || (this.#format === 'openmetrics' && !this.#isOver))
      throw new SyntaxError('the figures break off')
    return this.#families as ReadonlyMap<string, FigureFamily>
  }

  #line(line: string): void {
    if (this.#isOver) throw new SyntaxError('there is something behind the end of the figures')
    if (line === '' && this.#format === 'text') return
    if (line === '# EOF') this.#isOver = true
    else if (line.startsWith('#')) this.#head(line)
    else this.#sample(line)
  }

  #head(line: string): void {
    const [, what, name, said] = HEAD.exec(line) ?? []
    if (name === undefined || said === undefined) throw malformed(line)
    if (what === 'HELP') {
      this.#family = { name, type: '', help: this.#plainHelp(said), isBare: false, series: new Map() }
      return
    }
    const family = this.#family
    if (family === undefined || family.name !== name || family.type !== '') throw malformed(line)
    family.type = said === 'untyped' ? 'unknown' : said
    if (family.type === 'counter' && this.#format === 'text') {
      family.isBare = !name.endsWith('_total')
      family.name = name.replace(/_total$/, '')
    }
    if (this.#families.has(family.name)) throw new SyntaxError(`the family ${name} stands there twice`)
    this.#families.set(family.name, family)
  }

  #plainHelp(text: string): string {
    return text.replaceAll(/\\(.)/g, (pair, char) =>
      char === 'n' ? '\n' : char === '\\' || (char === '"' && this.#format === 'openmetrics') ? char : pair,
    )
  }

  #sample(line: string): void {
    const family = this.#family
    NAME.lastIndex = 0
    const name = NAME.exec(line)?.[0]
    if (family === undefined || family.type === '' || name === undefined) throw malformed(line)
    const labels: string[] = []
    let bound: string | undefined
    let at = name.length
    if (line[at] === '{') {
      LABEL.lastIndex = at + 1
      for (let more = ','; more === ','; ) {
        const label = LABEL.exec(line)
        if (label === null) throw malformed(line)
        if (label[1] === 'le' && family.type === 'histogram') bound = label[2]!
        else labels.push(`${label[1]}="${label[2]}"`)
        more = label[3]!
        at = LABEL.lastIndex
      }
    }
    if (line[at] !== ' ') throw malformed(line)
    const end = line.indexOf(' ', at + 1)
    const number = line.slice(at + 1, end < 0 ? undefined : end)
    const exemplar = end < 0 ? '' : line.slice(end)
    if (!VALUE.test(number) || (exemplar !== '' && !EXEMPLAR.test(exemplar))) throw malformed(line)
    const value = numberIn(number)
    const suffix = name.slice(family.name.length)
    if (!name.startsWith(family.name)) throw malformed(line)
    if (family.type === 'histogram') this.#bucket(family, suffix, labels, bound, value, exemplar, line)
    else {
      const own = family.type === 'counter' && suffix === '_total' ? '' : suffix
      const isKnown = own === '' || (family.type === 'summary' && (own === '_sum' || own === '_count'))
      if (!isKnown) throw malformed(line)
      family.series.set(keyOf(own, labels), { labels: labels.join(','), suffix: own, value })
    }
  }

  #bucket(
    { series }: Growing,
    suffix: string,
    labels: readonly string[],
    bound: string | undefined,
    value: number,
    exemplar: string,
    line: string,
  ): void {
    const key = keyOf('', labels)
    const one: GrowingSeries = series.get(key) ?? { labels: labels.join(','), suffix: '', value: 0 }
    one.histogram ??= { count: 0, buckets: new Map() }
    if (suffix === '_bucket' && bound !== undefined)
      one.histogram.buckets.set(bound, { count: value, exemplar })
    else if (suffix === '_sum' && bound === undefined) one.value = value
    else if (suffix === '_count' && bound === undefined) one.histogram.count = value
    else throw malformed(line)
    series.set(key, one)
  }
}

/** Two processes may write labels in different orders. */
function keyOf(suffix: string, labels: readonly string[]): string {
  return `${suffix}{${labels.length > 1 ? labels.toSorted().join(',') : labels.join('')}}`
}

function numberIn(text: string): number {
  return text.endsWith('Inf') ? (text[0] === '-' ? -1 : 1) * Number.POSITIVE_INFINITY : Number(text)
}

function malformed(line: string): SyntaxError {
  return new SyntaxError(`no line of figures: ${JSON.stringify(line.slice(0, 200))}`)
}

/** Of one family, series that count: what they say stays true when their process has ended. */
export function countsOf({ type, series, ...family }: FigureFamily): FigureFamily | undefined {
  if (type === 'counter' || type === 'histogram') return { ...family, type, series }
  if (type !== 'summary') return undefined
  const counts = [...series].filter(([, { suffix }]: [string, Series]) => suffix !== '')
  return { ...family, type, series: new Map(counts) }
}
