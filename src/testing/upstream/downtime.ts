import type { Clock, Timer } from '../../core/clock.ts'
import type { Fault, Injection } from './fault.ts'

interface DowntimeOptions {
  readonly clock: Clock
  readonly afterMs: number
  /** `Infinity`: until it is removed. */
  readonly lastsMs: number
  /** From one begin to the next. */
  readonly everyMs?: number | undefined
  readonly onBegin: () => void
  readonly onEnd: () => void
  /** It will not begin again. */
  readonly onOver: (downtime: Downtime) => void
}

/** @internal A span of time in which a service is not there. It begins, ends, and may come again. */
export class Downtime implements Injection {
  readonly fault: Fault = { kind: 'refuse' }
  readonly #options: DowntimeOptions
  #timer: Timer | undefined
  #state: 'waiting' | 'down' | 'over' = 'waiting'
  #hits = 0

  constructor(options: DowntimeOptions) {
    this.#options = options
  }

  get hits(): number {
    return this.#hits
  }

  /** Time runs from here on. */
  start(): void {
    this.#after(this.#options.afterMs, () => this.#begin())
  }

  remove(): void {
    if (this.#state === 'over') return
    const wasDown = this.#state === 'down'
    this.#state = 'over'
    this.#timer?.clear()
    if (wasDown) this.#options.onEnd()
    this.#options.onOver(this)
  }

  #begin(): void {
    this.#state = 'down'
    this.#hits++
    this.#after(this.#options.lastsMs, () => this.#end())
    this.#options.onBegin()
  }

  #end(): void {
    const { lastsMs, everyMs, onEnd } = this.#options
    if (everyMs === undefined) {
      this.remove()
      return
    }
    this.#state = 'waiting'
    this.#after(everyMs - lastsMs, () => this.#begin())
    onEnd()
  }

  #after(ms: number, then: () => void): void {
    if (ms === Number.POSITIVE_INFINITY) return
    if (ms <= 0) then()
    else this.#timer = this.#options.clock.setTimeout(then, ms)
  }
}
