import type { ProxyErrorCode } from '../../core/errors.ts'
import type { Exchange, Outcome } from '../../core/exchange.ts'
import { traceContext } from '../../core/trace-context.ts'
import type { Counter } from './counters.ts'
import type { ExchangeFamilies } from './exchange-families.ts'
import type { Histogram } from './histogram.ts'
import { knownMethod } from './known-method.ts'

/** What is counted of the exchanges of one route and method, found by two look-ups. */
interface Cells {
  readonly duration: Histogram
  readonly received: Counter
  readonly sent: Counter
  /** By status, or `NO_STATUS`. */
  readonly codes: Map<number, Counter>
}

const NO_STATUS = 0
const CLIENT_LEFT = 499

/** Counts exchanges. */
export class ExchangeMeter {
  readonly families: ExchangeFamilies
  /** Those under way. */
  active = 0
  readonly #routes = new Map<string, Map<string, Cells>>()
  readonly #errors = new Map<ProxyErrorCode, Counter>()

  constructor(families: ExchangeFamilies) {
    this.families = families
  }

  began(exchange: Exchange): void {
    this.active++
    // Filters may change it. The one that the client has sent is counted.
    const { method } = exchange.request
    exchange.onComplete((outcome) => this.#ended(exchange, method, outcome))
  }

  #ended(exchange: Exchange, sentMethod: string, outcome: Outcome): void {
    this.active--
    const { status, error, durationMs, bytesReceived, bytesSent } = outcome
    const route = exchange.route?.name ?? 'none'
    const method = knownMethod(sentMethod)
    const cells = this.#routes.get(route)?.get(method) ?? this.#cells(route, method)
    const code = codeOf(outcome)
    const counter = cells.codes.get(code) ?? this.#codeCounter(cells, route, method, code)
    counter.value++
    cells.received.value += bytesReceived
    cells.sent.value += bytesSent
    if (error !== undefined) {
      const found = this.#errors.get(error.code) ?? this.#errorCounter(error.code, error.side)
      found.value++
    }
    // Minutes and hours of a tunnel say nothing of how fast the proxy is.
    if (status === 101 || sentMethod === 'CONNECT') return
    const seconds = durationMs / 1000
    cells.duration.observe(seconds)
    const trace = exchange.get(traceContext)
    if (trace?.sampled === true) cells.duration.exemplify(seconds, trace, exchange.clock.wallTime())
  }

  /**
   * The bounds of the families' series are those of what is kept here: so what is none of its own is not kept, nor a name that
   * is written otherwise, since many such names may be one series.
   */
  #cells(route: string, method: string): Cells {
    const { durations, received, sent } = this.families
    const cells: Cells = {
      duration: durations.of(route, method),
      received: received.of(route),
      sent: sent.of(route),
      codes: new Map(),
    }
    if (durations.isOverflow(cells.duration) || received.isOverflow(cells.received)) return cells
    if (cells.duration.labels.values[0] !== route) return cells
    let methods = this.#routes.get(route)
    if (methods === undefined) {
      methods = new Map()
      this.#routes.set(route, methods)
    }
    methods.set(method, cells)
    return cells
  }

  #codeCounter({ codes }: Cells, route: string, method: string, code: number): Counter {
    const { requests } = this.families
    const counter = requests.of(route, method, code === NO_STATUS ? 'none' : String(code))
    if (!requests.isOverflow(counter)) codes.set(code, counter)
    return counter
  }

  #errorCounter(code: ProxyErrorCode, side: string): Counter {
    const { errors } = this.families
    const counter = errors.of(code, side)
    if (!errors.isOverflow(counter)) this.#errors.set(code, counter)
    return counter
  }
}

function codeOf({ status, result }: Outcome): number {
  if (status === undefined) return result === 'aborted' ? CLIENT_LEFT : NO_STATUS
  return status >= 100 && status <= 599 ? status : NO_STATUS
}
