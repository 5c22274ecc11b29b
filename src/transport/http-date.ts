import type { Clock } from '../core/clock.ts'

/** The value of a `Date` field, made once for each second. */
export class HttpDate {
  readonly #clock: Clock
  #second = -1
  #value = ''
  #line = ''

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get value(): string {
    this.#tellTime()
    return this.#value
  }

  /** The whole field line. */
  get line(): string {
    this.#tellTime()
    return this.#line
  }

  #tellTime(): void {
    const now = this.#clock.wallTime()
    const second = Math.floor(now / 1000)
    if (second === this.#second) return
    this.#second = second
    this.#value = new Date(now).toUTCString()
    this.#line = `Date: ${this.#value}\r\n`
  }
}
