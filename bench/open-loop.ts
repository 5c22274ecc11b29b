/**
 * Whether `gatewright bench` can be believed: the same load by it and by wrk, one after the other, on nginx and on a gateway
 * in front of nginx. Without a rate both must get the same throughput of the gateway; at a rate, it must get what it has
 * asked for. Each within five percent. Of nginx alone wrk gets more: there, our load generator is what is slow.
 *
 *   npx node --conditions=gatewright-source bench/open-loop.ts [--smoke]
 */
import { cpus } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Child, endEverything, freePort, output, start, untilReady } from './peers/children.ts'
import { fetchOnce } from './peers/fetch-once.ts'
import { startOrigin } from './peers/origin.ts'
import { missingTool } from './peers/tools.ts'

const CONNECTIONS = 64
const ROUNDS = 3
const TOLERANCE = 0.05

interface Target {
  readonly name: string
  readonly url: string
  /** Whether the two load generators must agree on it. Before nginx, ours may be what is slow. */
  readonly isCompared: boolean
}

/** For `bench/run.ts`, and from the command line. */
export async function run({ smoke }: { smoke: boolean }): Promise<void> {
  for (const tool of ['nginx', 'wrk'] as const) {
    const missing = missingTool(tool)
    if (missing === undefined) continue
    console.log(`  skipped: ${missing}`)
    return
  }
  // Of two cores or more, the services have the last one.
  const cores = cpus().length
  const pinned = !smoke && cores > 1 && missingTool('taskset') === undefined
  const [loads, services] = pinned ? [cores > 2 ? `0-${cores - 2}` : '0', String(cores - 1)] : []
  try {
    const origin = await startOrigin(true, services)
    const gateway = await startGateway(origin.ports.nginx, services)
    const targets: readonly Target[] = [
      { name: 'nginx', url: `http://127.0.0.1:${origin.ports.nginx}/1k`, isCompared: false },
      { name: 'gateway', url: `http://127.0.0.1:${gateway.port}/1k`, isCompared: true },
    ]
    for (const target of smoke ? targets.slice(1) : targets) {
      const failures = await measure(target, smoke, loads)
      if (smoke || failures === 0) continue
      process.exitCode = 1
    }
  } finally {
    endEverything()
  }
}

/** How many of the comparisons are out of bounds. */
async function measure({ name, url, isCompared }: Target, smoke: boolean, cores?: string): Promise<number> {
  // wrk counts in whole seconds.
  const [seconds, time] = smoke ? [1, '200ms'] : [5, '5s']
  const closed: { wrk: number; bench: number }[] = []
  for (let round = 0; round < (smoke ? 1 : ROUNDS); round++) {
    const wrk = await wrkPerSecond(url, seconds, cores)
    closed.push({ wrk, bench: await benchPerSecond(url, time, undefined, cores) })
  }
  const wrk = median(closed.map((it) => it.wrk))
  const bench = median(closed.map((it) => it.bench))
  let failures = isCompared ? told(`${name}, as fast as it answers: wrk ${whole(wrk)}/s,`, bench, wrk) : 0
  if (!isCompared)
    console.log(`  ${name}, as fast as it answers: wrk ${whole(wrk)}/s, bench ${whole(bench)}/s`)
  for (const part of [0.25, 0.5]) {
    const rate = Math.max(100, Math.round(Math.min(wrk, bench) * part))
    const got = await benchPerSecond(url, time, rate, cores)
    failures += told(`${name}, at ${rate}/s:`, got, rate)
  }
  return failures
}

function told(what: string, got: number, expected: number): number {
  const ratio = got / expected
  const isFine = Math.abs(ratio - 1) <= TOLERANCE
  console.log(
    `  ${what} bench ${whole(got)}/s, ${(100 * ratio).toFixed(1)} %: ${isFine ? 'fine' : 'too far off'}`,
  )
  return isFine ? 0 : 1
}

async function startGateway(upstream: number, cores?: string): Promise<{ port: number; child: Child }> {
  const port = await freePort()
  const script = join(import.meta.dirname, 'peers/proxies/gatewright.ts')
  const args = ['--conditions=gatewright-source', script, String(port), String(upstream), 'http/1.1', 'pass']
  const child = start({ file: process.execPath, args }, cores)
  await untilReady(child, async () => (await fetchOnce(port, '/1k')).status === 200)
  return { port, child }
}

async function wrkPerSecond(url: string, seconds: number, cores?: string): Promise<number> {
  const args = ['-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, url]
  return Number(/^Requests\/sec:\s+([\d.]+)$/m.exec(await output({ file: 'wrk', args }, cores))?.[1])
}

async function benchPerSecond(url: string, time: string, rate?: number, cores?: string): Promise<number> {
  const main = join(import.meta.dirname, '../src/cli/main.ts')
  const args = ['--conditions=gatewright-source', main, 'bench', url, '--json']
  args.push('--connections', String(CONNECTIONS), '--duration', time)
  if (rate !== undefined) args.push('--rate', String(rate))
  const printed = await output({ file: process.execPath, args }, cores)
  return (JSON.parse(printed) as { answeredPerSecond: number }).answeredPerSecond
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[values.length >> 1]!
}

function whole(number: number): string {
  return number.toFixed(0)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  await run({ smoke: process.argv.includes('--smoke') })
