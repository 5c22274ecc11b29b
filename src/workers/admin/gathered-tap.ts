import type { AdminSettings } from '../../admin/admin-options.ts'
import { TAP_FIELDS, tapSettings } from '../../admin/tap/tap-settings.ts'
import { Body } from '../../core/body.ts'
import { ProxyError } from '../../core/errors.ts'
import type { Exchange } from '../../core/exchange.ts'
import { HeaderList } from '../../core/headers.ts'
import { ResponseMessage } from '../../core/message.ts'
import type { WorkerGroup, WorkerView } from '../worker-group.ts'
import { MergedEvents } from './merged-events.ts'
import type { WorkerCalls } from './worker-calls.ts'

/** As many as each worker lets in. */
const MAX_TAPS = 16

interface OpenTap {
  readonly exchange: Exchange
  readonly events: MergedEvents
}

/** Taps of all workers: those that run, and those that come to serve while somebody looks. */
export class GatheredTap {
  readonly #calls: WorkerCalls
  readonly #open = new Set<OpenTap>()

  constructor(calls: WorkerCalls, group: WorkerGroup) {
    this.#calls = calls
    group.onChange((worker, now) => {
      if (now === 'serving') for (const tap of this.#open) void this.#join(tap, worker)
    })
  }

  /** `GET /api/tap`: see `Tap`. */
  open(exchange: Exchange, { tapBodies }: AdminSettings): ResponseMessage {
    const { bodyBytes, rate } = tapSettings(exchange.request.query)
    if (bodyBytes > 0 && !tapBodies)
      throw new ProxyError('access_denied', {
        detail: 'bodies are shown where the option "tapBodies" says so',
      })
    if (this.#open.size >= MAX_TAPS)
      throw new ProxyError('overloaded', { detail: `${MAX_TAPS} taps are open` })
    const tap: OpenTap = { exchange, events: new MergedEvents(exchange.clock, rate) }
    this.#open.add(tap)
    exchange.onComplete(() => {
      this.#open.delete(tap)
      tap.events.end()
    })
    for (const worker of this.#calls.workers) void this.#join(tap, worker)
    return new ResponseMessage(200, HeaderList.from(TAP_FIELDS), new Body(tap.events))
  }

  /** Ends all that are open. */
  close(): void {
    for (const { events } of this.#open) events.end()
  }

  async #join({ exchange, events }: OpenTap, worker: WorkerView): Promise<void> {
    const { number } = worker
    try {
      const { query } = exchange.request
      const target = query === '' ? '/api/tap' : `/api/tap?${query}`
      const { status, body } = await this.#calls.ask(exchange, worker, { target }, { timeoutMs: Infinity })
      if (status === 200) events.add(number, body.take())
      else {
        body.discard()
        events.tell(`worker ${number} has answered ${status}`)
      }
    } catch {
      events.tell(`worker ${number} does not answer`)
    }
  }
}
