import { type Clock, Deadline } from '../../core/clock.ts'

const NEVER = Number.POSITIVE_INFINITY

/** Several times of one connection behind one timer. Each is a number; moving it makes no timer. */
export class Deadlines {
  readonly #clock: Clock
  readonly #deadline: Deadline
  readonly #look: (now: number) => number
  readonly #due: number[]
  #lookAt = NEVER

  /** `look` is called when some may have come, asks `take` which ones, and returns when else it wants to look. */
  constructor(clock: Clock, count: number, look: (now: number) => number) {
    this.#clock = clock
    this.#look = look
    this.#due = new Array(count).fill(NEVER)
    this.#deadline = new Deadline(clock, () => this.#expired())
  }

  /** `Infinity` is the same as `stop`. */
  start(which: number, ms: number): void {
    const now = this.#clock.now()
    this.#due[which] = now + ms
    this.lookBy(now + ms, now)
  }

  stop(which: number): void {
    this.#due[which] = NEVER
  }

  stopAll(): void {
    this.#due.fill(NEVER)
  }

  runs(which: number): boolean {
    return this.#due[which] !== NEVER
  }

  /** Whether it has come. It does not come again until it is started. */
  take(which: number, now: number): boolean {
    // Timers may come up to one millisecond early.
    if (this.#due[which]! > now + 1) return false
    this.#due[which] = NEVER
    return true
  }

  /** Looks at this time at the latest. */
  lookBy(at: number, now: number): void {
    if (at >= this.#lookAt) return
    this.#lookAt = at
    this.#deadline.arm(at - now)
  }

  /** Releases the timer. */
  close(): void {
    this.#due.fill(NEVER)
    this.#deadline.close()
  }

  #expired(): void {
    const now = this.#clock.now()
    this.#lookAt = NEVER
    const next = this.#look(now)
    this.lookBy(Math.min(next, ...this.#due), now)
  }
}
