import { type Clock, Deadline } from '../core/clock.ts'
import { ProxyError } from '../core/errors.ts'
import { withoutStack } from '../core/without-stack.ts'
import type { Attempt, AttemptCarrier } from './attempt.ts'

/** Attempts that wait for a connection, the oldest first. */
export class AttemptQueue implements AttemptCarrier {
  readonly #waiting = new Map<Attempt, number>()
  readonly #clock: Clock
  readonly #maxPending: number
  readonly #pendingMs: number
  readonly #deadline: Deadline
  #retired = false

  constructor(clock: Clock, { maxPending, pendingMs }: { maxPending: number; pendingMs: number }) {
    this.#clock = clock
    this.#maxPending = maxPending
    this.#pendingMs = pendingMs
    this.#deadline = new Deadline(clock, () => this.#expire())
  }

  get size(): number {
    return this.#waiting.size
  }

  get attempts(): readonly Attempt[] {
    return [...this.#waiting.keys()]
  }

  get first(): Attempt | undefined {
    const [first] = this.#waiting.keys()
    return first
  }

  /** Takes the attempt in, unless the queue is full: then it has failed. */
  add(attempt: Attempt): void {
    attempt.recording?.queued()
    if (this.#waiting.size >= this.#maxPending) {
      attempt.fail(withoutStack(() => new ProxyError('pool_queue_full')))
      return
    }
    attempt.carrier = this
    this.#waiting.set(attempt, this.#clock.now() + this.#pendingMs)
    if (this.#waiting.size === 1) this.#deadline.arm(this.#pendingMs)
  }

  /** The attempt waits no more. */
  remove(attempt: Attempt): void {
    this.#waiting.delete(attempt)
    // The timer is left to run out, since the queue will be used again; but not where nothing follows.
    if (this.#retired) this.#rest()
  }

  /** Those who wait are the last to. */
  retire(): void {
    this.#retired = true
    this.#rest()
  }

  #rest(): void {
    if (this.#waiting.size === 0) this.#deadline.close()
  }

  /** Attempts that wait have failed. */
  close(): void {
    this.#deadline.close()
    for (const attempt of this.attempts) {
      this.#waiting.delete(attempt)
      attempt.fail(new ProxyError('proxy_closed'))
    }
  }

  worksFor(attempt: Attempt): boolean {
    return this.#waiting.has(attempt)
  }

  cancelAttempt(attempt: Attempt): void {
    this.remove(attempt)
  }

  #expire(): void {
    const now = this.#clock.now()
    for (const [attempt, until] of [...this.#waiting]) {
      if (until > now + 1) {
        this.#deadline.arm(until - now)
        return
      }
      this.#waiting.delete(attempt)
      attempt.fail(withoutStack(() => new ProxyError('pool_queue_timeout')))
    }
  }
}
