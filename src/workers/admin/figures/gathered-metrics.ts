import { Refusal } from '../../../admin/problem-answer.ts'
import { Body } from '../../../core/body.ts'
import type { Clock } from '../../../core/clock.ts'
import type { Exchange } from '../../../core/exchange.ts'
import { type ResponseMessage, respond } from '../../../core/message.ts'
import { formatFor } from '../../../filters/metering/format-for.ts'
import { CONTENT_TYPES, ENDS, type TextFormat } from '../../../filters/metering/text-format.ts'
import type { WorkerGroup } from '../../worker-group.ts'
import { figureLines } from './figure-lines.ts'
import type { FigureFamily, Series } from './figures.ts'
import type { GatheredFigures, WorkerFigures } from './worker-figures.ts'

/** What is written without a turn of the event loop in between. */
const PIECE_LINES = 500

/** `GET /metrics` of all workers, and of who of them has answered. */
export async function gatheredMetrics(
  exchange: Exchange,
  figures: WorkerFigures,
  group: WorkerGroup,
): Promise<ResponseMessage> {
  const format = formatFor(exchange.request.headers.get('accept'))
  const gathered = await figures.gather(exchange, format)
  const { answered, without } = gathered
  if (without > 0 && without === answered.size)
    throw new Refusal(404, 'Not found', 'the proxy has no metrics: add metrics() of gatewright/filters to it')
  const own = ownFamilies(group, gathered, figures.forgotten)
  return respond(200, Body.from(bytesOf([...own, gathered.families], format, exchange.clock)), {
    'Content-Type': CONTENT_TYPES[format],
  })
}

async function* bytesOf(
  all: readonly (FigureFamily | Iterable<FigureFamily>)[],
  format: TextFormat,
  clock: Clock,
): AsyncGenerator<Uint8Array> {
  let lines: string[] = []
  for (const one of all)
    for (const family of Symbol.iterator in one ? one : [one])
      for (const line of figureLines(family, format)) {
        lines.push(line)
        if (lines.length < PIECE_LINES) continue
        yield Buffer.from(lines.join(''))
        lines = []
        await new Promise<void>((resolve) => clock.setTimeout(resolve, 0))
      }
  yield Buffer.from(lines.join('') + ENDS[format])
}

/** What the supervisor has to say itself. During a roll two processes have one number: it is up where one of them is. */
function ownFamilies(
  { workers }: WorkerGroup,
  { answered }: GatheredFigures,
  forgotten: number,
): FigureFamily[] {
  const up = new Map<number, number>()
  const restarts = new Map<number, number>()
  for (const worker of workers) {
    const { number } = worker
    up.set(number, Math.max(up.get(number) ?? 0, answered.get(worker.channel) === true ? 1 : 0))
    restarts.set(number, Math.max(restarts.get(number) ?? 0, worker.restarts))
  }
  return [
    family(
      'proxy_worker_up',
      'gauge',
      'Whether the worker has answered this scrape. What one that has not did count is in the sums as it was last; its gauges are not.',
      byWorker(up),
    ),
    family(
      'proxy_worker_restarts',
      'counter',
      'How often a worker was started anew because the one before had ended by itself.',
      byWorker(restarts),
    ),
    family(
      'proxy_worker_forgotten_series',
      'counter',
      'Series of workers that have ended for which there was no room: their counts are in the sums no more.',
      [{ labels: '', suffix: '', value: forgotten }],
    ),
  ]
}

function byWorker(values: ReadonlyMap<number, number>): Series[] {
  return [...values].map(([number, value]) => ({ labels: `worker="${number}"`, suffix: '', value }))
}

function family(name: string, type: string, help: string, series: readonly Series[]): FigureFamily {
  return { name, type, help, isBare: false, series: new Map(series.map((one) => [one.labels, one])) }
}
