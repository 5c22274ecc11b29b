import type { Clock } from './clock.ts'

export interface CallGuardSettings {
  /** What is called, in errors: `rate limits: Redis`. */
  readonly name: string
  /** How long a caller waits for the answer. */
  readonly timeoutMs: number
  /** Calls that may be under way at once, late ones included. */
  readonly maxPending: number
  /** How long it is left alone after it has failed often. */
  readonly retryMs: number
}

/** So many failures in a row, and it is left alone. */
const FAILURES = 5
/** Calls that try whether it is back. A client may keep them until it is connected; they must not become many. */
const TRIALS = 4

/**
 * Stands before something outside of the process that may be slow or gone: each caller has an answer in time, only so many wait
 * for one, and what has failed often is only tried now and then. What is late may be done all the same.
 */
export class CallGuard {
  readonly #settings: CallGuardSettings
  #pending = 0
  #trials = 0
  #failures = 0
  #retryAt = 0

  constructor(settings: CallGuardSettings) {
    this.#settings = settings
  }

  /** Whether it is left alone at the moment. */
  get open(): boolean {
    return this.#failures >= FAILURES
  }

  /** Calls that are not settled yet, late ones too. */
  get pending(): number {
    return this.#pending
  }

  /** Rejects with what the call rejects with, or where it is late, or was not made. */
  run<T>(clock: Clock, call: () => Promise<T>): Promise<T> {
    const { name, timeoutMs, maxPending, retryMs } = this.#settings
    if (this.#pending >= maxPending) return this.#refuse(`${maxPending} calls are under way`)
    const trial = this.open
    if (trial) {
      const now = clock.now()
      if (now < this.#retryAt || this.#trials >= TRIALS) return this.#refuse('it has failed too often lately')
      this.#retryAt = now + retryMs
      this.#trials++
    }
    this.#pending++
    return new Promise((resolve, reject) => {
      let late = false
      const timer = clock.setTimeout(() => {
        late = true
        this.#failed(clock)
        reject(new Error(`${name} has not answered within ${timeoutMs} ms`))
      }, timeoutMs)
      const settled = (): boolean => {
        this.#pending--
        if (trial) this.#trials--
        timer.clear()
        return !late
      }
      made(call).then(
        (value) => {
          if (!settled()) return
          this.#failures = 0
          resolve(value)
        },
        (error: unknown) => {
          if (!settled()) return
          this.#failed(clock)
          reject(error)
        },
      )
    })
  }

  #refuse(why: string): Promise<never> {
    return Promise.reject(new Error(`${this.#settings.name} is not asked, since ${why}`))
  }

  #failed(clock: Clock): void {
    this.#failures++
    if (this.#failures === FAILURES) this.#retryAt = clock.now() + this.#settings.retryMs
  }
}

/** A client that is closed may throw at once. */
async function made<T>(call: () => Promise<T>): Promise<T> {
  return call()
}
