import { systemClock } from '../../core/clock.ts'
import { OptionError } from '../../core/options.ts'
import { nodeNetwork } from '../../transport/network.ts'
import type { CliIo } from '../cli-io.ts'
import { readBenchArguments } from './bench-arguments.ts'
import { loadReport } from './load-report.ts'
import { LoadRun, NoConnectionError } from './load-run.ts'
import { precisePacer } from './pacer.ts'

/**
 * `gatewright bench <url>`: puts a load on a service and prints what became of it. Gives the exit code: 0 when something
 * was answered, 1 when nothing was, 2 for arguments that are wrong, 3 when no connection could be made, 130 when Ctrl-C ended it.
 */
export async function runBench(args: readonly string[], io: CliIo): Promise<number> {
  let bench: ReturnType<typeof readBenchArguments>
  try {
    bench = readBenchArguments(args, io.cwd)
  } catch (error) {
    if (!(error instanceof OptionError)) throw error
    io.err(`${error.message}\n`)
    return 2
  }
  const { plan, url, json } = bench
  const run = new LoadRun(plan, { clock: systemClock, network: nodeNetwork, pacer: precisePacer })
  let interrupted = false
  const interrupt = (): void => {
    interrupted = true
    run.stop()
  }
  process.once('SIGINT', interrupt)
  try {
    const result = await run.run()
    io.out(json ? `${JSON.stringify({ url, method: plan.method, ...result })}\n` : loadReport(url, result))
    if (interrupted) return 130
    return result.requests.answered > 0 ? 0 : 1
  } catch (error) {
    if (!(error instanceof NoConnectionError)) throw error
    io.err(`bench: ${url}: ${error.message}\n`)
    return 3
  } finally {
    process.removeListener('SIGINT', interrupt)
  }
}
