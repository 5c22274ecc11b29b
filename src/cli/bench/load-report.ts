import type { Latencies } from './latency-tally.ts'
import type { LoadResult } from './load-result.ts'

/** So late the load generator's own clock may be before the report says so. */
const LATE_MS = 5
const BAR = 40

/** What became of a load, for people. */
export function loadReport(url: string, result: LoadResult): string {
  const { requests, latencyMs, serviceTimeMs } = result
  const rows = [
    ['requests', `${requests.due} due, ${requests.answered} answered, ${requests.neverSent} never sent`],
    ['answers', `${plain(result.answeredPerSecond)} a second${asked(result)}`],
    ['read', `${size(result.bytesRead)}, ${size(result.bytesRead / (result.seconds || 1))} a second`],
    ['statuses', counts(result.statuses)],
    ['failures', counts(result.failures)],
    ['not connected', counts(result.connectErrors)],
  ].filter(([, value]) => value !== '')
  return [
    `${plain(result.seconds)} s of ${load(result)}, ${result.connections} connections: ${url}`,
    '',
    ...rows.map(([name = '', value]) => `  ${name.padEnd(14)} ${value}`),
    '',
    ...table(latencyMs, serviceTimeMs),
    '',
    ...histogram(latencyMs ?? serviceTimeMs),
    ...remarks(result),
    '',
  ].join('\n')
}

function load({ rate }: LoadResult): string {
  return rate === undefined ? 'as many requests as it answers' : `${plain(rate)} requests a second`
}

function asked({ rate, answeredPerSecond }: LoadResult): string {
  return rate === undefined
    ? ''
    : `, ${((100 * answeredPerSecond) / rate).toFixed(1)} % of what was asked for`
}

function table(latency: Latencies | undefined, service: Latencies): string[] {
  const columns = latency === undefined ? [service] : [latency, service]
  const heads = latency === undefined ? ['service time'] : ['latency', 'service time']
  const row = (name: string, cells: readonly string[]) =>
    `  ${name.padEnd(14)}${cells.map((cell) => cell.padStart(14)).join('')}`
  const lines = PERCENTILES.map(([name, key]) =>
    row(
      name,
      columns.map((column) => time(column[key])),
    ),
  )
  return [row('', heads), ...lines]
}

const PERCENTILES = [
  ['p50', 'p50'],
  ['p90', 'p90'],
  ['p99', 'p99'],
  ['p99.9', 'p999'],
  ['max', 'max'],
  ['mean', 'mean'],
] as const satisfies readonly (readonly [string, keyof Latencies])[]

function histogram({ spread }: Latencies): string[] {
  const most = Math.max(...spread.map(({ count }) => count))
  return spread.map(({ upToMs, count }) => {
    const name = Number.isFinite(upToMs) ? `up to ${time(upToMs, 0)}` : 'more'
    // Whoever is there is seen.
    const bar = '#'.repeat(Math.ceil((BAR * count) / most))
    return `  ${name.padEnd(14)}${String(count).padStart(10)}  ${bar}`.trimEnd()
  })
}

function remarks({ rate, requests, failures, generatorLateMs }: LoadResult): string[] {
  const said: string[] = []
  if (rate === undefined) {
    said.push(
      'Each connection waits for its answer before it sends again, so a stall of the service is one slow request for each',
      'connection, and service times hide it. Use --rate for the latencies that users would have.',
    )
  } else {
    said.push(
      'Latency counts from when a request was due, service time from when it was sent: what lies between waited for a connection.',
    )
  }
  if (requests.neverSent + failures.timeout > 0)
    said.push('Requests without an answer in time count with the time that they have waited.')
  if (generatorLateMs !== undefined && generatorLateMs.p99 > LATE_MS)
    said.push(
      `The load generator itself was late, by ${time(generatorLateMs.p99)} at p99: it needs more of the machine, or a lower rate.`,
    )
  return ['', ...said]
}

function counts(counted: Readonly<Record<string, number>>): string {
  return Object.entries(counted)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${name}: ${count}`)
    .join(', ')
}

function time(ms: number, digits = 2): string {
  if (ms >= 1_000) return `${Number((ms / 1_000).toFixed(digits === 0 ? 0 : 3))} s`
  return digits === 0 && ms >= 1
    ? `${ms.toFixed(0)} ms`
    : `${ms.toFixed(ms < 1 && digits === 0 ? 1 : digits)} ms`
}

function size(bytes: number): string {
  if (bytes < 1024) return `${Math.round(bytes)} B`
  if (bytes < 1024 ** 2) return `${(bytes / 1024).toFixed(1)} KiB`
  return `${(bytes / 1024 ** 2).toFixed(1)} MiB`
}

function plain(number: number): string {
  return String(Number(number.toFixed(1)))
}
