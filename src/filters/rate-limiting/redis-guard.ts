import type { Clock } from '../../core/clock.ts'

export interface RedisGuardSettings {
  readonly timeoutMs: number
  readonly maxPending: number
  readonly retryMs: number
}

/** So many failures in a row, and it is left alone. */
const FAILURES = 5
/** Of those that try whether it is back. A client may keep commands until it is connected; they must not become many. */
const TRIALS = 4

/**
 * Stands between decisions and a Redis that may be slow or gone: each gets an answer in time, only so many wait for one, and one
 * that has failed often is only tried now and then. What is late may be done all the same.
 */
export class RedisGuard {
  readonly #settings: RedisGuardSettings
  #pending = 0
  #trials = 0
  #failures = 0
  #retryAt = 0

  constructor(settings: RedisGuardSettings) {
    this.#settings = settings
  }

  /** Whether it is left alone at the moment. */
  get open(): boolean {
    return this.#failures >= FAILURES
  }

  /** Commands that the client has not settled yet, late ones too. */
  get pending(): number {
    return this.#pending
  }

  run<T>(clock: Clock, send: () => Promise<T>): Promise<T> {
    const { timeoutMs, maxPending, retryMs } = this.#settings
    if (this.#pending >= maxPending) return unavailable(`${maxPending} decisions are under way`)
    const trial = this.open
    if (trial) {
      const now = clock.now()
      if (now < this.#retryAt || this.#trials >= TRIALS) return unavailable('it has failed too often lately')
      this.#retryAt = now + retryMs
      this.#trials++
    }
    this.#pending++
    return new Promise((resolve, reject) => {
      let late = false
      const timer = clock.setTimeout(() => {
        late = true
        this.#failed(clock)
        reject(new Error(`rate limits: Redis has not answered within ${timeoutMs} ms`))
      }, timeoutMs)
      const settled = (): boolean => {
        this.#pending--
        if (trial) this.#trials--
        timer.clear()
        return !late
      }
      sent(send).then(
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

  #failed(clock: Clock): void {
    this.#failures++
    if (this.#failures === FAILURES) this.#retryAt = clock.now() + this.#settings.retryMs
  }
}

/** A client that is closed may throw at once. */
async function sent<T>(send: () => Promise<T>): Promise<T> {
  return send()
}

function unavailable(why: string): Promise<never> {
  return Promise.reject(new Error(`rate limits: Redis is not asked, since ${why}`))
}
