/**
 * All balancers in all situations: what they do to those who wait, in simulations of the whole proxy.
 *
 *   npm run bench:balancers [-- --smoke] [--write] [--seed 1] [--only pause,weights]
 *
 * The figures come out of the seed and nothing else: two runs print the same. `--write` also writes them, and the charts, to
 * docs/balancers, with the cost of a pick, which is measured on this machine. `--smoke` tries whether all of it works; its
 * figures mean nothing.
 */
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { type BalancerFigures, compareBalancers } from 'gatewright/testing'
import { compareLoadFactors } from './balancer-lab/load-factors.ts'
import { writePage } from './balancer-lab/page.ts'
import { BALANCERS, type BalancerName, type Situation, situations } from './balancer-lab/situations.ts'
import { StrayCount } from './balancer-lab/strays.ts'
import { keyTable, loadFactorTable, situationTable, strayTable } from './balancer-lab/tables.ts'

/** A situation, and what came of it. */
export interface Experiment {
  readonly situation: Situation
  readonly found: Readonly<Record<BalancerName, BalancerFigures>>
  /** By balancer: the part of the requests that were not sent where their key belongs. */
  readonly strays: Readonly<Partial<Record<BalancerName, number>>>
}

interface LabOptions {
  readonly smoke: boolean
  readonly write?: boolean
  readonly seed?: number
  readonly only?: readonly string[]
}

const SMOKE_SCALE = 0.02

export async function run({ smoke, write = false, seed = 1, only = [] }: LabOptions): Promise<void> {
  const all = situations(smoke ? SMOKE_SCALE : 1)
  for (const name of only) {
    if (!all.some((it) => it.name === name))
      throw new Error(`no situation "${name}": there are ${all.map((it) => it.name).join(', ')}`)
  }
  if (write && (smoke || only.length > 0)) throw new Error('the page is written from a whole run only')
  const experiments: Experiment[] = []
  for (const situation of all) {
    if (only.length > 0 && !only.includes(situation.name)) continue
    const experiment = await experimentOf(situation, seed)
    experiments.push(experiment)
    console.log(`\n${situation.title}`)
    console.table(situationTable(experiment))
    if (situation.shows.includes('keys')) console.table(keyTable(experiment))
    if (situation.shows.includes('strays')) console.table(strayTable([experiment]))
  }
  const hotKeys = all.find(({ name }) => name === 'hot-keys')!
  const factors = only.length === 0 ? await compareLoadFactors(hotKeys, seed) : []
  if (factors.length > 0) console.table(loadFactorTable(factors))
  if (write) await writePage(experiments, factors, seed)
}

async function experimentOf(situation: Situation, seed: number): Promise<Experiment> {
  const counts = { consistentHash: new StrayCount(), maglev: new StrayCount(), rendezvous: new StrayCount() }
  const balancers = {
    ...BALANCERS,
    consistentHash: counts.consistentHash.counting(BALANCERS.consistentHash),
    maglev: counts.maglev.counting(BALANCERS.maglev),
    rendezvous: counts.rendezvous.counting(BALANCERS.rendezvous),
  }
  const found = await compareBalancers({ ...situation.comparison, balancers, seed })
  const strays = Object.fromEntries(Object.entries(counts).map(([name, { part }]) => [name, part]))
  return { situation, found, strays }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { values } = parseArgs({
    options: {
      smoke: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      seed: { type: 'string', default: '1' },
      only: { type: 'string', default: '' },
    },
  })
  await run({
    smoke: values.smoke,
    write: values.write,
    seed: Number(values.seed),
    only: values.only === '' ? [] : values.only.split(','),
  })
}
