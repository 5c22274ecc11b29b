import { askedFrom } from '../asked-from.ts'
import type { Asked, SimulationDriver } from './simulation-driver.ts'

/**
 * What a simulation was asked for. Virtual time moves for it only while someone awaits it.
 *
 * Not a `Promise` by birth: `await` would not tell one of those that it is awaited.
 */
export class Pending<T> implements Promise<T>, Asked {
  readonly [Symbol.toStringTag] = 'Pending'
  /** What was asked for, as the test wrote it: `sim.get("/users")`. */
  readonly what: string
  /** @internal */
  readonly limitMs: number
  readonly #driver: SimulationDriver
  readonly #shown: PromiseWithResolvers<T>
  readonly #asked = new Error('asked for here')
  #awaited = false
  #settled = false

  /** @internal */
  constructor(driver: SimulationDriver, what: string, result: Promise<T>, limitMs: number) {
    this.limitMs = limitMs
    this.#driver = driver
    this.what = what
    this.#shown = Promise.withResolvers<T>()
    // That nobody awaits it is told when the simulation ends.
    this.#shown.promise.catch(() => {})
    result.then(
      (value) => {
        const violation = driver.takeViolation()
        if (violation !== undefined) this.fail(violation)
        else {
          this.#settled = true
          this.#shown.resolve(value)
        }
      },
      (error: unknown) => this.fail(driver.takeViolation() ?? error),
    )
  }

  /** @internal */
  get awaited(): boolean {
    return this.#awaited
  }

  /** @internal */
  get settled(): boolean {
    return this.#settled
  }

  /** @internal The line of the test that asked for it. */
  get askedFrom(): string {
    return askedFrom(this.#asked)
  }

  /** @internal */
  fail(error: unknown): void {
    this.#settled = true
    this.#shown.reject(this.#driver.withSeed(error))
  }

  // biome-ignore lint/suspicious/noThenProperty: it is a promise, and must know when it is awaited.
  then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    if (!this.#awaited) {
      this.#awaited = true
      this.#driver.awaited(this)
    }
    return this.#shown.promise.then(onFulfilled, onRejected)
  }

  catch<B = never>(onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<T | B> {
    return this.then(undefined, onRejected)
  }

  finally(onFinally?: (() => void) | null): Promise<T> {
    return this.then((value) => value).finally(onFinally)
  }
}
