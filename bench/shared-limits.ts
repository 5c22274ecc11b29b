/**
 * What a rate limit costs that several workers count together: each decision is a question to the supervisor. One worker asks,
 * for some requests at a time; the same filter outside of the proxy, which counts by itself, is what it is compared to.
 *
 *   npx node --conditions=gatewright-source bench/shared-limits.ts [--smoke]
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { type Filter, proxy, respond } from 'gatewright'
import { rateLimit } from 'gatewright/filters'
import { exchange } from 'gatewright/testing'
import { startWorkers } from 'gatewright/workers'

const AT_ONCE = [1, 16, 256]
const GATEWAY = '--gateway'
/** Of Linux, where one of these is in `/proc`. */
const US_PER_TICK = 10_000

interface Row {
  readonly counts: string
  readonly 'at once': number
  readonly 'us until decided': number
  readonly 'CPU us, worker': number
  readonly 'CPU us, supervisor': number | undefined
}

export async function run({ smoke }: { smoke: boolean }): Promise<void> {
  const args = [...process.execArgv, import.meta.filename, GATEWAY, ...(smoke ? ['--smoke'] : [])]
  const gateway = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] })
  const [code] = (await once(gateway, 'exit')) as [number | null]
  if (code !== 0) throw new Error(`the gateway ended with ${code}`)
}

async function serve(smoke: boolean): Promise<void> {
  const together = limit()
  const app = proxy()
    .listen({ port: 0, host: '127.0.0.1' })
    .route('/', together, () => respond(200))
  const running = await startWorkers(app, { workers: 1 })
  if ('workers' in running) return
  const decisions = smoke ? 512 : 200_000
  const rows: Row[] = []
  const measure = async (counts: string, filter: Filter, atOnce: number): Promise<void> => {
    // What comes first is measured while the engine still learns.
    await decide(filter, atOnce, decisions / 4)
    rows.push({ counts, ...(await decide(filter, atOnce, decisions)) })
  }
  // It decides at once, so that there is never more than one.
  await measure('the process itself', limit(), 1)
  for (const atOnce of AT_ONCE) await measure('the supervisor', together, atOnce)
  console.table(rows)
  process.kill(process.ppid, 'SIGTERM')
}

function limit(): Filter {
  return rateLimit({ limit: 1_000_000_000, per: '1s', key: 'all', whenUnavailable: 'refuse' })
}

async function decide(filter: Filter, atOnce: number, decisions: number): Promise<Omit<Row, 'counts'>> {
  const response = respond(200)
  const cpu = process.cpuUsage()
  const supervisor = ticksOf(process.ppid)
  const startedAt = performance.now()
  const each = async (): Promise<void> => {
    for (let left = decisions / atOnce; left > 0; left--) await filter(exchange(), () => response)
  }
  await Promise.all(Array.from({ length: atOnce }, each))
  const us = (performance.now() - startedAt) * 1_000
  const { user, system } = process.cpuUsage(cpu)
  const ticks = supervisor === undefined ? undefined : ticksOf(process.ppid)! - supervisor
  return {
    'at once': atOnce,
    'us until decided': rounded((us / decisions) * atOnce),
    'CPU us, worker': rounded((user + system) / decisions),
    'CPU us, supervisor': ticks === undefined ? undefined : rounded((ticks * US_PER_TICK) / decisions),
  }
}

/** CPU time of another process; `undefined` where the system does not say. */
function ticksOf(pid: number): number | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ')
    return Number(fields[11]) + Number(fields[12])
  } catch {
    return undefined
  }
}

function rounded(us: number): number {
  return Math.round(us * 10) / 10
}

if (process.argv.includes(GATEWAY)) await serve(process.argv.includes('--smoke'))
else if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  await run({ smoke: process.argv.includes('--smoke') })
