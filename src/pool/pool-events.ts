import type { EndpointHealth } from '../core/balancer.ts'
import { integer } from '../core/options.ts'

/** Of an endpoint of the pool. `endpoint` is its id. */
interface OfEndpoint {
  /** Milliseconds since 1970 UTC. */
  readonly atMs: number
  readonly endpoint: string
}

/** Something that has happened to a running pool. `kind` tells them apart. */
export type PoolEvent =
  /** The pool has a new endpoint. */
  | (OfEndpoint & { readonly kind: 'added'; readonly url: string })
  /** The pool names it no more. `inFlight` attempts still run on it. */
  | (OfEndpoint & { readonly kind: 'removed'; readonly inFlight: number })
  /** By its probes. `reason` is that of the last one: `passed`, `status 503`, an error's code. */
  | (OfEndpoint & {
      readonly kind: 'health-changed'
      readonly from: EndpointHealth
      readonly to: EndpointHealth
      readonly reason: string
    })
  /** By its traffic, until `untilMs` (since 1970). `reason`: `5 errors in a row`, for example. */
  | (OfEndpoint & { readonly kind: 'ejected'; readonly reason: string; readonly untilMs: number })
  | (OfEndpoint & { readonly kind: 'ejection-ended' })
  | (OfEndpoint & { readonly kind: 'slow-start-began'; readonly lastsMs: number })
  /** `complete`: it has its full weight because its time is over, and not because it serves no more. */
  | (OfEndpoint & { readonly kind: 'slow-start-ended'; readonly complete: boolean })
  /** It is chosen no more. `inFlight` attempts still run on it. */
  | (OfEndpoint & { readonly kind: 'drain-began'; readonly inFlight: number })
  /** No attempt runs on it any more. `cut` of them were given up at the limit. */
  | (OfEndpoint & { readonly kind: 'drain-ended'; readonly cut: number })
  /** It may be chosen again. */
  | (OfEndpoint & { readonly kind: 'readmitted' })
  /** It was given another weight by `reweight`. Of one in a slow start, that which it has in the end. */
  | (OfEndpoint & { readonly kind: 'reweighted'; readonly from: number; readonly to: number })
  /** Too few endpoints are fit to serve: `candidates` of them, fit or not, are chosen from. */
  | { readonly kind: 'panic-began'; readonly atMs: number; readonly candidates: number }
  | { readonly kind: 'panic-ended'; readonly atMs: number }
  /** The source of its endpoints has failed, and is called or asks again after `retryMs`. */
  | {
      readonly kind: 'source-failed'
      readonly atMs: number
      readonly error: unknown
      readonly retryMs: number
    }
  /** A list of the source has a wrong entry, or is none; the one before it stays. */
  | { readonly kind: 'list-refused'; readonly atMs: number; readonly error: Error }
  /** So many events, up to `atMs`, were dropped, because this subscriber did not take them. */
  | { readonly kind: 'missed'; readonly atMs: number; readonly count: number }

/** So many events wait for a subscriber, unless it says otherwise. */
const KEPT = 1_000

/**
 * What happens to a pool, as it happens. Each iteration is a subscription of its own: it begins when it begins, and ends with
 * `break`, `return`, or the pool.
 *
 * The last 1000 events wait for a subscriber that is slow; in the place of older ones it finds one of the kind `missed`. While
 * nobody iterates, nothing is kept.
 *
 * Trap: whoever takes an iterator by hand and neither reads it nor calls its `return` keeps up to 1000 events until the pool
 * ends.
 */
export interface PoolEvents extends AsyncIterable<PoolEvent> {
  /** The same, where the last `count` events wait. @throws `ERR_OPTION_INVALID` */
  keeping(count: number): AsyncIterable<PoolEvent>
}

/** Gives each event to all who subscribe at the time. */
export class EventFeed implements PoolEvents {
  readonly #subscriptions = new Set<Subscription>()
  #closed = false

  /** Whether anyone would be told. */
  get listening(): boolean {
    return this.#subscriptions.size > 0
  }

  [Symbol.asyncIterator](): AsyncIterator<PoolEvent> {
    return this.#subscribe(KEPT)
  }

  keeping(count: number): AsyncIterable<PoolEvent> {
    integer('events.keeping', 'count', count, { min: 1 })
    return { [Symbol.asyncIterator]: () => this.#subscribe(count) }
  }

  emit(event: PoolEvent): void {
    for (const subscription of this.#subscriptions) subscription.push(event)
  }

  /** Nothing follows. Who has not read all that there was still can. */
  close(): void {
    this.#closed = true
    for (const subscription of this.#subscriptions) subscription.end()
    this.#subscriptions.clear()
  }

  #subscribe(keep: number): AsyncIterator<PoolEvent> {
    const subscription = new Subscription(keep, () => this.#subscriptions.delete(subscription))
    if (this.#closed) subscription.end()
    else this.#subscriptions.add(subscription)
    return subscription
  }
}

type Result = IteratorResult<PoolEvent, undefined>

const DONE: Result = { done: true, value: undefined }

class Subscription implements AsyncIterator<PoolEvent, undefined> {
  readonly #keep: number
  readonly #onReturn: () => void
  /** Oldest first. */
  #events: PoolEvent[] = []
  #missed = 0
  #missedUntilMs = 0
  /** Who asked before there was an event. */
  readonly #asking: ((result: Result) => void)[] = []
  #over = false

  constructor(keep: number, onReturn: () => void) {
    this.#keep = keep
    this.#onReturn = onReturn
  }

  push(event: PoolEvent): void {
    const asking = this.#asking.shift()
    if (asking !== undefined) {
      asking({ done: false, value: event })
      return
    }
    if (this.#events.length === this.#keep) {
      this.#missed++
      this.#missedUntilMs = this.#events.shift()!.atMs
    }
    this.#events.push(event)
  }

  end(): void {
    this.#over = true
    for (const asking of this.#asking.splice(0)) asking(DONE)
  }

  next(): Promise<Result> {
    const event = this.#take()
    if (event !== undefined) return Promise.resolve({ done: false, value: event })
    if (this.#over) return Promise.resolve(DONE)
    return new Promise((resolve) => this.#asking.push(resolve))
  }

  return(): Promise<Result> {
    this.#events = []
    this.#missed = 0
    this.end()
    this.#onReturn()
    return Promise.resolve(DONE)
  }

  #take(): PoolEvent | undefined {
    const count = this.#missed
    if (count === 0) return this.#events.shift()
    this.#missed = 0
    return { kind: 'missed', atMs: this.#missedUntilMs, count }
  }
}
