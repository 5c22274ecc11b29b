import type { Clock, Timer } from '../../core/clock.ts'

/**
 * How late a timer fires, again and again while exchanges come: by so much everything waits that this process does.
 *
 * One timer at a time, and none once nothing has come for a while. It must not end with the exchanges: many are over before
 * the process has turned to the next thing that waits, and then no timer would ever show how long that is.
 */
export class LoopDelay {
  readonly #everyMs: number
  readonly #quietMs: number
  readonly #onSample: (delayMs: number, now: number) => void
  readonly #onBegin: (now: number) => void
  #timer: Timer | undefined
  #dueAt = 0
  #enteredAt = 0

  /**
   * Measures every `everyMs`, as long as the last exchange has come no more than `quietMs` ago. `onBegin` is called when the
   * first one comes after that.
   */
  constructor(
    everyMs: number,
    quietMs: number,
    onSample: (delayMs: number, now: number) => void,
    onBegin: (now: number) => void,
  ) {
    this.#everyMs = everyMs
    this.#quietMs = quietMs
    this.#onSample = onSample
    this.#onBegin = onBegin
  }

  /** An exchange has come. */
  entered(clock: Clock): void {
    const now = clock.now()
    this.#enteredAt = now
    if (this.#timer !== undefined) return
    this.#onBegin(now)
    this.#dueAt = now + this.#everyMs
    this.#timer = clock.setTimeout(() => this.#fired(clock.now()), this.#everyMs)
  }

  /** Releases the timer. The next exchange begins anew. */
  close(): void {
    this.#timer?.clear()
    this.#timer = undefined
  }

  #fired(now: number): void {
    // Node's timers may fire up to one millisecond early.
    this.#onSample(Math.max(0, now - this.#dueAt), now)
    if (now - this.#enteredAt > this.#quietMs) this.#timer = undefined
    else {
      this.#dueAt = now + this.#everyMs
      this.#timer!.refresh()
    }
  }
}
