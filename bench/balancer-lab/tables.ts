import type { BalancerFigures } from 'gatewright/testing'
import type { Experiment } from '../balancer-lab.ts'
import type { LoadFactorFigures } from './load-factors.ts'
import type { BalancerName } from './situations.ts'

/** Cells by column, as `console.table` and a page show them. */
export type TableRow = Readonly<Record<string, string>>

/** How the balancers did in one situation. */
export function situationTable({ situation, found }: Experiment): TableRow[] {
  const recovery = situation.shows.includes('recovery')
  return Object.entries(found).map(([balancer, figures]) => ({
    balancer,
    p50: time(figures.latency.p50Ms),
    p90: time(figures.latency.p90Ms),
    p99: time(figures.latency.p99Ms),
    'p99.9': time(figures.latency.p999Ms),
    errors: percent(figures.errorRate),
    'largest share': `${figures.largestShare.toFixed(2)} ×`,
    ...(recovery && { 'p99 during': time(figures.disturbance?.p99Ms), recovered: recovered(figures) }),
  }))
}

/** Which keys move when the pool of a situation changes, for those balancers that keep keys. */
export function keyTable({ found }: Experiment): TableRow[] {
  return Object.entries(found).flatMap(([balancer, { keys }]) => {
    if (keys === undefined) return []
    const { onLeave, onJoin } = keys
    return {
      balancer,
      'move when one leaves': percent(onLeave.moved),
      'of them needlessly': percent(onLeave.needless),
      'move when one joins': percent(onJoin.moved),
      'needlessly then': percent(onJoin.needless),
    }
  })
}

/** How many requests a hashing balancer sent elsewhere than where their key belongs. */
export function strayTable(experiments: readonly Experiment[]): TableRow[] {
  const balancers = Object.keys(experiments[0]!.strays) as BalancerName[]
  return balancers.map((balancer) => ({
    balancer,
    ...Object.fromEntries(
      experiments.map(({ situation, strays }) => [situation.title, percent(strays[balancer]!)]),
    ),
  }))
}

export function loadFactorTable(tried: readonly LoadFactorFigures[]): TableRow[] {
  return tried.map(({ loadFactor, figures, strays }) => ({
    loadFactor: `${loadFactor}`,
    p50: time(figures.latency.p50Ms),
    p99: time(figures.latency.p99Ms),
    'largest share': `${figures.largestShare.toFixed(2)} ×`,
    elsewhere: percent(strays),
  }))
}

/** The 99th percentiles of all situations side by side, with the errors where there are some. */
export function overviewTable(experiments: readonly Experiment[]): TableRow[] {
  const balancers = Object.keys(experiments[0]!.found) as BalancerName[]
  return balancers.map((balancer) => {
    const row: Record<string, string> = { balancer }
    for (const { situation, found } of experiments) {
      const { latency, errorRate } = found[balancer]
      const errors = errorRate === 0 ? '' : ` (${percent(errorRate)} errors)`
      row[`[${situation.name}](#${anchor(situation.title)})`] = `${time(latency.p99Ms)}${errors}`
    }
    return row
  })
}

/** As GitHub makes them of headings. */
function anchor(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-')
}

/** The same as a table of Markdown. */
export function markdown(rows: readonly TableRow[]): string {
  const columns = Object.keys(rows[0]!)
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [
    line(columns),
    line(columns.map((_, i) => (i === 0 ? '---' : '--:'))),
    ...rows.map((row) => line(columns.map((it, i) => (i === 0 ? `\`${row[it]}\`` : row[it]!)))),
  ].join('\n')
}

export function time(ms: number | undefined): string {
  if (ms === undefined) return '-'
  return ms < 9_950 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`
}

function recovered({ disturbance }: BalancerFigures): string {
  if (disturbance?.recoveryMs === undefined) return 'not yet'
  return disturbance.recoveryMs === 0 ? 'at once' : `after ${(disturbance.recoveryMs / 1_000).toFixed(1)} s`
}

function percent(part: number): string {
  if (part === 0) return '0'
  return part < 0.0005 ? '< 0.1 %' : `${(100 * part).toFixed(1)} %`
}
