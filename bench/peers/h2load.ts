import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { output, temporaryFolder } from './children.ts'
import type { LoadResult, LoadRun } from './load.ts'

/** Load over HTTP/2: by `h2load`, which does not tell percentiles, but writes a line for each request. */
export async function h2load({ scenario, port, seconds, cpus }: LoadRun): Promise<LoadResult> {
  const log = join(temporaryFolder(), 'requests')
  const printed = await output(
    {
      file: 'h2load',
      args: [
        ...['-t1', `-c${scenario.connections}`, `-m${scenario.streams ?? 1}`, `-D${seconds}`],
        ...[`--log-file=${log}`],
        ...Object.entries(scenario.headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]),
        `http://127.0.0.1:${port}${scenario.path}`,
      ],
    },
    cpus,
  )
  const counts =
    /^requests: \d+ total, \d+ started, \d+ done, (\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout$/m.exec(
      printed,
    )
  const bodies = /, [\d.]+\w+ \((\d+)\) data$/m.exec(printed)
  if (counts === null || bodies === null) throw new Error(`h2load printed no report: ${printed.slice(-400)}`)
  const [succeeded, failed, errored, timeout] = counts.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
  ]
  const lines = readFileSync(log, 'utf8').trim().split('\n')
  rmSync(log)
  // When it began, its status, and how long it took; in microseconds.
  const requests = lines.map((line) => line.split('\t').map(Number) as [number, number, number])
  const times = requests.map(([, , time]) => time).sort((a, b) => a - b)
  const status = requests.filter(([, code]) => code < 200 || code > 299).length
  return {
    requests: succeeded,
    durationUs: seconds * 1e6,
    bytes: Number(bodies[1]),
    p50Us: times[Math.floor(times.length * 0.5)] ?? 0,
    p99Us: times[Math.floor(times.length * 0.99)] ?? 0,
    errors: {
      connect: 0,
      read: errored,
      write: 0,
      status: Math.max(status, failed - errored - timeout),
      timeout,
    },
  }
}
