/**
 * Says how long what waits may wait: `longMs` while the queue is emptied now and then, `shortMs` once it has not been
 * empty for `intervalMs`.
 *
 * A queue that empties is a burst and worth waiting in; one that does not is load past the capacity, and whoever waits
 * in it only makes all others late. The rule is that of Nichols and Jacobson ("Controlling Queue Delay", 2012), in the
 * form that Maurer gave it for servers ("Fail at Scale", 2015).
 */
export class ControlledDelay {
  readonly #longMs: number
  readonly #shortMs: number
  readonly #intervalMs: number
  /** `undefined` while nothing waits. */
  #busySince: number | undefined

  constructor(longMs: number, shortMs: number, intervalMs: number) {
    this.#longMs = longMs
    this.#shortMs = Math.min(longMs, shortMs)
    this.#intervalMs = intervalMs
  }

  /** Whether the queue has not been empty for the interval. */
  overloaded(now: number): boolean {
    return this.#busySince !== undefined && now - this.#busySince >= this.#intervalMs
  }

  /** How long one that begins to wait now may wait. */
  patienceMs(now: number): number {
    return this.overloaded(now) ? this.#shortMs : this.#longMs
  }

  /** Whether one that has waited so long is to go unserved, though it began when the queue was no trouble yet. */
  overdue(waitedMs: number, now: number): boolean {
    return this.overloaded(now) && waitedMs > Math.max(this.#shortMs, this.#intervalMs)
  }

  /** The queue has become longer. */
  joined(now: number): void {
    this.#busySince ??= now
  }

  /** The queue is empty. */
  emptied(): void {
    this.#busySince = undefined
  }
}
