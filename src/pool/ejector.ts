import { Deadline } from '../core/clock.ts'
import type { ResponseMessage } from '../core/message.ts'
import type { Runtime } from '../transport/runtime.ts'
import type { EjectSettings, LatencySettings } from './eject-options.ts'
import { type AttemptSign, afterSign, type Ejected, ejected, restored, type Serving } from './ejection.ts'
import type { PoolEndpoint } from './endpoint.ts'
import { EndpointWatch, type TimedWatch } from './endpoint-watch.ts'
import { grpcStatusInHead } from './grpc-answer.ts'
import { latencyOutliers } from './latency-outliers.ts'
import { ResponseTimes } from './response-times.ts'
import { inRanges } from './status-range.ts'

/** What a pool does when an endpoint goes or returns. Called once the state is the new one. */
export interface EjectionListener {
  ejected(endpoint: PoolEndpoint, reason: string, lastsMs: number): void
  /** The same, where it was decided here: by its attempts, or by whoever steers the pool. Called first. */
  decided(endpoint: PoolEndpoint, ejection: Ejected): void
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
  #settings: EjectSettings
  readonly #runtime: Runtime
  readonly #listener: EjectionListener
  readonly #watches = new Set<EndpointWatch>()
  readonly #deadline: Deadline
  #intervalEndsAt = Number.POSITIVE_INFINITY

  constructor(settings: EjectSettings, runtime: Runtime, listener: EjectionListener) {
    this.#settings = settings
    this.#runtime = runtime
    this.#listener = listener
    this.#deadline = new Deadline(runtime.clock, () => this.#restoreDue())
    this.#beginInterval(runtime.clock.now())
  }

  /** Judges by other settings from now on. What is ejected stays so for as long as it was said to be. */
  judgeBy(settings: EjectSettings): void {
    this.#settings = settings
    for (const watch of this.#watches) watch.time(settings.latency !== undefined)
    const running = this.#intervalEndsAt
    this.#beginInterval(this.#runtime.clock.now())
    // A reload every few seconds is not to put the verdict off for ever.
    this.#intervalEndsAt = Math.min(this.#intervalEndsAt, running)
  }

  /** Looks at how the attempts of an endpoint fare, from now on. */
  watch(endpoint: PoolEndpoint): void {
    const times = this.#settings.latency === undefined ? undefined : new ResponseTimes()
    endpoint.watch = new EndpointWatch(endpoint, this, times)
    this.#watches.add(endpoint.watch)
  }

  /** The endpoint is not of the pool any more. */
  leave(endpoint: PoolEndpoint): void {
    if (endpoint.watch !== undefined) this.#watches.delete(endpoint.watch)
    endpoint.watch = undefined
  }

  /** Whether the head of a response says that something is wrong with the endpoint. */
  isFailure(response: ResponseMessage): boolean {
    const { statuses, grpcStatuses } = this.#settings
    if (inRanges(statuses, response.status)) return true
    const grpcStatus = grpcStatuses.size === 0 ? undefined : grpcStatusInHead(response)
    return grpcStatus !== undefined && grpcStatuses.has(grpcStatus)
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

  /**
   * An attempt, which began at `startedAt`, has shown how long its endpoint takes: to the head of a response, or longer than
   * until now, when it was cancelled. `from`: when the endpoint had all of the request.
   */
  timed(watch: TimedWatch, how: 'answered' | 'cancelled', startedAt: number, from: number): void {
    const now = this.#runtime.clock.now()
    if (now >= this.#intervalEndsAt) this.#judgeInterval(now)
    const { ejection, times } = watch
    if (ejection.state === 'ejected' || startedAt < ejection.since) return
    times[how](now - from)
  }

  /**
   * Ejects an endpoint because someone says so, and returns whether it is ejected: not where as many are as may be. One that
   * is ejected already stays so until the later end.
   */
  impose(endpoint: PoolEndpoint, lastsMs: number, reason: string): boolean {
    const { watch } = endpoint
    if (watch === undefined) return false
    const { steps } = watch.ejection
    return this.#impose(watch, lastsMs, reason, steps, (ejection) =>
      this.#listener.decided(endpoint, ejection),
    )
  }

  /** The same, as another process has decided. None lasts longer than one of this pool's own. */
  follow(endpoint: PoolEndpoint, lastsMs: number, reason: string, steps: number): boolean {
    const { watch } = endpoint
    const { maxEjectMs, jitter } = this.#settings
    if (watch === undefined || lastsMs <= 0) return false
    const most = Math.min(lastsMs, maxEjectMs * (1 + jitter))
    return this.#impose(watch, most, reason, Math.max(steps, watch.ejection.steps), () => {})
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
    if (!this.#mayEjectOneMore()) return
    const next = ejected(serving, now, this.#runtime.random(), this.#settings, reason)
    this.#enter(watch, next, now)
    this.#listener.decided(watch.endpoint, next)
    this.#listener.ejected(watch.endpoint, reason, next.until - now)
  }

  #impose(
    watch: EndpointWatch,
    lastsMs: number,
    reason: string,
    steps: number,
    entered: (ejection: Ejected) => void,
  ): boolean {
    const now = this.#runtime.clock.now()
    const until = now + lastsMs
    const before = watch.ejection
    if (before.state === 'ejected' && before.until >= until) return true
    if (before.state !== 'ejected' && !this.#mayEjectOneMore()) return false
    const next: Ejected = { state: 'ejected', reason, until, steps }
    this.#enter(watch, next, now)
    entered(next)
    this.#listener.ejected(watch.endpoint, reason, lastsMs)
    return true
  }

  #enter(watch: EndpointWatch, ejection: Ejected, now: number): void {
    watch.ejection = ejection
    watch.ejectedFor = ejection.reason
    watch.forget()
    this.#armForNext(now)
  }

  /** A share of those that can be chosen at all: not of those that someone drains. */
  #mayEjectOneMore(): boolean {
    let admitted = 0
    let away = 0
    for (const { endpoint, ejection } of this.#watches) {
      if (endpoint.admission !== 'admitted') continue
      admitted++
      if (ejection.state === 'ejected') away++
    }
    return away < Math.max(1, Math.floor(this.#settings.maxEjected * admitted))
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

  #beginInterval(now: number): void {
    const { successRate, failurePercentage, latency, intervalMs } = this.#settings
    const judges = successRate !== undefined || failurePercentage !== undefined || latency !== undefined
    this.#intervalEndsAt = judges ? now + intervalMs : Number.POSITIVE_INFINITY
  }

  /** The verdicts over an interval, beside the others, in itself, and by how long it takes. */
  #judgeInterval(now: number): void {
    const { successRate, failurePercentage, latency } = this.#settings
    this.#beginInterval(now)
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
    if (latency !== undefined) this.#judgeLatency(latency, now)
    for (const watch of this.#watches) watch.forget()
  }

  #judgeLatency(latency: LatencySettings, now: number): void {
    const timed = [...this.#watches].filter(
      (watch): watch is TimedWatch =>
        watch.ejection.state === 'serving' && (watch.times?.count ?? 0) >= latency.minRequests,
    )
    if (timed.length < latency.minEndpoints) return
    for (const { of, medianMs, poolMs } of latencyOutliers(timed, latency))
      this.#ejectByRate(
        of,
        `median response time ${milliseconds(medianMs)}, the pool's ${milliseconds(poolMs)}`,
        now,
      )
  }

  #counted(minEndpoints: number, minRequests: number): EndpointWatch[] {
    const counted = [...this.#watches].filter(
      ({ ejection, requests }) => ejection.state === 'serving' && requests >= minRequests,
    )
    return counted.length >= minEndpoints ? counted : []
  }

  #ejectByRate(watch: EndpointWatch, reason: string, now: number): void {
    if (watch.ejection.state === 'serving') this.#eject(watch, watch.ejection, reason, now)
  }
}

/** The rate of success below which an endpoint is no longer one of the others. */
function floorOf(watches: readonly EndpointWatch[], deviations: number): number {
  const mean = watches.reduce((sum, { successRate }) => sum + successRate, 0) / watches.length
  const variance =
    watches.reduce((sum, { successRate }) => sum + (successRate - mean) ** 2, 0) / watches.length
  return mean - deviations * Math.sqrt(variance)
}

function milliseconds(ms: number): string {
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`
}

function percent(part: number): string {
  return `${Math.round(part * 100)} %`
}
