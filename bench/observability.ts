/**
 * What it costs each exchange to be seen: an access log, metrics and tracing, one by one and together, while nothing fails and
 * no trace is sampled. Whole proxies are measured as in `resilience.ts`: the CPU time of the engine alone, rows in turns, the
 * median of the rounds. Lines of the log are made and thrown away.
 *
 *   npx node --conditions=gatewright-source bench/observability.ts [--smoke]
 */
import { pathToFileURL } from 'node:url'
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  InMemorySpanExporter,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base'
import { type Filter, onRequest, pool } from 'gatewright'
import { accessLog, metrics, requestId, tracing } from 'gatewright/filters'
import { costsInTurns } from './answering-network/costs-in-turns.ts'

const provider = (ratio: number): BasicTracerProvider =>
  new BasicTracerProvider({
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
    spanProcessors: [new BatchSpanProcessor(new InMemorySpanExporter(), { maxQueueSize: 64 })],
  })

const log = (): Filter => accessLog({ to: () => {} })
const unsampled = (): Filter => tracing({ tracerProvider: provider(0) })

const FILTERS: Readonly<Record<string, () => Filter[]>> = {
  nothing: () => [],
  'record alone': () => [onRequest((exchange) => void exchange.record())],
  'metrics()': () => [metrics()],
  'accessLog()': () => [log()],
  'accessLog() with ids': () => [requestId(), log()],
  'tracing(), no SDK': () => [tracing()],
  'tracing(), not sampled': () => [unsampled()],
  'tracing(), all sampled': () => [tracing({ tracerProvider: provider(1) })],
  'all three, not sampled': () => [log(), metrics(), unsampled()],
}

const VARIANTS = Object.fromEntries(
  Object.entries(FILTERS).map(([name, filters]) => [
    name,
    () => ({ users: pool(['http://one']), filters: filters() }),
  ]),
)

interface Row {
  readonly filters: string
  readonly 'us CPU per exchange': number
  readonly 'us more': number
}

export async function run({ smoke }: { smoke: boolean }): Promise<void> {
  const exchanges = smoke ? 200 : 40_000
  const rounds = smoke ? 1 : 9
  const costs = await costsInTurns(VARIANTS, { exchanges, rounds })
  const base = costs.get('nothing')!
  const rows: Row[] = Array.from(costs, ([filters, us]) => ({
    filters,
    'us CPU per exchange': Number(us.toFixed(2)),
    'us more': Number((us - base).toFixed(2)),
  }))
  console.table(rows)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await run({ smoke: process.argv.includes('--smoke') })
}
