/**
 * What filters cost that only pass on: chains of 0, 1 and 10 of them around a handler, as a proxy composes them. The first
 * row is the whole proxy without filters, routing included; what a filter adds is the difference to it.
 *
 *   npx node --conditions=gatewright-source bench/filters.ts [--smoke]
 */
import { pathToFileURL } from 'node:url'
import { type Filter, type Handler, onRequest, onResponse, proxy, respond } from 'gatewright'
import { exchange } from 'gatewright/testing'
import { Bench } from 'tinybench'

const LENGTHS = [0, 1, 10]
const EXCHANGES = 1000

const KINDS: Readonly<Record<string, () => Filter>> = {
  'passes on': () => (exchange, next) => next(exchange),
  onRequest: () => onRequest(() => {}),
  onResponse: () => onResponse(() => {}),
  'async, awaits next': () => async (exchange, next) => await next(exchange),
}

interface Row {
  readonly filter: string
  readonly handler: string
  readonly filters: number
  readonly 'ns per exchange': number
}

export async function run({ smoke }: { smoke: boolean }): Promise<void> {
  const limits = smoke ? { time: 0, iterations: 2, warmup: false } : { time: 200, warmupTime: 50 }
  const response = respond(200)
  const promised = Promise.resolve(response)
  const handlers: Readonly<Record<string, Handler>> = {
    'answers at once': () => response,
    'answers with a promise': () => promised,
  }
  const rows: Row[] = []
  for (const [handlerName, handler] of Object.entries(handlers)) {
    for (const [filter, make] of Object.entries(KINDS)) {
      for (const length of LENGTHS) {
        if (length === 0 && filter !== 'passes on') continue
        const bench = new Bench(limits)
        const app = proxy()
          .use(...Array.from({ length }, make))
          .route('/', handler)
          .handler()
        const at = exchange()
        bench.add('exchanges', async () => {
          for (let i = 0; i < EXCHANGES; i++) {
            const answer = app(at)
            // Waiting costs a turn of the microtask queue, which a synchronous answer is spared.
            if (answer !== response) await answer
          }
        })
        await bench.run()
        rows.push({
          filter: length === 0 ? 'none' : filter,
          handler: handlerName,
          filters: length,
          'ns per exchange': Number(((medianMs(bench, 'exchanges') * 1e6) / EXCHANGES).toFixed(1)),
        })
      }
    }
  }
  console.table(rows)
}

function medianMs(bench: Bench, name: string): number {
  const result = bench.getTask(name)?.result
  if (result?.state !== 'completed') throw new Error(`${name} ended as ${result?.state}`)
  // The median: other work on the machine makes a few samples very long.
  return result.latency.p50
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await run({ smoke: process.argv.includes('--smoke') })
}
