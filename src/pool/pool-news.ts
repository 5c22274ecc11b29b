import type { EndpointHealth } from '../core/balancer.ts'
import type { ProbeResult } from '../core/observer.ts'
import type { Runtime } from '../transport/runtime.ts'
import type { PoolEndpoint } from './endpoint.ts'
import { EventFeed, type PoolEvent } from './pool-events.ts'

/** An event before it has a time. */
type Untimed<T> = T extends { readonly atMs: number } ? Omit<T, 'atMs'> : never

/** Tells what happens to a running pool: the observer of the proxy, and those who subscribe to its events. */
export class PoolNews {
  readonly feed: EventFeed = new EventFeed()
  readonly #name: string
  readonly #runtime: Runtime

  constructor(name: string, runtime: Runtime) {
    this.#name = name
    this.#runtime = runtime
  }

  added(endpoint: PoolEndpoint): void {
    this.#runtime.observer?.endpointAdded?.(endpoint)
    this.#emit({ kind: 'added', endpoint: endpoint.id, url: endpoint.url })
  }

  removed(endpoint: PoolEndpoint): void {
    this.#runtime.observer?.endpointRemoved?.(endpoint)
    this.#emit({ kind: 'removed', endpoint: endpoint.id, inFlight: endpoint.inFlight })
  }

  probed(endpoint: PoolEndpoint, result: ProbeResult): void {
    const { observer, log } = this.#runtime
    observer?.probed?.(endpoint, result)
    if (!result.passed && log.level === 'debug')
      log.debug(`${this.#of(endpoint)} has failed a probe: ${result.reason}`)
  }

  healthChanged(endpoint: PoolEndpoint, from: EndpointHealth, reason: string): void {
    const { id, health } = endpoint
    const { observer, log } = this.#runtime
    observer?.healthChanged?.(endpoint, from, health, reason)
    log.info(`${this.#of(endpoint)} is ${health}, and was ${from}: ${reason}`)
    this.#emit({ kind: 'health-changed', endpoint: id, from, to: health, reason })
  }

  ejected(endpoint: PoolEndpoint, reason: string, lastsMs: number): void {
    const { clock, observer, log } = this.#runtime
    observer?.ejected?.(endpoint, reason, lastsMs)
    log.info(`${this.#of(endpoint)} is left alone for ${Math.round(lastsMs)} ms: ${reason}`)
    this.#emit({ kind: 'ejected', endpoint: endpoint.id, reason, untilMs: clock.wallTime() + lastsMs })
  }

  ejectionEnded(endpoint: PoolEndpoint): void {
    const { observer, log } = this.#runtime
    observer?.restored?.(endpoint)
    log.info(`${this.#of(endpoint)} is left alone no longer`)
    this.#emit({ kind: 'ejection-ended', endpoint: endpoint.id })
  }

  slowStartBegan({ id }: PoolEndpoint, lastsMs: number): void {
    this.#emit({ kind: 'slow-start-began', endpoint: id, lastsMs })
  }

  slowStartEnded({ id }: PoolEndpoint, complete: boolean): void {
    this.#emit({ kind: 'slow-start-ended', endpoint: id, complete })
  }

  drainBegan(endpoint: PoolEndpoint): void {
    const { observer, log } = this.#runtime
    observer?.drainBegan?.(endpoint)
    log.info(`${this.#of(endpoint)} is drained, with ${endpoint.inFlight} in flight`)
    this.#emit({ kind: 'drain-began', endpoint: endpoint.id, inFlight: endpoint.inFlight })
  }

  drainEnded(endpoint: PoolEndpoint, cut: number): void {
    const { observer, log } = this.#runtime
    observer?.drainEnded?.(endpoint, cut)
    log.info(
      `${this.#of(endpoint)} has nothing in flight any more${cut === 0 ? '' : `; ${cut} were given up`}`,
    )
    this.#emit({ kind: 'drain-ended', endpoint: endpoint.id, cut })
  }

  readmitted(endpoint: PoolEndpoint): void {
    const { observer, log } = this.#runtime
    observer?.readmitted?.(endpoint)
    log.info(`${this.#of(endpoint)} is readmitted`)
    this.#emit({ kind: 'readmitted', endpoint: endpoint.id })
  }

  reweighted(endpoint: PoolEndpoint, from: number): void {
    const { id, fullWeight: to } = endpoint
    this.#runtime.observer?.reweighted?.(endpoint, from, to)
    this.#emit({ kind: 'reweighted', endpoint: id, from, to })
  }

  panicBegan(candidates: number): void {
    this.#runtime.log.info(
      `of ${this.#pool} too few endpoints are fit to serve: ${candidates} are chosen from`,
    )
    this.#emit({ kind: 'panic-began', candidates })
  }

  panicEnded(): void {
    this.#runtime.log.info(`of ${this.#pool} enough endpoints are fit to serve again`)
    this.#emit({ kind: 'panic-ended' })
  }

  sourceFailed(error: unknown, retryMs: number): void {
    this.#runtime.observer?.sourceFailed?.(this.#name, error, retryMs)
    this.#report(`has failed, and is called again in ${retryMs} ms`, error)
    this.#emit({ kind: 'source-failed', error, retryMs })
  }

  listRefused(error: Error): void {
    this.#runtime.observer?.listRefused?.(this.#name, error)
    // Where it was found to be wrong is of no help to whoever must mend it.
    this.#report(`has given a list that is wrong, and the one before stays: ${error.message}`)
    this.#emit({ kind: 'list-refused', error })
  }

  /** Whether anyone subscribes or not: a pool whose source fails serves what it has, so nothing else would show it. */
  #report(what: string, error?: unknown): void {
    this.#runtime.log.warn(`the source of ${this.#pool} ${what}`, error)
  }

  get #pool(): string {
    return `the pool ${JSON.stringify(this.#name)}`
  }

  #of({ id }: PoolEndpoint): string {
    return `${id} of ${this.#pool}`
  }

  #emit(event: Untimed<PoolEvent>): void {
    if (!this.feed.listening) return
    this.feed.emit({ ...event, atMs: this.#runtime.clock.wallTime() } as PoolEvent)
  }
}
