import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type LogEntry, log as ownLog } from '../../src/core/log.ts'
import { accessLog } from '../../src/filters/access-log.ts'
import { type Filter, pool, proxy, respond } from '../../src/index.ts'
import { simulate } from '../../src/testing/index.ts'

const GATEWAY = fileURLToPath(new URL('access-log-gateway.ts', import.meta.url))

const MAX_BYTES = 131_072

/** 100 seconds of load on a service whose latency varies. `stalledFor` of them, from the 10th on, the log's sink takes nothing. */
async function underLoad(stalledFor?: number) {
  const warnings: LogEntry[] = []
  ownLog.to = (entry) => void warnings.push(entry)
  onTestFinished(() => {
    ownLog.to = ({ message }) => console.error(message)
  })
  const lines: string[] = []
  const stall = Promise.withResolvers<void>()
  let stalled = false
  const log = accessLog({
    maxQueueBytes: MAX_BYTES,
    to: (text) => {
      lines.push(...text.split('\n').slice(0, -1))
      return stalled ? stall.promise : undefined
    },
  })
  const filters: Filter[] = stalledFor === undefined ? [] : [log]
  const app = filters
    .reduce((made, it) => made.use(it), proxy())
    .route('/', pool(['http://u1', 'http://u2']).roundRobin())
  await using sim = simulate(app, { seed: 7, latencyMs: 1 })
  for (const it of sim.upstreams) it.latency({ kind: 'exponential', meanMs: 20 })
  let mostQueued = 0
  const second = sim.every('1s', () => {
    mostQueued = Math.max(mostQueued, log.queuedBytes)
    if (sim.nowMs >= 10_000 && sim.nowMs < 10_000 + (stalledFor ?? 0)) stalled = true
    else if (stalled) {
      stalled = false
      stall.resolve()
    }
  })
  const result = await sim.load({ rate: 40, duration: '100s', clients: 10 })
  await sim.advance('1s')
  second()
  await sim.assertNoLeaks()
  return {
    result: JSON.stringify(result),
    sent: result.sent,
    byStatus: result.byStatus,
    lines,
    warnings,
    log,
    mostQueued,
  }
}

describe('a sink that stalls for a minute under load', () => {
  it('costs lines, which are counted and told of; neither memory nor traffic', async () => {
    const without = await underLoad()
    const flowing = await underLoad(0)
    const { result, lines, warnings, log, mostQueued } = await underLoad(60_000)
    // 1. Traffic is what it is without a log.
    expect(without.byStatus[200]).toBe(without.sent)
    expect(result).toBe(without.result)
    expect(flowing.result).toBe(without.result)
    expect([flowing.log.dropped, flowing.lines.length, flowing.warnings]).toEqual([0, without.sent, []])
    // 2. The queue was full, and never more than that.
    expect(mostQueued).toBeGreaterThan(MAX_BYTES - 1_000)
    expect(mostQueued).toBeLessThanOrEqual(MAX_BYTES)
    // 3. Each line was written or counted.
    const told = lines.flatMap((it) =>
      it.includes('"dropped"') ? [JSON.parse(it) as { dropped: number }] : [],
    )
    expect(told).toMatchObject([{ dropped: log.dropped }])
    expect(lines.length - told.length + log.dropped).toBe(without.sent)
    expect(log.dropped).toBeGreaterThan(1_500)
    expect([log.written, log.queuedBytes]).toEqual([lines.length, 0])
    expect(warnings.map(({ level }) => level)).toEqual(['warn'])
  })
})

async function answered(url: string, requests: number): Promise<number> {
  let ok = 0
  for (let i = 0; i < requests; i++) {
    const response = await fetch(url)
    if (response.status === 200 && (await response.text()) === 'ok') ok++
  }
  return ok
}

function ended(child: ChildProcess): void {
  onTestFinished(() => void child.kill('SIGKILL'))
}

describe('a pipe to a process that does not read', () => {
  it('costs lines, and neither memory nor an exchange; nor does one that is gone', async () => {
    ownLog.to = () => {}
    onTestFinished(() => {
      ownLog.to = ({ message }) => console.error(message)
    })
    const reader = spawn('cat', { stdio: ['pipe', 'ignore', 'ignore'] })
    ended(reader)
    const log = accessLog({
      to: reader.stdin,
      maxQueueBytes: MAX_BYTES,
      fields: Object.fromEntries(['a', 'b', 'c', 'd'].map((name) => [name, () => 'x'.repeat(1_000)])),
    })
    await using running = await proxy()
      .listen({ host: '127.0.0.1', port: 0 })
      .use(log)
      .route('/', () => respond(200, 'ok'))
      .start({ signals: false })
    reader.kill('SIGSTOP')
    expect(await answered(running.url, 400)).toBe(400)
    expect(log.dropped).toBeGreaterThan(0)
    expect(log.queuedBytes).toBeLessThanOrEqual(MAX_BYTES)
    expect(reader.stdin.writableLength).toBeLessThanOrEqual(65_536)
    reader.kill('SIGCONT')
    await log.flush()
    // One line more: what says how many are missing.
    expect([log.queuedBytes, log.written + log.dropped]).toEqual([0, 401])
    const { dropped } = log
    reader.kill('SIGKILL')
    await once(reader, 'exit')
    expect(await answered(running.url, 20)).toBe(20)
    await log.flush()
    expect(log.dropped).toBeGreaterThan(dropped)
  })
})

describe('standard output that nobody reads', () => {
  it('holds up no exchange, and its end does not end the process', async () => {
    const gateway = spawn(process.execPath, ['--conditions=gatewright-source', GATEWAY], {
      stdio: ['pipe', 'pipe', 'inherit', 'ipc'],
    })
    ended(gateway)
    const said = async (): Promise<unknown> => ((await once(gateway, 'message')) as unknown[])[0]
    // Node reads nothing of it as long as nobody listens.
    const full = said()
    expect(await full).toEqual({ ok: 400, bounded: true, dropping: true })
    const gone = said()
    gateway.stdout?.destroy()
    gateway.send('on')
    expect(await gone).toEqual({ ok: 20, bounded: true, dropping: true })
    const [code] = (await once(gateway, 'exit')) as [number]
    expect(code).toBe(0)
  })
})
