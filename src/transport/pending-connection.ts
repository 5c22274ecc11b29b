import type { Clock, Timer } from '../core/clock.ts'
import { ProxyError, type ProxyErrorCode } from '../core/errors.ts'
import type { Connecting, ConnectOptions, Network, Wire } from '../core/network.ts'
import type { Attempt, AttemptCarrier } from './attempt.ts'
import { connectError } from './connect-error.ts'
import type { UpstreamLimits } from './upstream-limits.ts'

/** Told once what became of it, after it has let its attempts go. */
export interface PendingConnectionOwner {
  connected(pending: PendingConnection, wire: Wire, attempts: readonly Attempt[]): void
  connectFailed(pending: PendingConnection, error: ProxyError, attempts: readonly Attempt[]): void
  /** Nobody waits for it any more, and it was given up. */
  connectCancelled(pending: PendingConnection): void
}

/** A connection that is being made, and the attempts that it is made for. */
export class PendingConnection implements AttemptCarrier {
  readonly #owner: PendingConnectionOwner
  readonly #clock: Clock
  readonly #limits: UpstreamLimits
  readonly #attempts = new Set<Attempt>()
  /** How many attempts it will take. */
  readonly capacity: number
  #securing = false
  #connecting: Connecting | undefined
  #timer: Timer | undefined
  #over = false

  constructor(owner: PendingConnectionOwner, clock: Clock, limits: UpstreamLimits, capacity: number) {
    this.#owner = owner
    this.#clock = clock
    this.#limits = limits
    this.capacity = capacity
  }

  get attempts(): readonly Attempt[] {
    return [...this.#attempts]
  }

  get room(): number {
    return this.capacity - this.#attempts.size
  }

  add(attempt: Attempt): void {
    attempt.carrier = this
    this.#attempts.add(attempt)
    attempt.recording?.connecting()
    if (this.#securing) attempt.tlsBegan()
  }

  /** Begins. There is an attempt already. */
  connect(network: Network, target: ConnectOptions): void {
    this.#limit('upstream_connect_timeout', this.#limits.connectMs)
    try {
      this.#connecting = network.connect(target, {
        onSecuring: () => {
          this.#securing = true
          for (const attempt of this.#attempts) attempt.tlsBegan()
          this.#limit('upstream_tls_timeout', this.#limits.tlsMs)
        },
        onConnect: (wire) => this.#owner.connected(this, wire, this.#end()),
        onConnectError: (error) => this.#fail(connectError(error)),
      })
    } catch (error) {
      this.#fail(connectError(error as Error))
    }
  }

  /** Gives it up. Its attempts have failed. */
  destroy(reason: ProxyError): void {
    this.#connecting?.cancel()
    this.#fail(reason)
  }

  worksFor(attempt: Attempt): boolean {
    return this.#attempts.has(attempt)
  }

  cancelAttempt(attempt: Attempt): void {
    this.#attempts.delete(attempt)
    if (this.#attempts.size > 0 || this.#over) return
    this.#connecting?.cancel()
    this.#end()
    this.#owner.connectCancelled(this)
  }

  /** Each step of a connection has a time of its own. */
  #limit(code: ProxyErrorCode, ms: number): void {
    this.#timer?.clear()
    this.#timer = undefined
    if (ms === Number.POSITIVE_INFINITY) return
    this.#timer = this.#clock.setTimeout(() => this.destroy(new ProxyError(code)), ms)
  }

  #fail(error: ProxyError): void {
    if (!this.#over) this.#owner.connectFailed(this, error, this.#end())
  }

  #end(): readonly Attempt[] {
    const { attempts } = this
    this.#over = true
    this.#timer?.clear()
    this.#attempts.clear()
    return attempts
  }
}
