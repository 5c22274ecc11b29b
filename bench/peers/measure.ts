import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { cpuBetween, cpuTime, familyCpuTime, familyRssKib, memory, type Placement } from './accounting.ts'
import { type Child, freePort, start, temporaryFolder, untilReady } from './children.ts'
import { fetchOnce } from './fetch-once.ts'
import { type LoadTool, load, problemsOf } from './load.ts'
import type { BenchOptions } from './options.ts'
import type { Origin } from './origin.ts'
import type { Peer } from './peers.ts'
import type { IdleScenario, LoadScenario, Scenario } from './scenarios.ts'

/** The bench as it stands: what every measurement needs to know. */
export interface Bench {
  options: BenchOptions
  origin: Origin
  tool: LoadTool
  placement: Placement
}

export interface LoadFigures {
  kind: 'load'
  cpuUsPerRequest: number
  /** Of the CPU time, the part spent in the kernel, from 0 to 1. */
  systemShare: number
  requestsPerSecond: number
  p50Ms: number
  p99Ms: number
  rssMib: number
  /** CPU time over wall time: near 1 when the proxy, and not the load generator, was the bottleneck. */
  busy: number
  requests: number
  cpuSource: string
}

export interface IdleFigures {
  kind: 'idle'
  kibPerConnection: number
  anonymousKibPerConnection: number
  cpuUsPerConnection: number
  rssBeforeMib: number
  rssMib: number
  /** Connections still open when the memory was read. */
  open: number
}

/** One round of one proxy. Without figures, `problems` says what went wrong. */
export interface Round {
  figures?: LoadFigures | IdleFigures
  problems: string[]
}

/** A fresh process of the proxy, one scenario, and the end of the process. */
export async function measure(peer: Peer, scenario: Scenario, bench: Bench): Promise<Round> {
  let proxy: { child: Child; port: number } | undefined
  try {
    proxy =
      scenario.kind === 'load'
        ? await startProxy(peer, scenario.origin, bench, scenario)
        : await startProxy(peer, 'nginx', bench)
    return scenario.kind === 'load'
      ? await measureLoad(proxy.child, proxy.port, scenario, bench, peer.name !== 'gatewright-passing')
      : await measureIdle(proxy.child, proxy.port, scenario, bench)
  } catch (error) {
    const { message } = error as Error
    const ended = proxy !== undefined && !proxy.child.running()
    return {
      problems: [
        ended
          ? `ended during the run: ${proxy?.child.stderrTail().slice(0, 300) || 'without a word'}`
          : message,
      ],
    }
  } finally {
    await proxy?.child.end()
  }
}

/** The fields that a proxy adds for the upstream, seen by an upstream. To show that all do comparable work. */
export async function forwardedFields(peer: Peer, bench: Bench): Promise<string[]> {
  const { child, port } = await startProxy(peer, 'sink', bench)
  try {
    const { text } = await fetchOnce(port, '/echo', { headers: { Host: 'bench.example' } })
    const fields = text.toLowerCase().split('\r\n').slice(1)
    const names = fields.map((field) => field.slice(0, field.indexOf(':')))
    const added = names.filter((name) => name.startsWith('x-') || name === 'forwarded' || name === 'via')
    return fields.some((field) => /^host: ?bench\.example$/.test(field)) ? ['host kept', ...added] : added
  } finally {
    await child.end()
  }
}

async function startProxy(
  peer: Peer,
  behind: LoadScenario['origin'],
  { origin, placement }: Bench,
  { http2, tls = false, cache }: Partial<Pick<LoadScenario, 'http2' | 'tls' | 'cache'>> = {},
) {
  const port = await freePort()
  const folder = temporaryFolder(cache ? inMemory() : undefined)
  const upstream = origin.ports[behind]
  if (upstream === undefined) throw new Error('did not start: no service speaks HTTP/2')
  const ports = { port, upstream, http2, cache, tls: tls ? await certificate(folder) : undefined }
  const child = start(peer.command(ports, folder), placement.proxy)
  try {
    const options = { http2: http2 === 'client', tls }
    await untilReady(child, async () => (await fetchOnce(port, '/1k', options)).status === 200)
    return { child, port }
  } catch (error) {
    await child.end()
    throw new Error(`did not start: ${(error as Error).message.slice(0, 300)}`)
  }
}

/** ECDSA on P-256, the same kind for all. */
async function certificate(folder: string) {
  // Only now: the rest of the bench does without a build.
  const { selfSigned } = await import('gatewright')
  const { cert, key } = selfSigned()
  const files = {
    cert: join(folder, 'cert.pem'),
    key: join(folder, 'key.pem'),
    both: join(folder, 'both.pem'),
  }
  writeFileSync(files.cert, cert)
  writeFileSync(files.key, key)
  writeFileSync(files.both, cert + key)
  return files
}

/** CPU time of the service, in ms. */
function originMs({ origin }: Bench): number {
  return origin.children.reduce((sum, { pid }) => sum + cpuTime(pid).totalMs, 0)
}

/** Where files are in memory: what a cache of files costs is not to be a question of the disk. */
function inMemory(): string | undefined {
  return existsSync('/dev/shm') ? '/dev/shm' : undefined
}

async function measureLoad(
  proxy: Child,
  port: number,
  scenario: LoadScenario,
  bench: Bench,
  caches: boolean,
): Promise<Round> {
  const { seconds, warmUpSeconds } = bench.options
  const run = (length: number) =>
    load(bench.tool, { scenario, port, seconds: length, cpus: bench.placement.rest })

  // 1. One request by hand: the load generator counts answers, it does not read them; but for messages, which it compares.
  if (scenario.websocket !== true) {
    const { method, path, headers, requestBytes, responseBytes, tls } = scenario
    const body = requestBytes > 0 ? { body: Buffer.alloc(requestBytes, 'x') } : {}
    const http2 = scenario.http2 === 'client'
    const answer = await fetchOnce(port, path, { method, headers, http2, tls, ...body })
    if (answer.status !== 200 || answer.bytes !== responseBytes) {
      return {
        problems: [`answered ${answer.status} with ${answer.bytes} bytes instead of ${responseBytes}`],
      }
    }
  }
  // 2. Warm: connections to the origin open, code compiled, heap grown.
  if (warmUpSeconds > 0) await run(warmUpSeconds)
  // 3. Measure.
  const before = familyCpuTime(proxy.pid)
  const askedBefore = originMs(bench)
  const started = performance.now()
  const result = await run(seconds)
  const wallMs = performance.now() - started
  const cpu = cpuBetween(before, familyCpuTime(proxy.pid))
  const problems = problemsOf(result, scenario)
  // A service that is not asked has nothing to do.
  if (scenario.cache && caches && (originMs(bench) - askedBefore) * 1_000 > result.requests)
    problems.push('the service was asked for what should have been stored')
  return {
    problems,
    figures: {
      kind: 'load',
      cpuUsPerRequest: (cpu.totalMs * 1000) / result.requests,
      systemShare: cpu.systemMs / (cpu.userMs + cpu.systemMs),
      requestsPerSecond: result.requests / (result.durationUs / 1e6),
      p50Ms: result.p50Us / 1000,
      p99Ms: result.p99Us / 1000,
      rssMib: familyRssKib(proxy.pid) / 1024,
      busy: cpu.totalMs / wallMs,
      requests: result.requests,
      cpuSource: cpu.source,
    },
  }
}

async function measureIdle(proxy: Child, port: number, scenario: IdleScenario, bench: Bench): Promise<Round> {
  const { warmUpSeconds, settleMs } = bench.options
  const { connections } = scenario
  const warmUp: LoadScenario = {
    ...{ kind: 'load', id: 'warm-up', title: 'warm-up', method: 'GET', path: '/1k', headers: {} },
    ...{ requestBytes: 0, responseBytes: 1024, connections: 64, origin: 'nginx', tls: false },
  }
  if (warmUpSeconds > 0) {
    await load(bench.tool, { scenario: warmUp, port, seconds: warmUpSeconds, cpus: bench.placement.rest })
  }
  await sleep(settleMs)
  const before = memory(proxy.pid)
  const cpuBefore = cpuTime(proxy.pid)
  const script = join(import.meta.dirname, 'idle-client.ts')
  const client = start(
    { file: process.execPath, args: [script, String(port), String(connections)] },
    bench.placement.rest,
  )
  try {
    await untilReady(client, async () => /^HELD \d+$/m.test(client.stdout()), 60_000)
    await sleep(settleMs)
    const after = memory(proxy.pid)
    const cpu = cpuBetween(cpuBefore, cpuTime(proxy.pid))
    client.say('how many?\n')
    await untilReady(client, async () => /^OPEN \d+$/m.test(client.stdout()))
    const open = Number(/^OPEN (\d+)$/m.exec(client.stdout())?.[1])
    return {
      problems: open < connections ? [`only ${open} connections stayed open`] : [],
      figures: {
        kind: 'idle',
        kibPerConnection: (after.rssKib - before.rssKib) / connections,
        anonymousKibPerConnection: (after.anonymousKib - before.anonymousKib) / connections,
        cpuUsPerConnection: (cpu.totalMs * 1000) / connections,
        rssBeforeMib: before.rssKib / 1024,
        rssMib: after.rssKib / 1024,
        open,
      },
    }
  } finally {
    await client.end()
  }
}
