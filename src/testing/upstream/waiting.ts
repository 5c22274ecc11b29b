import type { Clock, Timer } from '../../core/clock.ts'

/** @internal Waiting that ends as soon as there is nobody to wait for any more. */
export class Waiting {
  readonly #clock: Clock
  /** `false` as soon as there is no reason to wait. */
  readonly #wanted: () => boolean
  #timer: Timer | undefined
  #waiting: (() => void)[] = []

  constructor(clock: Clock, wanted: () => boolean) {
    this.#clock = clock
    this.#wanted = wanted
  }

  /** Resolves when so much time has passed, or nobody wants it any more. */
  async sleep(ms: number): Promise<void> {
    let over = false
    this.#timer = this.#clock.setTimeout(() => {
      over = true
      this.wake()
    }, ms)
    while (!over && this.#wanted()) await this.wakened()
  }

  wakened(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** Lets all who wait look again whether there is a reason to. */
  wake(): void {
    if (this.#waiting.length === 0) return
    const waiting = this.#waiting
    this.#waiting = []
    for (const wake of waiting) wake()
  }

  /** Ends all waiting. */
  close(): void {
    this.#timer?.clear()
    this.wake()
  }
}
