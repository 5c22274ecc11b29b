import type { Clock, Timer } from '../core/clock.ts'
import { ProxyError } from '../core/errors.ts'
import type { PoolEndpoint } from './endpoint.ts'
import { PooledAttempt } from './pooled-attempt.ts'

interface Waiting {
  readonly resolve: (drained: boolean) => void
  readonly timer: Timer | undefined
}

/** Waits for the last attempt on an endpoint that is chosen no more, for as many as ask. There only while one runs. */
export class EndpointDrain {
  /** Attempts that were given up because their time was over. */
  cut = 0
  readonly #endpoint: PoolEndpoint
  readonly #clock: Clock
  readonly #onIdle: () => void
  readonly #waiting = new Set<Waiting>()

  constructor(endpoint: PoolEndpoint, clock: Clock, onIdle: () => void) {
    this.#endpoint = endpoint
    this.#clock = clock
    this.#onIdle = onIdle
  }

  /** Resolves when it is over; `false` where it was taken back. After `limitMs`, attempts that still run are given up. */
  wait(limitMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer =
        limitMs === Number.POSITIVE_INFINITY
          ? undefined
          : this.#clock.setTimeout(() => this.#giveUp(), limitMs)
      this.#waiting.add({ resolve, timer })
    })
  }

  attemptEnded(): void {
    if (this.#endpoint.inFlight === 0) this.#onIdle()
  }

  end(drained: boolean): void {
    for (const { resolve, timer } of this.#waiting) {
      timer?.clear()
      resolve(drained)
    }
    this.#waiting.clear()
  }

  #giveUp(): void {
    for (const attempt of attemptsOn(this.#endpoint)) {
      this.cut++
      attempt.abort(new ProxyError('endpoint_drained', { sent: attempt.sent }))
    }
  }
}

/** Looked for where they are at work, so that nobody has to keep a list of them. */
function attemptsOn(endpoint: PoolEndpoint): PooledAttempt[] {
  // Connections are shared with other pools that name the same address.
  return endpoint.connectors
    .flatMap(({ attempts }) => attempts)
    .filter((it) => it instanceof PooledAttempt)
    .filter((it) => it.endpoint === endpoint)
}
