/** Markup of one element. Attributes that are numbers are written with one decimal. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  ...children: readonly string[]
): string {
  const written = Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${escaped(typeof value === 'number' ? String(round(value)) : value)}"`)
    .join('')
  return children.length === 0 ? `<${name}${written}/>` : `<${name}${written}>${children.join('')}</${name}>`
}

export function text(
  x: number,
  y: number,
  content: string,
  attributes: Readonly<Record<string, string>> = {},
): string {
  return element('text', { x, y, ...attributes }, escaped(content))
}

/**
 * A whole picture. It paints its own ground, so that it can be read wherever it is shown: light or dark, as the reader's
 * system is.
 */
export function picture(
  { width, height, title }: { width: number; height: number; title: string },
  children: readonly string[],
): string {
  return `${element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
      role: 'img',
      'aria-label': title,
    },
    `\n<style>${STYLE}</style>\n`,
    element('rect', { class: 'ground', width, height }),
    ...children.map((it) => `\n${it}`),
    '\n',
  )}\n`
}

/** Balancers of one kind have one colour. */
export function kindOf(balancer: string): 'turns' | 'counts' | 'hashes' {
  if (['roundRobin', 'weightedRoundRobin', 'random'].includes(balancer)) return 'turns'
  return ['consistentHash', 'maglev', 'rendezvous'].includes(balancer) ? 'hashes' : 'counts'
}

/** Places on a logarithmic scale, with its round marks. */
export interface LogScale {
  readonly at: (value: number) => number
  readonly marks: readonly number[]
}

export function logScale(low: number, high: number, from: number, to: number): LogScale {
  const span = Math.log(high / low)
  const marks: number[] = []
  for (let power = 10 ** Math.floor(Math.log10(low)); power <= high; power *= 10) {
    if (power >= low) marks.push(power)
    if (high / low < 100 && 3 * power >= low && 3 * power <= high) marks.push(3 * power)
  }
  return { at: (value) => from + ((to - from) * Math.log(Math.max(low, value) / low)) / span, marks }
}

export function milliseconds(ms: number): string {
  return ms < 1_000 ? `${ms} ms` : `${ms / 1_000} s`
}

const STYLE = [
  'text{font:12px system-ui,sans-serif;fill:#1f2328}',
  '.ground{fill:#fff}.grid{stroke:#d1d9e0}.small{font-size:10px}.title{font-weight:600;font-size:13px}',
  '.span{fill:#818b98;fill-opacity:.2}.line{fill:none;stroke-width:1.5}.bar{stroke-width:3;stroke-linecap:round}',
  '.turns{stroke:#0969da}.counts{stroke:#1a7f37}.hashes{stroke:#8250df}',
  '.dot.turns{fill:#0969da}.dot.counts{fill:#1a7f37}.dot.hashes{fill:#8250df}.dot.hollow{fill:#fff}',
  '@media(prefers-color-scheme:dark){text{fill:#e6edf3}.ground{fill:#0d1117}.grid{stroke:#30363d}',
  '.turns{stroke:#58a6ff}.counts{stroke:#3fb950}.hashes{stroke:#bc8cff}',
  '.dot.turns{fill:#58a6ff}.dot.counts{fill:#3fb950}.dot.hashes{fill:#bc8cff}.dot.hollow{fill:#0d1117}}',
].join('')

function round(value: number): number {
  return Math.round(value * 10) / 10
}

function escaped(content: string): string {
  return content.replace(/[&<>"]/g, (it) => `&#${it.charCodeAt(0)};`)
}
