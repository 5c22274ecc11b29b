import { ProxyError } from '../core/errors.ts'
import type { Exchange } from '../core/exchange.ts'
import { exchangeInWords } from '../core/exchange-in-words.ts'
import type { Runtime } from '../transport/runtime.ts'
import type { PoolEndpoint } from './endpoint.ts'
import { HedgeBudget } from './hedge-budget.ts'
import type { HedgeSettings } from './hedge-options.ts'
import { HedgeQuantile } from './hedge-quantile.ts'
import { isRepeatable } from './repeatable.ts'

/** Says which requests of a pool get a second attempt beside a late one, when, and how many do. */
export class Hedger {
  readonly runtime: Runtime
  readonly #settings: HedgeSettings
  readonly #budget: HedgeBudget
  /** `undefined` where the delay is fixed. */
  readonly #quantile: HedgeQuantile | undefined

  constructor(settings: HedgeSettings, runtime: Runtime) {
    this.#settings = settings
    this.runtime = runtime
    this.#budget = new HedgeBudget(settings.budget)
    this.#quantile = settings.part === undefined ? undefined : new HedgeQuantile(settings.part)
  }

  /** A request has come. Returns whether it may be sent to two endpoints at a time. */
  admits({ request }: Exchange): boolean {
    this.#budget.deposit()
    if (!isRepeatable(request, this.#settings)) return false
    // One that comes from the client bit by bit can be read by one attempt at a time; and a tunnel has one other end.
    return request.body.bytes !== undefined && request.upgrade === undefined
  }

  /** How long the first attempt is alone; `Infinity` while too little is known. */
  get delayMs(): number {
    return this.#settings.afterMs ?? this.#quantile!.value
  }

  /** Whether there may be one more, which is then counted. */
  grants(exchange: Exchange, delayMs: number): boolean {
    const { observer, log } = this.runtime
    const granted = this.#budget.withdraw()
    if (granted) observer?.hedged?.(exchange.origin, delayMs)
    else observer?.hedgeRefused?.(exchange.origin, delayMs)
    exchange.recording?.hedged(delayMs, granted)
    if (log.level === 'debug') {
      const what = granted ? 'another attempt beside one' : 'for lack of budget, no other attempt beside one'
      log.debug(`${what} that has not answered for ${delayMs} ms (${exchangeInWords(exchange)})`)
    }
    return granted
  }

  /** A client has waited so long for the head of a response. */
  answered(ms: number): void {
    this.#quantile?.observe(ms)
  }

  /** It has waited so long and got none. Only what is late says something of how long responses take. */
  gaveUp(ms: number): void {
    if (this.#quantile !== undefined && ms > this.#quantile.value) this.#quantile.observe(ms)
  }

  /** An attempt has lost after so long: its endpoint is at least as slow as that, which its balancer should know. */
  lost(endpoint: PoolEndpoint, ms: number): void {
    if (ms > endpoint.responseTimeMs) endpoint.observe(ms, this.runtime.clock.now())
  }
}

/** Made once: what ends an attempt that has lost is the same each time, and a stack of its own would be dear. */
export const HEDGE_LOST: ProxyError = new ProxyError('hedge_lost')
