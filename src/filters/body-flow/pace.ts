import type { Clock, Timer } from '../../core/clock.ts'

/** Someone who has bytes to pass on. */
export interface Paced {
  /** Bytes that it has at the moment. */
  readonly ready: number
  /** It is its turn: calls `grant`, and `wait` if it has more. */
  proceed(): void
}

/**
 * So many bytes a second, for one body or for several that share it: a token bucket, with a line of those who wait. They take
 * turns, in which each has half of the burst at most. There is a timer only while someone waits.
 */
export class Pace {
  readonly #clock: Clock
  readonly #rate: number
  readonly #burst: number
  readonly #turn: number
  readonly #waiting = new Set<Paced>()
  #bytes: number
  #at: number
  #timer: Timer | undefined
  /** Exchanges that are not over. */
  users = 0

  constructor(clock: Clock, bytesPerSecond: number, burst: number) {
    this.#clock = clock
    this.#rate = bytesPerSecond / 1_000
    this.#burst = burst
    this.#turn = Math.ceil(burst / 2)
    this.#bytes = burst
    this.#at = clock.now()
  }

  /** Whether nobody uses it, and it is as if nobody ever had. */
  get idle(): boolean {
    this.#refill()
    return this.users === 0 && this.#bytes >= this.#burst
  }

  /** How many of so many bytes may go now. */
  grant(wanted: number): number {
    // Whoever has come before goes first.
    if (this.#waiting.size > 0) return 0
    this.#refill()
    return this.#take(wanted, this.#burst)
  }

  /** Will be called when it is its turn. */
  wait(one: Paced): void {
    this.#refill()
    this.#waiting.add(one)
    this.#schedule()
  }

  /** Waits no more. */
  leave(one: Paced): void {
    if (!this.#waiting.delete(one) || this.#waiting.size > 0) return
    this.#timer?.clear()
    this.#timer = undefined
  }

  /** Of the bytes of the one whose turn it is. */
  grantTurn(wanted: number): number {
    return this.#take(wanted, this.#turn)
  }

  #take(wanted: number, most: number): number {
    const granted = Math.min(wanted, most, Math.floor(this.#bytes))
    // A little at a time is a lot of work.
    if (granted < Math.min(wanted, this.#turn)) return 0
    this.#bytes -= granted
    return granted
  }

  #refill(): void {
    const now = this.#clock.now()
    // Timers are late by up to a millisecond: who waits for a whole burst must not lose what came meanwhile.
    const most = this.#waiting.size > 0 ? this.#burst + this.#rate : this.#burst
    this.#bytes = Math.min(most, this.#bytes + (now - this.#at) * this.#rate)
    this.#at = now
  }

  #schedule(): void {
    const [first] = this.#waiting
    if (this.#timer !== undefined || first === undefined) return
    this.#refill()
    const missing = Math.min(first.ready, this.#turn) - this.#bytes
    const ms = Math.max(0, Math.ceil(missing / this.#rate))
    this.#timer = this.#clock.setTimeout(() => this.#nextTurns(), ms)
  }

  #nextTurns(): void {
    this.#timer = undefined
    for (const one of this.#waiting) {
      this.#refill()
      if (this.#bytes < Math.min(one.ready, this.#turn)) break
      this.#waiting.delete(one)
      // If it has more, it waits behind the others.
      one.proceed()
    }
    this.#schedule()
  }
}
