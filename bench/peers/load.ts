import { join } from 'node:path'
import { output } from './children.ts'
import { h2load } from './h2load.ts'
import type { LoadScenario } from './scenarios.ts'

/** What one run of the load generator saw. */
export interface LoadResult {
  /** Answered requests. */
  requests: number
  durationUs: number
  bytes: number
  p50Us: number
  p99Us: number
  errors: { connect: number; read: number; write: number; status: number; timeout: number }
}

export interface LoadRun {
  scenario: LoadScenario
  port: number
  seconds: number
  cpus?: string | undefined
}

/** Without wrk only a smoke run goes on, with `fallback-load.ts`; its figures compare with nothing. */
export type LoadTool = 'wrk' | 'fallback'

export async function load(tool: LoadTool, run: LoadRun): Promise<LoadResult> {
  const { scenario, port, seconds, cpus } = run
  if (scenario.http2 === 'client') return h2load(run)
  if (scenario.websocket === true) return websocketLoad(run)
  const url = `${scenario.tls ? 'https' : 'http'}://127.0.0.1:${port}${scenario.path}`
  const env = { BENCH_METHOD: scenario.method, BENCH_REQUEST_BYTES: String(scenario.requestBytes) }
  const headers = Object.entries(scenario.headers)
  const printed =
    tool === 'wrk'
      ? await output(
          {
            file: 'wrk',
            args: [
              ...['-t1', `-c${scenario.connections}`, `-d${seconds}s`, '--latency', '--timeout', '5s'],
              ...['-s', join(import.meta.dirname, 'wrk-report.lua')],
              ...headers.flatMap(([name, value]) => ['-H', `${name}: ${value}`]),
              url,
            ],
            env,
          },
          cpus,
        )
      : await output(
          {
            file: process.execPath,
            args: [join(import.meta.dirname, 'fallback-load.ts'), url],
            env: {
              ...env,
              BENCH_HEADERS: JSON.stringify(scenario.headers),
              BENCH_SECONDS: String(seconds),
              BENCH_CONNECTIONS: String(scenario.connections),
            },
          },
          cpus,
        )
  return parseReport(printed)
}

async function websocketLoad({ scenario, port, seconds, cpus }: LoadRun): Promise<LoadResult> {
  const command = {
    file: process.execPath,
    args: [join(import.meta.dirname, 'websocket-load.ts'), String(port)],
    env: { BENCH_SECONDS: String(seconds), BENCH_CONNECTIONS: String(scenario.connections) },
  }
  return parseReport(await output(command, cpus))
}

function parseReport(printed: string): LoadResult {
  const line = /^REPORT (\{.*\})$/m.exec(printed)?.[1]
  if (line === undefined) throw new Error(`the load generator printed no report: ${printed.slice(-400)}`)
  return JSON.parse(line) as LoadResult
}

/** Why a result must not be compared: errors, refusals, bodies that came short. Empty when all is well. */
export function problemsOf(result: LoadResult, scenario: LoadScenario): string[] {
  const problems = Object.entries(result.errors)
    .filter(([, count]) => count > 0)
    .map(([kind, count]) => `${count} ${kind === 'status' ? 'answers that are not 2xx' : `${kind} errors`}`)
  if (result.requests === 0) problems.push('nothing was answered')
  else if (result.bytes < result.requests * scenario.responseBytes) problems.push('bodies came short')
  return problems
}
