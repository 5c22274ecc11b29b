import { Deadline } from '../core/clock.ts'
import type { ProxyErrorCode } from '../core/errors.ts'
import type { Runtime } from '../transport/runtime.ts'
import type { EjectSettings } from './eject-options.ts'
import {
  type AttemptSign,
  afterSign,
  type Ejection,
  ejected,
  restored,
  SERVING,
  type Serving,
} from './ejection.ts'
import type { PoolEndpoint } from './endpoint.ts'
import { inRanges } from './status-range.ts'

/** What a pool does when an endpoint goes or returns. Called once the state is the new one. */
export interface EjectionListener {
  ejected(endpoint: PoolEndpoint, reason: string, lastsMs: number): void
  restored(endpoint: PoolEndpoint): void
}

/**
 * Ejects endpoints of a running pool by how their attempts fare, and lets them return: outlier detection, as Envoy has it.
 *
 * Verdicts are found where an attempt shows something, so that they cost no timer; one timer for the whole pool runs while
 * something is ejected. An endpoint is never shown a request only to see whether it is well: when its time is over it serves
 * again, and the next failures send it away for longer.
 */
export class Ejector {
  readonly #settings: EjectSettings
  readonly #runtime: Runtime
  readonly #listener: EjectionListener
  readonly #watches: readonly EndpointWatch[]
  readonly #deadline: Deadline
  readonly #maxEjected: number
  #intervalEndsAt = Number.POSITIVE_INFINITY

  constructor(
    settings: EjectSettings,
    endpoints: readonly PoolEndpoint[],
    runtime: Runtime,
    listener: EjectionListener,
  ) {
    this.#settings = settings
    this.#runtime = runtime
    this.#listener = listener
    this.#maxEjected = Math.max(1, Math.floor(settings.maxEjected * endpoints.length))
    this.#deadline = new Deadline(runtime.clock, () => this.#restoreDue())
    this.#watches = endpoints.map((endpoint) => new EndpointWatch(endpoint, this))
    for (const watch of this.#watches) watch.endpoint.watch = watch
    if (settings.successRate !== undefined || settings.failurePercentage !== undefined)
      this.#intervalEndsAt = runtime.clock.now() + settings.intervalMs
  }

  /** Whether a response of this status is a failure. */
  isFailure(status: number): boolean {
    return inRanges(this.#settings.statuses, status)
  }

  /** An attempt, which began at `startedAt`, has shown something of its endpoint. */
  noted(watch: EndpointWatch, sign: AttemptSign, startedAt: number): void {
    const now = this.#runtime.clock.now()
    if (now >= this.#intervalEndsAt) this.#judgeInterval(now)
    const before = watch.ejection
    // What began before an ejection is of no account after it, nor while it lasts.
    if (before.state === 'ejected' || startedAt < before.since) return
    watch.count(sign)
    const after = afterSign(before, sign, now)
    watch.ejection = after
    if (sign === 'answered' || sign === 'whole') return
    const reason = this.#reasonToEject(after)
    if (reason !== undefined) this.#eject(watch, after, reason, now)
  }

  /** Ends all ejections without a word. */
  close(): void {
    this.#deadline.close()
    for (const { endpoint } of this.#watches) endpoint.watch = undefined
  }

  #reasonToEject({ errors, connectFailures, broken }: Serving): string | undefined {
    const { consecutiveErrors, consecutiveConnectFailures } = this.#settings
    if (connectFailures >= consecutiveConnectFailures) return `${connectFailures} connect failures in a row`
    if (errors >= consecutiveErrors) return `${errors} errors in a row`
    if (broken >= consecutiveErrors) return `${broken} broken responses in a row`
    return undefined
  }

  #eject(watch: EndpointWatch, serving: Serving, reason: string, now: number): void {
    const others = this.#watches.filter(({ ejection }) => ejection.state === 'ejected').length
    if (others >= this.#maxEjected) return
    const next = ejected(serving, now, this.#runtime.random(), this.#settings)
    watch.ejection = next
    watch.forget()
    this.#armForNext(now)
    this.#listener.ejected(watch.endpoint, reason, next.until - now)
  }

  #armForNext(now: number): void {
    let next = Number.POSITIVE_INFINITY
    for (const { ejection } of this.#watches)
      if (ejection.state === 'ejected' && ejection.until < next) next = ejection.until
    this.#deadline.arm(next - now)
  }

  #restoreDue(): void {
    const now = this.#runtime.clock.now()
    const due: PoolEndpoint[] = []
    for (const watch of this.#watches) {
      const { ejection, endpoint } = watch
      // A deadline may come up to one millisecond early.
      if (ejection.state !== 'ejected' || ejection.until - now > 1) continue
      watch.ejection = restored(ejection, now)
      due.push(endpoint)
    }
    this.#armForNext(now)
    for (const endpoint of due) this.#listener.restored(endpoint)
  }

  /** The verdicts over an interval, of which there are two kinds: beside the others, and in itself. */
  #judgeInterval(now: number): void {
    const { successRate, failurePercentage, intervalMs } = this.#settings
    this.#intervalEndsAt = now + intervalMs
    if (successRate !== undefined) {
      const { deviations, minEndpoints, minRequests } = successRate
      const counted = this.#counted(minEndpoints, minRequests)
      const floor = floorOf(counted, deviations)
      for (const watch of counted)
        if (watch.successRate < floor)
          this.#ejectByRate(watch, `success rate ${percent(watch.successRate)}`, now)
    }
    if (failurePercentage !== undefined) {
      const { threshold, minEndpoints, minRequests } = failurePercentage
      for (const watch of this.#counted(minEndpoints, minRequests)) {
        const failed = 1 - watch.successRate
        if (failed * 100 >= threshold) this.#ejectByRate(watch, `${percent(failed)} failed`, now)
      }
    }
    for (const watch of this.#watches) watch.forget()
  }

  #counted(minEndpoints: number, minRequests: number): EndpointWatch[] {
    const counted = this.#watches.filter(
      ({ ejection, requests }) => ejection.state === 'serving' && requests >= minRequests,
    )
    return counted.length >= minEndpoints ? counted : []
  }

  #ejectByRate(watch: EndpointWatch, reason: string, now: number): void {
    if (watch.ejection.state === 'serving') this.#eject(watch, watch.ejection, reason, now)
  }
}

/** What is known of one endpoint by its attempts. They tell it what they have seen. */
export class EndpointWatch {
  readonly endpoint: PoolEndpoint
  ejection: Ejection = SERVING
  readonly #ejector: Ejector
  #succeeded = 0
  #failed = 0

  constructor(endpoint: PoolEndpoint, ejector: Ejector) {
    this.endpoint = endpoint
    this.#ejector = ejector
  }

  /** Attempts of this interval. */
  get requests(): number {
    return this.#succeeded + this.#failed
  }

  /** From 0 to 1. There must be attempts. */
  get successRate(): number {
    return this.#succeeded / this.requests
  }

  /** The head of a response is there. Returns whether it was a good one. */
  responded(status: number, startedAt: number): boolean {
    const good = !this.#ejector.isFailure(status)
    this.#ejector.noted(this, good ? 'answered' : 'failed', startedAt)
    return good
  }

  /** A response with a good head is complete. */
  completed(startedAt: number): void {
    this.#ejector.noted(this, 'whole', startedAt)
  }

  /** An attempt has failed because of the upstream: before its response, or after a good head. */
  failed(code: ProxyErrorCode, hadGoodHead: boolean, startedAt: number): void {
    if (NOT_ITS_FAULT.has(code)) return
    const sign = hadGoodHead ? 'broken' : UNCONNECTED.has(code) ? 'unconnected' : 'failed'
    this.#ejector.noted(this, sign, startedAt)
  }

  count(sign: AttemptSign): void {
    if (sign === 'answered') this.#succeeded++
    else if (sign !== 'whole') {
      this.#failed++
      // It was taken for a success when its head came, perhaps in the interval before.
      if (sign === 'broken' && this.#succeeded > 0) this.#succeeded--
    }
  }

  /** Counts anew, from here on. */
  forget(): void {
    this.#succeeded = 0
    this.#failed = 0
  }
}

/** No connection was made. */
const UNCONNECTED: ReadonlySet<ProxyErrorCode> = new Set<ProxyErrorCode>([
  'upstream_dns_failed',
  'upstream_refused',
  'upstream_unreachable',
  'upstream_connect_timeout',
  'upstream_tls_timeout',
  'upstream_tls_failed',
  'upstream_certificate_invalid',
])

/** The pool's own limits. To eject a busy endpoint would give its load to the others, which are next. */
const NOT_ITS_FAULT: ReadonlySet<ProxyErrorCode> = new Set<ProxyErrorCode>([
  'no_endpoint',
  'pool_queue_full',
  'pool_queue_timeout',
  'upstream_body_too_large',
])

/** The rate of success below which an endpoint is no longer one of the others. */
function floorOf(watches: readonly EndpointWatch[], deviations: number): number {
  const mean = watches.reduce((sum, { successRate }) => sum + successRate, 0) / watches.length
  const variance =
    watches.reduce((sum, { successRate }) => sum + (successRate - mean) ** 2, 0) / watches.length
  return mean - deviations * Math.sqrt(variance)
}

function percent(part: number): string {
  return `${Math.round(part * 100)} %`
}
