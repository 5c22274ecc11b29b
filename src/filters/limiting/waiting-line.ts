import type { Timer } from '../../core/clock.ts'
import type { WaitWriter } from '../../core/decision-writer.ts'
import { ProxyError } from '../../core/errors.ts'
import type { Abortable, Exchange } from '../../core/exchange.ts'
import { ControlledDelay } from './controlled-delay.ts'

export interface WaitingLineSettings {
  readonly max: number
  readonly timeoutMs: number
  readonly order: 'fifo' | 'lifo' | 'adaptive'
  readonly targetMs: number
  readonly intervalMs: number
}

/** Makes the error of an exchange that does not get a place. */
export type TurnAway = (exchange: Exchange, detail: string) => ProxyError

/** Exchanges that wait for a place, in a doubly linked list: whoever leaves is taken out at once, wherever it stands. */
export class WaitingLine {
  readonly #filter: string
  readonly #settings: WaitingLineSettings
  readonly #delay: ControlledDelay
  readonly #turnAway: TurnAway
  #first: Waiting | undefined
  #last: Waiting | undefined
  readonly #totals: { waiting: number }
  #length = 0

  /** `filter` is whose line it is, for records. `totals` counts those who wait in several lines together. */
  constructor(
    filter: string,
    settings: WaitingLineSettings,
    turnAway: TurnAway,
    totals: { waiting: number },
  ) {
    this.#filter = filter
    this.#totals = totals
    const { timeoutMs, targetMs, intervalMs } = settings
    this.#settings = settings
    this.#delay = new ControlledDelay(timeoutMs, targetMs, intervalMs)
    this.#turnAway = turnAway
  }

  /** Resolves when the exchange is called; rejects when it leaves, or has waited for too long. Throws when the line is full. */
  wait(exchange: Exchange): Promise<void> {
    if (this.#length >= this.#settings.max) throw this.#turnAway(exchange, 'the queue is full')
    const now = exchange.clock.now()
    const overloaded = this.#delay.overloaded(now)
    const ms = this.#delay.patienceMs(now)
    this.#delay.joined(now)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const leave = (reason: ProxyError): void => {
      if (!this.#remove(waiting, false)) return
      reject(reason)
    }
    const waiting = new Waiting(exchange, now, resolve, leave)
    waiting.recording = exchange.recording?.waiting(this.#filter)
    this.#append(waiting)
    waiting.timer = exchange.clock.setTimeout(() => {
      const why = overloaded ? 'the queue does not empty' : 'no place became free in time'
      leave(this.#turnAway(exchange, why))
    }, ms)
    exchange.addAbortable(waiting)
    return promise
  }

  /** Calls the one whose turn it is. False when nobody waits. */
  callNext(now: number): boolean {
    this.#shedOverdue(now)
    const { order } = this.#settings
    // Those who came last have the best chance of a client that is still there.
    const newestFirst = order === 'lifo' || (order === 'adaptive' && this.#delay.overloaded(now))
    const waiting = newestFirst ? this.#last : this.#first
    if (waiting === undefined) return false
    this.#remove(waiting, true)
    waiting.resolve()
    return true
  }

  /** Those who came before the queue became a trouble, and would be answered late or, newest first, hardly ever. */
  #shedOverdue(now: number): void {
    let oldest = this.#first
    while (oldest !== undefined && this.#delay.overdue(now - oldest.since, now)) {
      oldest.abort(this.#turnAway(oldest.exchange, 'the queue does not empty'))
      oldest = this.#first
    }
  }

  #append(waiting: Waiting): void {
    waiting.before = this.#last
    if (this.#last === undefined) this.#first = waiting
    else this.#last.behind = waiting
    this.#last = waiting
    this.#length++
    this.#totals.waiting++
  }

  /** False when it was gone already. */
  #remove(waiting: Waiting, admitted: boolean): boolean {
    if (waiting.gone) return false
    waiting.gone = true
    waiting.recording?.ended(admitted)
    waiting.timer?.clear()
    waiting.exchange.removeAbortable(waiting)
    if (waiting.before === undefined) this.#first = waiting.behind
    else waiting.before.behind = waiting.behind
    if (waiting.behind === undefined) this.#last = waiting.before
    else waiting.behind.before = waiting.before
    this.#length--
    this.#totals.waiting--
    if (this.#length === 0) this.#delay.emptied()
    return true
  }
}

class Waiting implements Abortable {
  readonly exchange: Exchange
  readonly since: number
  readonly resolve: () => void
  readonly abort: (reason: ProxyError) => void
  before: Waiting | undefined
  behind: Waiting | undefined
  timer: Timer | undefined
  recording: WaitWriter | undefined
  gone = false

  constructor(exchange: Exchange, since: number, resolve: () => void, abort: (reason: ProxyError) => void) {
    this.since = since
    this.exchange = exchange
    this.resolve = resolve
    this.abort = abort
  }

  /** An outer filter did not wait any longer, and answered. */
  sweep(): void {
    this.abort(new ProxyError('exchange_aborted'))
  }
}
