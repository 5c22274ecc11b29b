/**
 * What each filter costs an exchange in its usual use, beside the same route without it: every file of `filter-costs`. Whole
 * proxies are measured, on a network in memory that answers at once. The rows take turns, each right behind its route without
 * the filter, so that what the machine does besides falls on both; the median of the differences counts.
 *
 * For the page (`--write`), each file is measured in a process of its own: a proxy of users has a few filters, and code that has
 * met fifty is not optimized for any.
 *
 *   npm run bench:filters [-- --smoke] [-- --write] [-- name ...]
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { type Filter, HeaderList, pool } from 'gatewright'
import { AnsweringProxy } from './answering-network/answering-proxy.ts'
import { median } from './answering-network/median.ts'
import { wireRequest } from './answering-network/wire-request.ts'
import type { FilterCost } from './filter-costs/filter-cost.ts'

const FOLDER = join(import.meta.dirname, 'filter-costs')
const JSON_FILE = 'results/filter-costs.json'
const PAGE = 'RESULTS-filters.md'

/** What nearly every gateway has: measured as one route too, where all of them are there. */
const TOGETHER = ['jwt', 'rate-limit', 'headers', 'cors', 'request-id']
const TOGETHER_BAR_US = 12

interface Measured {
  /** The cost file, without `.ts`. */
  readonly file: string
  readonly name: string
  /** CPU time of an exchange without the filter, and what it adds: microseconds. */
  readonly without: number
  readonly us: number
  /** Between these lies the middle half of the rounds. */
  readonly low: number
  readonly high: number
}

interface Options {
  readonly smoke: boolean
  /** Cost files. Default all. */
  readonly only?: readonly string[]
}

export async function run(options: Options): Promise<void> {
  console.table(await measure(options))
}

async function measure({ smoke, only = [] }: Options): Promise<Measured[]> {
  const rows = await Promise.all((await costRows(only)).map(started))
  const rounds = smoke ? 1 : ROUNDS
  const measured: Measured[] = []
  try {
    const counts: number[] = []
    for (const { without, having } of rows)
      counts.push(smoke ? SMOKE_EXCHANGES : await fitting(without, having))
    const costs = rows.map(() => ({ without: [] as number[], more: [] as number[] }))
    for (let round = 0; round < rounds; round++)
      for (const [at, { without, having }] of rows.entries()) {
        const exchanges = counts[at]!
        const base = await without(exchanges)
        costs[at]!.without.push(base)
        costs[at]!.more.push((await having(exchanges)) - base)
      }
    for (const [at, { file, name }] of rows.entries()) measured.push({ file, name, ...figures(costs[at]!) })
  } finally {
    for (const { close } of rows) await close()
  }
  return measured
}

/** Every file in a process of its own, and those of the bar together in one more. */
function measuredApart(): Measured[] {
  const measured: Measured[] = []
  for (const only of [...costFiles().map((file) => [file]), TOGETHER]) {
    console.log(only.join(' '))
    const args = ['--conditions=gatewright-source', import.meta.filename, '--json', ...only]
    const rows = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as Measured[]
    const isNew = ({ file }: Measured) =>
      only === TOGETHER ? file === 'together' : file !== 'nothing' || measured.length === 0
    measured.push(...rows.filter(isNew))
  }
  return measured
}

const ROUNDS = 21

const SMOKE_EXCHANGES = 128
/** A turn of a row takes so much CPU time, once it is warm. */
const TURN_US = 40_000
const WARM_UP_EXCHANGES = 1_000

/** Warms both routes up. Gives the exchanges that make a turn. */
async function fitting(...routes: readonly ((exchanges: number) => Promise<number>)[]): Promise<number> {
  let dearest = 0
  for (const it of routes) {
    await it(WARM_UP_EXCHANGES)
    dearest = Math.max(dearest, await it(WARM_UP_EXCHANGES))
  }
  return Math.max(SMOKE_EXCHANGES, Math.round(TURN_US / dearest))
}

function figures({ without, more }: { without: readonly number[]; more: readonly number[] }) {
  // What rounds to -0 is 0.
  const rounded = (us: number): number => Number(us.toFixed(2)) + 0
  const sorted = more.toSorted((one, other) => one - other)
  return {
    without: rounded(median(without)),
    us: rounded(median(more)),
    low: rounded(sorted[Math.floor(sorted.length / 4)]!),
    high: rounded(sorted[Math.floor((sorted.length * 3) / 4)]!),
  }
}

interface CostRow {
  readonly file: string
  readonly cost: FilterCost
}

function costFiles(): string[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.ts') && file !== 'filter-cost.ts')
    .map((file) => file.slice(0, -'.ts'.length))
    .sort()
}

async function costRows(only: readonly string[]): Promise<CostRow[]> {
  const files = costFiles()
  const unknown = only.find((name) => !files.includes(name))
  if (unknown !== undefined) throw new Error(`no cost file "${unknown}": there are ${files.join(', ')}`)
  const rows: CostRow[] = [
    { file: 'nothing', cost: { name: 'nothing: what the figures are off by', filters: () => [] } },
  ]
  for (const file of files) {
    if (only.length > 0 && !only.includes(file)) continue
    const { costs = [] } = (await import(join(FOLDER, `${file}.ts`))) as { costs?: readonly FilterCost[] }
    if (costs.length === 0) throw new Error(`bench/filter-costs/${file}.ts exports no costs`)
    rows.push(...costs.map((cost) => ({ file, cost })))
  }
  const all = TOGETHER.map((name) => rows.find(({ file }) => file === name)?.cost)
  if (all.every((it) => it !== undefined)) rows.push({ file: 'together', cost: together(all) })
  return rows
}

/** One route with the usual use of all of them, in this order. */
function together(all: readonly FilterCost[]): FilterCost {
  return {
    name: `${TOGETHER.join(', ')} together`,
    filters: async (users) => {
      const filters: Filter[] = []
      for (const it of all) filters.push(...(await it.filters(users)))
      return filters
    },
    headers: async () => {
      const fields = new HeaderList()
      for (const { headers = {} } of all)
        for (const [name, value] of HeaderList.from(
          typeof headers === 'function' ? await headers() : headers,
        ))
          fields.set(name, value)
      return fields
    },
  }
}

async function started({ file, cost }: CostRow) {
  const { name, response, status } = cost
  const users = pool(['http://one', 'http://two', 'http://three'])
  const route = {
    users,
    request: await wireRequest(cost),
    ...(response !== undefined && { response: Buffer.from(response) }),
  }
  const without = await AnsweringProxy.start({ ...route, filters: [] })
  const filters = await cost.filters(users)
  const having = await AnsweringProxy.start({ ...route, filters, ...(status !== undefined && { status }) })
  const measured = (it: AnsweringProxy) => async (exchanges: number) => {
    try {
      return await it.cpuUsPerExchange(exchanges)
    } catch (error) {
      throw new Error(`bench/filter-costs/${file}.ts: ${name}`, { cause: error })
    }
  }
  const close = async () => {
    await without.close()
    await having.close()
  }
  return { file, name, without: measured(without), having: measured(having), close }
}

function writeResults(measured: readonly Measured[]): void {
  const day = new Date().toISOString().slice(0, 10)
  const facts = { day, cpu: cpus()[0]?.model.trim() ?? 'unknown', node: process.version, rounds: ROUNDS }
  const json = join(import.meta.dirname, JSON_FILE)
  mkdirSync(dirname(json), { recursive: true })
  writeFileSync(json, `${JSON.stringify({ ...facts, costs: measured }, null, 2)}\n`)
  const bar = measured.find(({ file }) => file === 'together')
  const lines = [
    '# What a filter costs',
    '',
    'Written by `npm run bench:filters -- --write`. Do not edit by hand.',
    '',
    'CPU time in microseconds that a filter adds to each exchange in its usual use, warm, beside the same route without it: whole proxies on a network in memory that answers at once, 64 connections that ask again as soon as they are answered. The request and the response are those that the filter acts on ([filter-costs](filter-costs)). Figures of other machines, and of other runs, compare only by their ratios; the first row has no filter at all, and shows what they are off by.',
    '',
    `- ${day}, medians of ${ROUNDS} rounds of ${TURN_US / 1_000} ms, each right behind the route without the filter; each filter in a process of its own`,
    `- ${facts.cpu}, Node ${facts.node}`,
    '',
    '| | adds µs | middle half of the rounds | route without it, µs |',
    '|---|---:|---:|---:|',
    ...measured.map(
      ({ name, us, low, high, without }) =>
        `| ${name} | ${us.toFixed(1)} | ${low.toFixed(1)} to ${high.toFixed(1)} | ${without.toFixed(1)} |`,
    ),
    ...(bar === undefined ? [] : ['', `The bar for these together is ${TOGETHER_BAR_US} µs.`]),
  ]
  writeFileSync(join(import.meta.dirname, PAGE), `${lines.join('\n')}\n`)
  console.log(`wrote bench/${JSON_FILE} and bench/${PAGE}; now: npm run docs`)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { values, positionals } = parseArgs({
    options: {
      smoke: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
    allowPositionals: true,
  })
  const { smoke, write, json } = values
  if (write && positionals.length > 0) throw new Error('--write is for all of them')
  if (write) writeResults(measuredApart())
  else if (json) console.log(JSON.stringify(await measure({ smoke, only: positionals })))
  else await run({ smoke, only: positionals })
}
