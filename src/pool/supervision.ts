import type { ProbeResult } from '../core/observer.ts'
import type { Runtime } from '../transport/runtime.ts'
import type { EjectSettings } from './eject-options.ts'
import type { Ejected } from './ejection.ts'
import { Ejector } from './ejector.ts'
import type { PoolEndpoint } from './endpoint.ts'
import { isFit } from './health.ts'
import type { HealthSettings } from './health-options.ts'
import type { PoolDescription } from './pool-description.ts'
import type { PoolNews } from './pool-news.ts'
import { Prober } from './prober.ts'
import { SlowStart, type SlowStartSettings } from './slow-start.ts'

/** Told of what the supervision of a pool has changed. */
export interface SupervisionListener {
  /** An endpoint may have become fit to serve, or unfit. */
  judged(): void
  /** An endpoint is ejected by what was seen here. */
  ejected(endpoint: PoolEndpoint, ejection: Ejected): void
  /** Weights have grown. */
  grown(): void
}

/**
 * What goes on beside exchanges for the endpoints of a running pool: their probes, ejections and slow starts, as far as its
 * description asks for them. When another description is in force, what both ask for goes on.
 */
export class Supervision {
  readonly #runtime: Runtime
  readonly #news: PoolNews
  readonly #listener: SupervisionListener
  #description: PoolDescription
  readonly #endpoints = new Set<PoolEndpoint>()
  readonly #probers = new Map<PoolEndpoint, Prober>()
  #ejector: Ejector | undefined
  #slowStart: SlowStart | undefined

  constructor(description: PoolDescription, runtime: Runtime, news: PoolNews, listener: SupervisionListener) {
    this.#description = description
    this.#runtime = runtime
    this.#news = news
    this.#listener = listener
    const { eject, slowStart } = description
    if (eject !== undefined) this.#ejector = this.#makeEjector(eject)
    if (slowStart !== undefined) this.#slowStart = this.#makeSlowStart(slowStart)
  }

  /** One more endpoint is there. */
  add(endpoint: PoolEndpoint): void {
    this.#endpoints.add(endpoint)
    const { health } = this.#description
    if (health !== undefined) this.#probe(endpoint, health)
    this.#ejector?.watch(endpoint)
  }

  /** One is there no more. */
  remove(endpoint: PoolEndpoint): void {
    this.#endpoints.delete(endpoint)
    this.#probers.get(endpoint)?.close()
    this.#probers.delete(endpoint)
    this.#ejector?.leave(endpoint)
    this.#endSlowStart(endpoint)
  }

  /** What is said of an endpoint has changed: it may be probed at another place. */
  respecify(endpoint: PoolEndpoint): void {
    const { health, limits, host } = this.#description
    if (health !== undefined)
      this.#probers.get(endpoint)?.follow(endpoint.spec, health, limits, fixedHost(host))
  }

  /** Whether a slow start is. */
  get underWay(): boolean {
    return this.#slowStart?.underWay === true
  }

  /** Another description is in force. Returns whether weights are others for that. */
  follow(description: PoolDescription): boolean {
    this.#description = description
    this.#followHealth(description)
    this.#followEject(description)
    return this.#followSlowStart(description)
  }

  /**
   * Begins the slow start of endpoints that come to serve, and ends that of those that do not. Returns whether candidates have
   * another weight for that.
   */
  weigh(serving: readonly PoolEndpoint[]): boolean {
    const slowStart = this.#slowStart
    if (slowStart === undefined) return false
    let reweighted = false
    for (const endpoint of this.#endpoints)
      if (!isFit(endpoint) && this.#endSlowStart(endpoint)) reweighted = true
    for (const endpoint of serving) {
      // One that was a candidate already, in a panic, has had its share of the load.
      if (endpoint.candidate || !isFit(endpoint)) continue
      slowStart.begin(endpoint)
      this.#news.slowStartBegan(endpoint, this.#description.slowStart!.lastsMs)
    }
    return reweighted
  }

  /** What ejects endpoints, where the description asks for it. */
  get ejector(): Ejector | undefined {
    return this.#ejector
  }

  close(): void {
    for (const prober of this.#probers.values()) prober.close()
    this.#ejector?.close()
    this.#slowStart?.close()
  }

  #followHealth({ health, limits, host }: PoolDescription): void {
    for (const endpoint of this.#endpoints) {
      const prober = this.#probers.get(endpoint)
      if (health === undefined) {
        prober?.close()
        const before = endpoint.health
        endpoint.forgetHealth()
        if (before !== 'unknown') this.#news.healthChanged(endpoint, before, 'not probed any more')
      } else if (prober === undefined) this.#probe(endpoint, health)
      else prober.follow(endpoint.spec, health, limits, fixedHost(host))
    }
    if (health === undefined) this.#probers.clear()
  }

  #probe(endpoint: PoolEndpoint, health: HealthSettings): void {
    const { limits, host } = this.#description
    const prober = new Prober(endpoint.spec, health, limits, fixedHost(host), this.#runtime, (result) =>
      this.#probed(endpoint, result),
    )
    this.#probers.set(endpoint, prober)
  }

  #probed(endpoint: PoolEndpoint, result: ProbeResult): void {
    const before = endpoint.judge(result.passed, this.#description.health!)
    this.#news.probed(endpoint, result)
    if (endpoint.health === before) return
    this.#news.healthChanged(endpoint, before, result.reason)
    this.#listener.judged()
  }

  #followEject({ eject }: PoolDescription): void {
    if (eject !== undefined && this.#ejector !== undefined) this.#ejector.judgeBy(eject)
    else if (eject !== undefined) {
      this.#ejector = this.#makeEjector(eject)
      for (const endpoint of this.#endpoints) this.#ejector.watch(endpoint)
    } else {
      const ejected = [...this.#endpoints].filter((endpoint) => endpoint.ejected)
      this.#ejector?.close()
      this.#ejector = undefined
      for (const endpoint of ejected) this.#news.ejectionEnded(endpoint)
    }
  }

  #makeEjector(settings: EjectSettings): Ejector {
    return new Ejector(settings, this.#runtime, {
      decided: (endpoint, ejection) => this.#listener.ejected(endpoint, ejection),
      ejected: (endpoint, reason, lastsMs) => {
        this.#news.ejected(endpoint, reason, lastsMs)
        this.#listener.judged()
      },
      restored: (endpoint) => {
        this.#news.ejectionEnded(endpoint)
        this.#listener.judged()
      },
    })
  }

  #followSlowStart({ slowStart }: PoolDescription): boolean {
    if (slowStart !== undefined && this.#slowStart !== undefined) this.#slowStart.follow(slowStart)
    else if (slowStart !== undefined) this.#slowStart = this.#makeSlowStart(slowStart)
    else {
      const wasUnderWay = this.underWay
      for (const endpoint of this.#endpoints) this.#endSlowStart(endpoint)
      this.#slowStart = undefined
      return wasUnderWay
    }
    return false
  }

  #makeSlowStart(settings: SlowStartSettings): SlowStart {
    return new SlowStart(settings, this.#runtime.clock, (warm) => {
      for (const endpoint of warm) this.#news.slowStartEnded(endpoint, true)
      this.#listener.grown()
    })
  }

  #endSlowStart(endpoint: PoolEndpoint): boolean {
    if (this.#slowStart?.end(endpoint) !== true) return false
    this.#news.slowStartEnded(endpoint, false)
    return true
  }
}

/** The `Host` of a pool, where it has one whoever asks and whomever. */
function fixedHost(host: string): string | undefined {
  return host === 'preserve' || host === 'endpoint' ? undefined : host
}
