import { AsyncLocalStorage } from 'node:async_hooks'
import type { Clock, Timer } from '../core/clock.ts'
import { type Duration, durationMs, invalidOption, knownOptions } from '../core/options.ts'

// Taken when the module is loaded, so that nobody's fake timers stop this clock.
const { setImmediate } = globalThis

/** Node fires a timer with a longer delay than this after one millisecond. */
const MAX_DELAY_MS = 2_147_483_647

export interface VirtualClockOptions {
  /** The wall time at the start: a date, or milliseconds since 1970. Default 2026-01-01T00:00:00Z. */
  readonly startAt?: Date | number | undefined
}

/** A clock that stands still until the test moves it. */
export interface VirtualClock extends Clock {
  /** Timers that will fire: 0 at the end of a test that leaks none. */
  readonly pending: number
  /** Milliseconds until the next timer fires, if there is one. */
  readonly nextInMs: number | undefined
  /**
   * Moves time on. Timers fire in the order of their time, those of one time in the order they were started; ones
   * started on the way fire too if they are due. Before the first, and after each, every promise that can go on
   * without time or real I/O does go on, and so does an in-memory network without latency.
   *
   * `advance(0)` fires nothing and lets promises go on. Rejects with what a timer's callback throws; time then
   * stands where that timer was due.
   */
  advance(time: Duration): Promise<void>
  /**
   * Moves time on, from timer to timer, until the promise is settled, and gives its value. Rejects when no timer is
   * left that could settle it, and when it took longer than `limit` (default one hour).
   */
  until<T>(promise: PromiseLike<T>, limit?: Duration): Promise<T>
}

/**
 * A clock for tests. `now()` starts at 0.
 *
 * Stricter than the real one where that hides mistakes: a delay that is no number, or is longer than the 24.8 days
 * that Node can wait, throws. As on the real one, delays below a millisecond count as one.
 *
 * @example
 * const clock = virtualClock()
 * clock.setTimeout(() => sent.push('probe'), 5_000)
 * await clock.advance('5s')
 */
export function virtualClock(options: VirtualClockOptions = {}): VirtualClock {
  knownOptions('virtualClock', options, ['startAt'])
  const { startAt } = options
  return new SteppedClock(startMs('virtualClock', startAt))
}

/** @internal The wall time to start at. */
export function startMs(owner: string, startAt: Date | number = Date.UTC(2026, 0, 1)): number {
  const ms = startAt instanceof Date ? startAt.getTime() : startAt
  if (typeof ms !== 'number' || !Number.isFinite(ms))
    throw invalidOption(owner, 'startAt', 'a date or milliseconds', startAt)
  return ms
}

/** @internal The virtual clock, with the single steps that a simulation takes. */
export class SteppedClock implements VirtualClock {
  readonly #startMs: number
  readonly #queue = new TimerQueue()
  /** Timers fire in the asynchronous context that made the clock: by it a simulation knows what is its own. */
  readonly #inContext = AsyncLocalStorage.snapshot()
  readonly #busy: (() => boolean)[] = []
  #now = 0
  #order = 0
  #pending = 0
  #moving = false

  constructor(startMs: number) {
    this.#startMs = startMs
  }

  now(): number {
    return this.#now
  }

  wallTime(): number {
    return this.#startMs + this.#now
  }

  setTimeout(callback: () => void, ms: number): Timer {
    if (typeof callback !== 'function')
      throw invalidOption('virtualClock', 'callback', 'a function', callback)
    if (!(ms <= MAX_DELAY_MS))
      throw invalidOption('virtualClock', 'ms', `a number of milliseconds, at most ${MAX_DELAY_MS}`, ms)
    return this.exactTimeout(callback, Math.max(1, ms))
  }

  /** A timer that may also wait for less than a millisecond, as nobody's but the kit's own can. */
  exactTimeout(callback: () => void, delay: number): Timer {
    let scheduled: Entry | undefined
    let cleared = false
    const schedule = (): void => {
      scheduled = { at: this.#now + delay, order: this.#order++, fire, live: true }
      this.#queue.add(scheduled)
      this.#pending++
    }
    const unschedule = (): void => {
      if (scheduled === undefined) return
      scheduled.live = false
      scheduled = undefined
      this.#pending--
    }
    const fire = (): void => {
      unschedule()
      callback()
    }
    schedule()
    return {
      // A timer that has fired starts again, one that was cleared does not, as in Node.
      refresh() {
        if (cleared) return
        unschedule()
        schedule()
      },
      clear() {
        cleared = true
        unschedule()
      },
    }
  }

  get pending(): number {
    return this.#pending
  }

  get nextInMs(): number | undefined {
    const { nextAt } = this
    return nextAt === undefined ? undefined : nextAt - this.#now
  }

  /** When the next timer fires. Exact, which a sum of `now()` and `nextInMs` may not be. */
  get nextAt(): number | undefined {
    return this.#queue.first()?.at
  }

  async advance(time: Duration): Promise<void> {
    if (typeof time === 'number' && time < 0)
      throw invalidOption('virtualClock', 'time', 'no less than 0: time does not run backwards', time)
    const target = this.#now + durationMs('virtualClock', 'time', time)
    await this.#move(async () => {
      await this.settle()
      while (await this.fireNext(target));
      this.#now = target
    })
  }

  async until<T>(promise: PromiseLike<T>, limit: Duration = '1h'): Promise<T> {
    const target = this.#now + durationMs('virtualClock', 'limit', limit)
    let settled = false
    const settling = (): void => {
      settled = true
    }
    promise.then(settling, settling)
    await this.#move(async () => {
      await this.settle()
      while (!settled) {
        if (await this.fireNext(target)) continue
        const left = this.#queue.first()
        throw new Error(
          left === undefined
            ? `virtualClock: at ${this.#now} ms no timer is left, and the promise is not settled`
            : `virtualClock: the promise is not settled after ${limit}; the next timer is due at ${left.at} ms`,
        )
      }
    })
    return promise
  }

  /** Fires one timer that is due until `target`, if there is one. */
  async fireNext(target: number): Promise<boolean> {
    const next = this.#queue.first()
    if (next === undefined || next.at > target) return false
    this.#queue.removeFirst()
    this.#now = next.at
    this.#inContext(next.fire)
    await this.settle()
    return true
  }

  /** Moves time without firing anything that is due by then. */
  jump(target: number): void {
    this.#now = target
  }

  /**
   * Ends when all promise callbacks and `process.nextTick`s have run, also those that they gave rise to, and no network that
   * lives by this clock has events left.
   */
  settle(): Promise<void> {
    return new Promise((resolve) => {
      const turn = (): void => {
        if (this.#busy.some((isBusy) => isBusy())) setImmediate(turn)
        else resolve()
      }
      setImmediate(turn)
    })
  }

  /** @internal Tells of something that must have come to rest before time moves. */
  waitsFor(isBusy: () => boolean): void {
    this.#busy.push(isBusy)
  }

  async #move(steps: () => Promise<void>): Promise<void> {
    if (this.#moving) {
      throw new Error(
        'virtualClock: time is being moved already; await the call of advance() or until() before',
      )
    }
    this.#moving = true
    try {
      await steps()
    } finally {
      this.#moving = false
    }
  }
}

interface Entry {
  readonly at: number
  readonly order: number
  readonly fire: () => void
  live: boolean
}

/** A binary heap, since simulations hold thousands of timers. Cleared ones stay until they come to the top. */
class TimerQueue {
  readonly #heap: Entry[] = []

  first(): Entry | undefined {
    while (this.#heap[0]?.live === false) this.removeFirst()
    return this.#heap[0]
  }

  add(entry: Entry): void {
    const heap = this.#heap
    let at = heap.push(entry) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!before(entry, heap[parent]!)) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = entry
  }

  removeFirst(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++
      if (!before(heap[child]!, last)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = last
  }
}

function before(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
