/**
 * What several workers cost and bring: CPU per request of all processes of the gateway together, how evenly the workers share it,
 * and throughput, with one worker and with two, in turns.
 *
 *   npx node --conditions=gatewright-source bench/workers.ts [--smoke]
 *
 * Linux only, with wrk and nginx. How to read it on a machine of two cores: where requests are passed on, the load generator and
 * the service want a core for themselves, so that two workers cannot serve twice as much there. What counts is that the CPU of
 * a request does not grow (within 10 %), that each worker has about half of it, and what they could serve with a core each:
 * workers / CPU per request. Where the gateway works by itself for each request, all else is small: there, throughput is honest.
 */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { median } from './answering-network/median.ts'
import { cpuTime } from './peers/accounting.ts'
import { endEverything, freePort, start, untilReady } from './peers/children.ts'
import { load } from './peers/load.ts'
import { type Origin, startOrigin } from './peers/origin.ts'
import { type LoadScenario, scenarios } from './peers/scenarios.ts'
import { missingTool } from './peers/tools.ts'

const COUNTS = [1, 2]
/** What two workers may cost more than one, for each request. */
const BAR = 1.1

interface Round {
  readonly perSecond: number
  /** Of all workers and the supervisor. */
  readonly cpuUs: number
  readonly supervisorUs: number
  /** What each worker had of all that the workers had. */
  readonly shares: readonly number[]
  readonly p99Us: number
}

export async function run({ smoke }: { smoke: boolean }): Promise<void> {
  const missing = [missingTool('wrk'), missingTool('nginx')].filter((it) => it !== undefined)
  if (process.platform !== 'linux' || missing.length > 0) {
    console.log(`skipped: ${missing.join('; ') || 'the accounting is read from /proc, which Linux has'}`)
    return
  }
  const first = scenarios.find((it): it is LoadScenario => it.id === 'get-1k')!
  try {
    const origin = await startOrigin(true)
    // With few, one worker may have many more than another by chance.
    const basis = { ...first, connections: 256 }
    await compare({ ...basis, title: 'passed on to nginx, 1 KiB' }, origin, smoke)
    if (smoke) return
    await compare({ ...basis, path: '/works', title: 'answered after work of its own' }, origin, smoke)
  } finally {
    endEverything()
  }
}

async function compare(scenario: LoadScenario, origin: Origin, smoke: boolean): Promise<void> {
  const rounds = new Map<number, Round[]>(COUNTS.map((count) => [count, []]))
  for (let turn = 0; turn < (smoke ? 1 : 5); turn++)
    for (const count of turn % 2 === 0 ? COUNTS : COUNTS.toReversed())
      rounds.get(count)!.push(await measure(count, scenario, origin, smoke ? 1 : 8))
  const of = (count: number, value: (round: Round) => number) => median(rounds.get(count)!.map(value))
  console.log(scenario.title)
  console.table(
    COUNTS.map((count) => ({
      workers: count,
      'requests/s': Math.round(of(count, (it) => it.perSecond)),
      'CPU, µs each': of(count, (it) => it.cpuUs).toFixed(1),
      'of that the supervisor': of(count, (it) => it.supervisorUs).toFixed(2),
      'least share of a worker': `${(100 * of(count, (it) => Math.min(...it.shares))).toFixed(0)} %`,
      'requests/s with a core each': Math.round((count * 1e6) / of(count, (it) => it.cpuUs)),
      'p99, ms': (of(count, (it) => it.p99Us) / 1_000).toFixed(1),
    })),
  )
  const [one, two] = COUNTS.map((count) => of(count, (it) => it.cpuUs))
  const [slower, faster] = COUNTS.map((count) => of(count, (it) => it.perSecond))
  console.log(
    `two workers: ${(two! / one!).toFixed(2)} of the CPU per request, ${(faster! / slower!).toFixed(2)} times the requests`,
  )
  if (!smoke && two! / one! > BAR) console.log(`MISSED: at most ${BAR} of the CPU per request`)
}

async function measure(
  count: number,
  scenario: LoadScenario,
  { ports }: Origin,
  seconds: number,
): Promise<Round> {
  const port = await freePort()
  const script = join(import.meta.dirname, 'many-workers', 'gateway.ts')
  const gateway = start({
    file: process.execPath,
    args: [...process.execArgv, script, `${port}`, `${ports.nginx}`, `${count}`],
  })
  try {
    // Whoever is busy with other things starts slowly, and so do those that it starts.
    await untilReady(gateway, async () => gateway.stdout().includes('\n'), 60_000)
    const pids = JSON.parse(gateway.stdout()) as number[]
    await load('wrk', { scenario, port, seconds: 1 })
    await sleep(200)
    const all = [gateway.pid, ...pids]
    const before = all.map((pid) => cpuTime(pid).totalMs)
    const { requests, durationUs, p99Us } = await load('wrk', { scenario, port, seconds })
    const used = all.map((pid, i) => 1_000 * (cpuTime(pid).totalMs - before[i]!))
    const [supervisor, ...workers] = used
    const sum = workers.reduce((total, it) => total + it, 0)
    return {
      perSecond: (requests * 1e6) / durationUs,
      cpuUs: (sum + supervisor!) / requests,
      supervisorUs: supervisor! / requests,
      shares: workers.map((it) => it / sum),
      p99Us,
    }
  } finally {
    await gateway.end()
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  await run({ smoke: process.argv.includes('--smoke') })
