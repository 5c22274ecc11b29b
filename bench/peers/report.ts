import type { Machine } from './machine.ts'
import type { IdleFigures, LoadFigures, Round } from './measure.ts'
import type { BenchOptions } from './options.ts'
import type { Scenario } from './scenarios.ts'

/** One proxy in one scenario: every round, and the medians that are shown. */
export interface Row {
  scenario: string
  peer: string
  title: string
  rounds: Round[]
  median?: LoadFigures | IdleFigures
  /** Least and greatest of the compared figure over the rounds. */
  spread?: [least: number, greatest: number]
  /** The compared figure (CPU per request; memory per connection) over that of nginx in the same run. */
  ratioToNginx?: number
  ratioToTunedNginx?: number
  /** Where answers are stored: over Gatewright without a cache. */
  ratioToPassing?: number
  problems: string[]
}

export interface Report {
  startedAt: string
  machine: Machine
  placement: string
  origin: string
  load: string
  options: BenchOptions
  versions: Record<string, string>
  /** The fields that each proxy added to a request, as its upstream saw them. */
  forwarded: Record<string, string[]>
  missing: string[]
  rows: Row[]
}

export function rowOf(scenario: string, peer: string, title: string, rounds: Round[]): Row {
  const figures = rounds.flatMap((round) => round.figures ?? [])
  const row: Row = {
    scenario,
    peer,
    title,
    rounds,
    problems: [...new Set(rounds.flatMap((it) => it.problems))],
  }
  const [first] = figures
  if (first === undefined) return row
  const compared = figures.map(comparedFigure)
  return {
    ...row,
    median: medianOf(first, figures),
    spread: [Math.min(...compared), Math.max(...compared)],
  }
}

/** Adds the ratios to the rows of one scenario. A row with problems neither gets one nor serves as a base. */
export function withRatios(rows: readonly Row[]): Row[] {
  const base = (peer: string) => {
    const row = rows.find((it) => it.peer === peer && it.problems.length === 0)
    return row?.median && comparedFigure(row.median)
  }
  const nginx = base('nginx')
  const tuned = base('nginx-tuned')
  const passing = base('gatewright-passing')
  return rows.map((row) => {
    if (row.median === undefined || row.problems.length > 0) return row
    const figure = comparedFigure(row.median)
    return {
      ...row,
      ...(nginx && { ratioToNginx: figure / nginx }),
      ...(tuned && { ratioToTunedNginx: figure / tuned }),
      ...(passing && { ratioToPassing: figure / passing }),
    }
  })
}

function comparedFigure(figures: LoadFigures | IdleFigures): number {
  return figures.kind === 'load' ? figures.cpuUsPerRequest : figures.kibPerConnection
}

/** The median of each figure by itself. */
function medianOf<Figures extends LoadFigures | IdleFigures>(
  first: Figures,
  all: readonly object[],
): Figures {
  const medians = Object.entries(first).map(([name, value]) => {
    if (typeof value !== 'number') return [name, value]
    return [name, median(all.map((figures) => Number((figures as Record<string, unknown>)[name])))]
  })
  return Object.fromEntries(medians) as Figures
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

type Cells = readonly string[]

const LOAD_HEADER: Cells = [
  ...['proxy', 'CPU µs/request', 'least-greatest', '× nginx', '× tuned', 'requests/s'],
  ...['p50 ms', 'p99 ms', 'RSS MiB', 'busy'],
]
const IDLE_HEADER: Cells = [
  ...['proxy', 'KiB/connection', 'least-greatest', '× nginx', '× tuned'],
  ...['RSS MiB before', 'RSS MiB with them', 'CPU µs/connection'],
]

function cells(row: Row): Cells {
  const { title, median: figures, spread, ratioToNginx, ratioToTunedNginx } = row
  if (figures === undefined) return [title]
  const compared = [
    ...[title, fixed(comparedFigure(figures)), spread?.map((value) => fixed(value)).join('-') ?? ''],
    ...[fixed(ratioToNginx, 2), fixed(ratioToTunedNginx, 2)],
  ]
  if (figures.kind === 'idle') {
    return [
      ...compared,
      ...[fixed(figures.rssBeforeMib), fixed(figures.rssMib), fixed(figures.cpuUsPerConnection)],
    ]
  }
  return [
    ...compared,
    ...[fixed(figures.requestsPerSecond, 0), fixed(figures.p50Ms, 2), fixed(figures.p99Ms, 2)],
    ...[fixed(figures.rssMib), `${fixed(figures.busy * 100, 0)}%`],
  ]
}

function fixed(value: number | undefined, digits = 1): string {
  return value === undefined ? '-' : value.toFixed(digits)
}

/** The table of one scenario, for the terminal. */
export function terminalTable(scenario: Scenario, rows: readonly Row[]): string {
  const lines = [scenario.kind === 'load' ? LOAD_HEADER : IDLE_HEADER, ...rows.map(cells)]
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)))
  const aligned = lines.map((line, index) => {
    const text = line.map((cell, column) => pad(cell, widths[column]!, column === 0)).join('  ')
    const problems = rows[index - 1]?.problems ?? []
    return problems.length > 0 ? `${text}  PROBLEM: ${problems.join('; ')}` : text
  })
  return [scenario.title, ...aligned, ...passing(rows)].join('\n')
}

function pad(cell: string, width: number, left: boolean): string {
  return left ? cell.padEnd(width) : cell.padStart(width)
}

/** What an answer from the cache costs beside passing the same on. */
function passing(rows: readonly Row[]): string[] {
  const ratio = rows.find(({ peer }) => peer === 'gatewright')?.ratioToPassing
  return ratio === undefined ? [] : [`A hit of Gatewright's cache costs ${ratio.toFixed(2)} x passing it on.`]
}

/** The page for the repository. */
export function markdownPage(report: Report, scenarios: readonly Scenario[]): string {
  const { machine, options } = report
  const versions = Object.entries(report.versions).map(([name, version]) => `${name} ${version}`)
  const tables = scenarios.map((scenario) => {
    const rows = report.rows.filter((row) => row.scenario === scenario.id)
    return `## ${scenario.title}\n\n${[markdownTable(scenario, rows), ...passing(rows)].join('\n\n')}`
  })
  return `# Side by side: what one request costs

Written by \`npm run bench:peers -- --write\`; how it is measured: [README.md](README.md). Do not edit by hand.
CPU is the proxy process's user and system time for each answered request; lower is better. Figures of other
machines, and of other runs, compare only by their ratios.

- ${report.startedAt.slice(0, 10)}, ${options.rounds} rounds of ${options.seconds} s after ${options.warmUpSeconds} s of warm-up; medians
- ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGib} GiB, Linux ${machine.kernel}, Node ${machine.node}; ${report.placement}
- load: ${report.load}; origin: ${report.origin}
- ${versions.join(', ')}
${report.missing.map((sentence) => `- not measured: ${sentence}\n`).join('')}
${tables.join('\n\n')}
`
}

function markdownTable(scenario: Scenario, rows: readonly Row[]): string {
  const header = scenario.kind === 'load' ? LOAD_HEADER : IDLE_HEADER
  const line = (values: Cells) => `| ${values.join(' | ')} |`
  const rule = `|${header.map((_, column) => (column === 0 ? '---' : '---:')).join('|')}|`
  const body = rows.map((row) => {
    const values = cells(row)
    const [title = '', ...rest] = [...values, ...Array<string>(header.length - values.length).fill('-')]
    return line([row.problems.length > 0 ? `${title} (problem: ${row.problems.join('; ')})` : title, ...rest])
  })
  return [line(header), rule, ...body].join('\n')
}
