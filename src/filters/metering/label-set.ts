/** The labels of one series: their values, and the text of them that stands between the braces. */
export class LabelSet {
  readonly names: readonly string[]
  readonly values: readonly string[]
  readonly text: string

  constructor(names: readonly string[], values: readonly string[]) {
    this.names = names
    this.values = values.map(labelValue)
    this.text = names.map((name, i) => `${name}="${escapeLabel(this.values[i]!)}"`).join(',')
  }
}

const MAX_LENGTH = 512

/** Most values are: a scrape of large pools makes tens of thousands at once. */
const PLAIN: RegExp = new RegExp(`^[ -~]{0,${MAX_LENGTH}}$`)

/** What the formats cannot hold, and what other programs may stumble over: half characters, and controls but for the line feed. */
const UNFIT = /[^\P{Cc}\n]/gu

/**
 * A text as the value of a label: short, and such that two values that differ still do when they are written. Otherwise two
 * series could look the same, and Prometheus would refuse all of them.
 */
export function labelValue(value: string): string {
  // Also where no types were checked: names of routes may be set by filters.
  const text = String(value)
  if (PLAIN.test(text)) return text
  const short = text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}…` : text
  return short.toWellFormed().replaceAll(UNFIT, '\ufffd')
}

/** What prom-client has for labels. */
export type Labels = Readonly<Record<string, string | number>>

export function labelsText(labels: Labels): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escapeLabel(String(value))}"`)
    .join(',')
}

/** For between quotes: the same in both formats. */
export function escapeLabel(value: string): string {
  return NEEDS_ESCAPE.test(value)
    ? value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')
    : value
}

const NEEDS_ESCAPE = /[\\\n"]/
