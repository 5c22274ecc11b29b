import type { Clock, Timer } from '../../core/clock.ts'
import { type Duration, durationMs, integer, knownOptions, positiveNumber } from '../../core/options.ts'
import type { Random } from '../../core/random.ts'
import { checkDistribution, type Distribution, sample } from './distribution.ts'
import type { FakeReply } from './fake-reply.ts'

/**
 * How much a service can do at once. A client that resets its connection gives its place in the queue up; one that ends
 * it keeps the place, since it may still want the answer; and work that has begun goes on to its end.
 */
export interface Capacity {
  /** Requests that are worked on at once. */
  readonly workers: number
  /** How long a worker is busy with one. Below a millisecond counts as one, as with all timers; 0 takes no time. */
  readonly serviceTime: Distribution
  /** Requests that may wait for a worker, first come, first served, whatever their connection. Default: any number. */
  readonly queue?: number | undefined
  /** Answers at once what finds the queue full. Default 503. */
  readonly whenFull?: FakeReply | undefined
}

/** How a service is slower after its start. */
export interface SlowStart {
  /** From the start on, and from the end of an outage. */
  readonly lasts: Duration
  /** So many times slower at first; falls evenly to 1. */
  readonly factor: number
}

interface ServiceModelOptions {
  readonly clock: Clock
  readonly random: Random
  /** Goes on now, or when the service is not paused any more. */
  readonly whenRunning: (goOn: () => void) => void
}

/** @internal How long a service takes over its answers: workers, the queue before them, latency, slow start. */
export class ServiceModel {
  readonly #options: ServiceModelOptions
  #latency: Distribution | undefined
  #capacity: Capacity | undefined
  #slowStart: { readonly lastsMs: number; readonly factor: number } | undefined
  #startedAt = 0
  readonly #queue: Work[] = []
  readonly #timers = new Set<Timer>()
  #busy = 0

  constructor(options: ServiceModelOptions) {
    this.#options = options
  }

  latency(distribution: Distribution): void {
    this.#latency = checkDistribution('fakeUpstream.latency', 'distribution', distribution)
  }

  capacity(given: Capacity): void {
    const owner = 'fakeUpstream.capacity'
    knownOptions(owner, given, ['workers', 'serviceTime', 'queue', 'whenFull'])
    integer(owner, 'workers', given.workers, { min: 1 })
    checkDistribution(owner, 'serviceTime', given.serviceTime)
    integer(owner, 'queue', given.queue ?? Number.POSITIVE_INFINITY, { unlimited: true })
    this.#capacity = given
    this.#startWaiting()
  }

  slowStart(given: SlowStart): void {
    const owner = 'fakeUpstream.slowStart'
    knownOptions(owner, given, ['lasts', 'factor'])
    const lastsMs = durationMs(owner, 'lasts', given.lasts)
    this.#slowStart = { lastsMs, factor: positiveNumber(owner, 'factor', given.factor) }
  }

  get busy(): number {
    return this.#busy
  }

  get queued(): number {
    return this.#queue.length
  }

  /** Whether answers take no time at all. */
  get instant(): boolean {
    return this.#capacity === undefined && this.#latency === undefined
  }

  get whenFull(): FakeReply {
    return this.#capacity?.whenFull ?? { status: 503, reason: 'Service Unavailable' }
  }

  /** Time of the slow start runs from here. */
  started(): void {
    this.#startedAt = this.#options.clock.now()
  }

  /** Drops all work, done and waiting. */
  stopped(): void {
    for (const timer of this.#timers) timer.clear()
    this.#timers.clear()
    this.#busy = 0
    for (const work of this.#queue.splice(0)) work.leave()
  }

  latencyMs(): number {
    return this.#latency === undefined ? 0 : this.#slowed(sample(this.#latency, this.#options.random))
  }

  /** Takes a place for one request: at a worker or in the queue. `full` when there is none. */
  work(): Work | 'full' | undefined {
    if (this.#capacity === undefined) return undefined
    const { workers, queue = Number.POSITIVE_INFINITY } = this.#capacity
    if (this.#busy >= workers && this.#queue.length >= queue) return 'full'
    const work = new Work((left) => {
      const at = this.#queue.indexOf(left)
      if (at >= 0) this.#queue.splice(at, 1)
    })
    this.#queue.push(work)
    this.#startWaiting()
    return work
  }

  #startWaiting(): void {
    while (this.#capacity !== undefined && this.#busy < this.#capacity.workers) {
      const work = this.#queue.shift()
      if (work === undefined) return
      this.#start(work, this.#slowed(sample(this.#capacity.serviceTime, this.#options.random)))
    }
  }

  #start(work: Work, ms: number): void {
    const { clock, whenRunning } = this.#options
    if (ms <= 0) {
      work.finish()
      return
    }
    this.#busy++
    const timer = clock.setTimeout(() => {
      whenRunning(() => {
        // Unless all work was dropped meanwhile.
        if (!this.#timers.delete(timer)) return
        this.#busy--
        work.finish()
        this.#startWaiting()
      })
    }, ms)
    this.#timers.add(timer)
  }

  #slowed(ms: number): number {
    if (this.#slowStart === undefined) return ms
    const { lastsMs, factor } = this.#slowStart
    const left = 1 - (this.#options.clock.now() - this.#startedAt) / lastsMs
    return left > 0 ? ms * (1 + (factor - 1) * left) : ms
  }
}

/** @internal One request's place at a worker, or in the queue. */
export class Work {
  /** Resolves when the work is done, or was left. */
  readonly done: Promise<void>
  readonly finish: () => void
  readonly #onLeft: (work: Work) => void

  constructor(onLeft: (work: Work) => void) {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.done = promise
    this.finish = resolve
    this.#onLeft = onLeft
  }

  leave(): void {
    this.#onLeft(this)
    this.finish()
  }
}
