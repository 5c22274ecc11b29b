/** A pending call; `refresh` starts its time anew without making another. */
export interface Timer {
  refresh(): void
  clear(): void
}

/** Where the engine takes time from. The testing kit gives it a virtual one. */
export interface Clock {
  /** Milliseconds, monotonic, from an arbitrary start. For measuring. */
  now(): number
  /** Milliseconds since 1970 UTC. For dates that people and peers read. */
  wallTime(): number
  /** Calls once, after `ms`. The timer alone does not keep a real process alive. */
  setTimeout(callback: () => void, ms: number): Timer
}

/** Node fires a longer timer at once. A `Deadline` that is woken early sleeps again. */
const MAX_TIMER_MS = 2 ** 31 - 1

class RealTimer implements Timer {
  readonly #timeout: NodeJS.Timeout

  constructor(callback: () => void, ms: number) {
    this.#timeout = setTimeout(callback, Math.min(ms, MAX_TIMER_MS))
    this.#timeout.unref()
  }

  refresh(): void {
    this.#timeout.refresh()
  }

  clear(): void {
    clearTimeout(this.#timeout)
  }
}

export const systemClock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  setTimeout: (callback, ms) => new RealTimer(callback, ms),
}

/**
 * One limit in time that is moved often and hardly ever reached: a connection's idle time, for example.
 * Moving it later costs a store; the timer behind it looks again when it fires.
 */
export class Deadline {
  readonly #clock: Clock
  readonly #onExpire: () => void
  #timer: Timer | undefined
  #firesAt = 0
  #armedAt = 0
  #expiresAt = Number.POSITIVE_INFINITY

  constructor(clock: Clock, onExpire: () => void) {
    this.#clock = clock
    this.#onExpire = onExpire
  }

  /** Expires `ms` from now. `Infinity` is the same as `disarm`. */
  arm(ms: number): void {
    const now = this.#clock.now()
    this.#armedAt = now
    this.#expireAt(now + ms, now)
  }

  /** Expires when `ms` have gone by since it was armed, if that is sooner; if they have, at once, within the call. */
  shorten(ms: number): void {
    const now = this.#clock.now()
    const sooner = this.#armedAt + ms
    if (sooner >= this.#expiresAt) return
    if (sooner > now) this.#expireAt(sooner, now)
    else {
      this.disarm()
      this.#onExpire()
    }
  }

  /** Expires no more, until armed again. The timer is left to run out, since arming again is likely. */
  disarm(): void {
    this.#expiresAt = Number.POSITIVE_INFINITY
  }

  /** Releases the timer. */
  close(): void {
    this.#expiresAt = Number.POSITIVE_INFINITY
    this.#timer?.clear()
    this.#timer = undefined
  }

  #expireAt(at: number, now: number): void {
    this.#expiresAt = at
    if (at === Number.POSITIVE_INFINITY) return
    if (this.#timer !== undefined) {
      if (this.#firesAt <= at) return
      this.#timer.clear()
    }
    this.#schedule(now, at - now)
  }

  #schedule(now: number, ms: number): void {
    const wait = Math.min(ms, MAX_TIMER_MS)
    this.#firesAt = now + wait
    this.#timer = this.#clock.setTimeout(() => this.#fired(), wait)
  }

  #fired(): void {
    this.#timer = undefined
    if (this.#expiresAt === Number.POSITIVE_INFINITY) return
    const now = this.#clock.now()
    // Node's timers may fire up to one millisecond early.
    const left = this.#expiresAt - now
    if (left > 1) this.#schedule(now, left)
    else {
      this.#expiresAt = Number.POSITIVE_INFINITY
      this.#onExpire()
    }
  }
}
