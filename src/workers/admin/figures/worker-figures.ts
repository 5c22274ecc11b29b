import type { Exchange } from '../../../core/exchange.ts'
import type { ResponseMessage } from '../../../core/message.ts'
import { CONTENT_TYPES, type TextFormat } from '../../../filters/metering/text-format.ts'
import type { Channel } from '../../channel.ts'
import type { WorkerGroup } from '../../worker-group.ts'
import type { WorkerCalls } from '../worker-calls.ts'
import { countsOf, ExpositionParser } from './exposition-parser.ts'
import type { FigureFamily, Figures } from './figures.ts'
import { mergedFamily, withEnded } from './merged-family.ts'

/** A worker that takes longer is left out. Scrapes have 10 s by default. */
const LIMIT_MS = 5_000
const MAX_BYTES = 64 * 1_048_576
/** Of processes that have ended; what more of them have counted is forgotten with them. */
const MAX_ENDED_SERIES = 100_000

/** Figures of all workers, as they are at one scrape. */
export interface GatheredFigures {
  /** Family by family, in the order of the first worker. Each is put together when it is asked for. */
  readonly families: Iterable<FigureFamily>
  /** Whether each of those that were asked has answered. */
  readonly answered: ReadonlyMap<Channel, boolean>
  /** Those that have answered that they have none. */
  readonly without: number
}

/**
 * Gathers the figures of workers. What a worker has counted stays in them when it does not answer, and when it has ended: as it
 * was when it was last asked. Else the sums would go back, and look like a restart.
 */
export class WorkerFigures {
  readonly #calls: WorkerCalls
  readonly #group: WorkerGroup
  /** What each process has counted, as far as it has said. */
  readonly #counted = new Map<Channel, Figures>()
  #ended: Figures = new Map()
  #endedSeries = 0
  #forgotten = 0
  #gathering: Promise<GatheredFigures> | undefined

  constructor(calls: WorkerCalls, group: WorkerGroup) {
    this.#calls = calls
    this.#group = group
    group.onChange(({ channel }, now) => {
      if (now === 'gone') this.#end(channel)
    })
  }

  /** Series of ended workers for which there was no room. */
  get forgotten(): number {
    return this.#forgotten
  }

  /** Those who ask while it is under way get the same. */
  gather(exchange: Exchange, format: TextFormat): Promise<GatheredFigures> {
    this.#gathering ??= this.#gather(exchange, format).finally(() => {
      this.#gathering = undefined
    })
    return this.#gathering
  }

  async #gather(exchange: Exchange, format: TextFormat): Promise<GatheredFigures> {
    const question = { target: '/metrics', accept: CONTENT_TYPES[format] }
    // Others may wait for the same: it ends by itself, and not with whoever has asked first.
    const options = { timeoutMs: LIMIT_MS, detached: true }
    // As they are now: one that ends while others are asked is counted once, as live.
    const ended = this.#ended
    const counted = new Map(this.#counted)
    const answers = await this.#calls.askAll(exchange, question, options, read)
    const live: Figures[] = []
    const answered = new Map<Channel, boolean>()
    let without = 0
    for (const answer of answers) {
      const { channel } = answer.worker
      const isThere = answer.answered.status === 'fulfilled'
      const figures = answer.answered.status === 'fulfilled' ? answer.answered.value : counted.get(channel)
      answered.set(channel, isThere)
      if (figures !== undefined) live.push(figures)
      else if (isThere) without++
      if (figures !== undefined && isThere) this.#note(channel, figures)
    }
    return { families: families(live, ended), answered, without }
  }

  #note(channel: Channel, figures: Figures): void {
    const counts = [...figures.values()].flatMap((family) => countsOf(family) ?? [])
    this.#counted.set(channel, new Map(counts.map((family) => [family.name, family])))
    if (!this.#group.workers.some((worker) => worker.channel === channel)) this.#end(channel)
  }

  /** Adds what a process has counted to what those have that ended before. */
  #end(channel: Channel): void {
    const figures = this.#counted.get(channel)
    if (figures === undefined) return
    this.#counted.delete(channel)
    const ended = new Map(this.#ended)
    for (const [name, family] of figures) ended.set(name, this.#added(family, ended.get(name)))
    this.#ended = ended
  }

  /** The latest comes first: where histograms have got other bounds, those of before are left out. */
  #added(family: FigureFamily, before: FigureFamily | undefined): FigureFamily {
    const merged = before === undefined ? family : withEnded(family, before)
    const others = this.#endedSeries - (before?.series.size ?? 0)
    const kept = [...merged.series].slice(0, MAX_ENDED_SERIES - others)
    this.#forgotten += merged.series.size - kept.length
    this.#endedSeries = others + kept.length
    return { ...merged, series: new Map(kept) }
  }
}

/** Of what no worker has that runs, nothing is shown: a reload has taken it away. */
function* families(live: readonly Figures[], ended: Figures): Generator<FigureFamily> {
  const names = new Set(live.flatMap((figures) => [...figures.keys()]))
  for (const name of names) {
    const family = mergedFamily(live.flatMap((figures) => figures.get(name) ?? []))
    const before = ended.get(name)
    yield before === undefined || before.type !== family.type ? family : withEnded(family, before)
  }
}

/** `undefined` where it has no metrics. */
async function read({ status, headers, body }: ResponseMessage): Promise<Figures | undefined> {
  if (status !== 200) {
    body.discard()
    if (status === 404) return undefined
    throw new Error(`it has answered ${status}`)
  }
  const isOpen = headers.get('content-type')?.startsWith('application/openmetrics-text') === true
  const parser = new ExpositionParser(isOpen ? 'openmetrics' : 'text')
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.byteLength
    if (bytes > MAX_BYTES) throw new Error('its figures are too long')
    parser.add(decoder.decode(chunk, { stream: true }))
  }
  return parser.end()
}
