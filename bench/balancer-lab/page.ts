import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Experiment } from '../balancer-lab.ts'
import { measurePicks } from '../balancers.ts'
import { latencyChart, secondsChart } from './charts.ts'
import type { LoadFactorFigures } from './load-factors.ts'
import {
  keyTable,
  loadFactorTable,
  markdown,
  overviewTable,
  situationTable,
  strayTable,
  type TableRow,
} from './tables.ts'

const FOLDER = join(import.meta.dirname, '../../docs/balancers')
const SIZES = [10, 100, 1_000]

/** Writes what was found between the marks of the page, and the charts beside it. */
export async function writePage(
  experiments: readonly Experiment[],
  factors: readonly LoadFactorFigures[],
  seed: number,
): Promise<void> {
  const path = join(FOLDER, 'README.md')
  let page = readFileSync(path, 'utf8')
  page = between(page, 'overview', markdown(overviewTable(experiments)))
  page = between(page, 'situations', experiments.map(section).join('\n\n'))
  page = between(page, 'keys', keys(experiments))
  page = between(page, 'strays', markdown(strayTable(experiments.filter(shows('strays')))))
  page = between(page, 'factors', markdown(loadFactorTable(factors)))
  page = between(page, 'pick', markdown(await pickTable()))
  page = between(page, 'seed', `\`npm run bench:balancers -- --write --seed ${seed}\` wrote what follows.`)
  writeFileSync(path, page)
  for (const experiment of experiments) {
    const { name } = experiment.situation
    writeFileSync(join(FOLDER, `${name}.svg`), latencyChart(experiment))
    if (shows('seconds')(experiment))
      writeFileSync(join(FOLDER, `${name}-seconds.svg`), secondsChart(experiment))
  }
}

function shows(what: Experiment['situation']['shows'][number]): (experiment: Experiment) => boolean {
  return ({ situation }) => situation.shows.includes(what)
}

function section(experiment: Experiment): string {
  const { title, about, name } = experiment.situation
  return [
    `### ${title}`,
    about,
    `![Latency by balancer](${name}.svg)`,
    markdown(situationTable(experiment)),
    ...(shows('seconds')(experiment) ? [`![The same second by second](${name}-seconds.svg)`] : []),
  ].join('\n\n')
}

function keys(experiments: readonly Experiment[]): string {
  return experiments
    .filter(shows('keys'))
    .map((experiment) => `${experiment.situation.title}:\n\n${markdown(keyTable(experiment))}`)
    .join('\n\n')
}

/** Orders of magnitude: what another machine, or this one on another day, gives as well. */
async function pickTable(): Promise<TableRow[]> {
  const costs = await measurePicks({ smoke: false, sizes: SIZES })
  return [...new Set(costs.map(({ balancer }) => balancer))].map((balancer) => {
    const row: Record<string, string> = { balancer }
    for (const cost of costs) {
      if (cost.balancer === balancer) row[`${cost.endpoints} endpoints`] = about(cost['ns per pick'])
    }
    return row
  })
}

/** 1, 2 or 5 times a power of ten. */
function about(ns: number): string {
  const power = 10 ** Math.floor(Math.log10(ns))
  const first = ns / power
  const rounded = power * (first < 1.5 ? 1 : first < 3.5 ? 2 : first < 7.5 ? 5 : 10)
  return rounded < 1_000 ? `${rounded} ns` : `${rounded / 1_000} µs`
}

function between(page: string, name: string, content: string): string {
  const begin = `<!-- ${name}: written by npm run bench:balancers -->`
  const end = `<!-- end of ${name} -->`
  const from = page.indexOf(begin)
  const to = page.indexOf(end)
  if (from < 0 || to < from)
    throw new Error(`docs/balancers/README.md has no "${begin}" with "${end}" behind it`)
  return `${page.slice(0, from + begin.length)}\n\n${content}\n\n${page.slice(to)}`
}
