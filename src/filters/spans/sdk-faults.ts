import { log } from '../../core/log.ts'

/** What the user's SDK throws: told of, and kept from exchanges. */
export class SdkFaults {
  #count = 0

  /** `undefined` where it has thrown. */
  guard<T>(call: () => T): T | undefined {
    try {
      return call()
    } catch (thrown) {
      this.report(thrown)
      return undefined
    }
  }

  /** Tells of the first, the second, the fourth and so on: a processor that always throws must not fill a disk. */
  report(thrown: unknown): void {
    this.#count++
    if (Number.isInteger(Math.log2(this.#count)))
      log.warn(`tracing: the tracer has thrown ${this.#count} time${this.#count === 1 ? '' : 's'}`, thrown)
  }
}
