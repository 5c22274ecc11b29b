import type { Clock, Timer } from '../../core/clock.ts'
import type { Network } from '../../core/network.ts'
import { LatencyTally } from './latency-tally.ts'
import {
  LoadConnection,
  type LoadConnectionOwner,
  type LoadTarget,
  type RequestFailure,
} from './load-connection.ts'
import type { LoadResult } from './load-result.ts'
import type { Pacer } from './pacer.ts'

export interface LoadPlan extends LoadTarget {
  readonly connections: number
  /** Requests a second. `undefined`: each connection sends again when it has its answer. */
  readonly rate: number | undefined
  /** The same load before the measured one, which nobody counts. */
  readonly warmUpMs: number
  readonly durationMs: number
  /** So long a request may wait for a free connection, and so long for its answer once it was sent. */
  readonly timeoutMs: number
}

export interface LoadSurroundings {
  readonly clock: Clock
  readonly network: Network
  readonly pacer: Pacer
}

/** No connection could be made at all. */
export class NoConnectionError extends Error {
  readonly code: string

  constructor(code: string) {
    super(`no connection could be made: ${code}`)
    this.name = 'NoConnectionError'
    this.code = code
  }
}

/** More connections than these are not being made at the same time: a listener's backlog would overflow. */
const OPENING_AT_ONCE = 128
/** Until a connection that has failed is made anew. */
const REOPEN_MS = 100
/** Times are sums of fractions: what is due in less than this is due. */
const EPSILON_MS = 1e-6
/** Codes of the system. A network that makes up others fills no memory. */
const MAX_CODES = 32

/**
 * - `opening`: the connections are being made.
 * - `sending`: requests fall due.
 * - `over`: every request has its end.
 */
type Stage = 'opening' | 'sending' | 'over'

/**
 * Sends one request over and over, at a rate or as fast as the answers come, and counts what becomes of it.
 *
 * At a rate, request number n is due n/rate seconds after the begin, whatever the service does, and its latency is counted
 * from there: the load of users who do not know of each other. While no connection is free, what is due waits. That is no
 * list: the next number and the time say which requests wait, so a million of them take no memory.
 */
export class LoadRun implements LoadConnectionOwner {
  readonly clock: Clock
  readonly network: Network
  readonly target: LoadPlan
  readonly #pacer: Pacer
  readonly #result = Promise.withResolvers<LoadResult>()
  readonly #connections = new Set<LoadConnection>()
  /** The one that has been idle the longest comes first, so that all of them are used. */
  readonly #free = new Set<LoadConnection>()
  readonly #reopenings = new Set<Timer>()
  readonly #latencies = new LatencyTally()
  readonly #serviceTimes = new LatencyTally()
  readonly #lateness = new LatencyTally()
  readonly #statuses = new Map<number, number>()
  readonly #failures: Record<RequestFailure, number> = { timeout: 0, closed: 0, malformed: 0 }
  readonly #connectErrors = new Map<string, number>()
  #stage: Stage = 'opening'
  #toOpen: number
  #opening = 0
  #begin = 0
  #measuredFrom = 0
  #end = 0
  /** Of all requests at a rate. */
  #total = 0
  /** The number of the next request. */
  #next = 0
  #inFlight = 0
  #sent = 0
  #answeredInTime = 0
  #neverSent = 0
  #bytesRead = 0
  #cancelWake: (() => void) | undefined
  readonly #timers: Timer[] = []

  constructor(plan: LoadPlan, { clock, network, pacer }: LoadSurroundings) {
    this.target = plan
    this.clock = clock
    this.network = network
    this.#pacer = pacer
    this.#toOpen = plan.connections
  }

  /** Rejects with a `NoConnectionError` when there is nobody to send anything to. */
  run(): Promise<LoadResult> {
    this.#openMore()
    return this.#result.promise
  }

  /** Ends it now. What is under way counts neither as answered nor as failed. */
  stop(): void {
    if (this.#stage === 'over') return
    const now = this.clock.now()
    if (this.#stage === 'opening') this.#begin = this.#measuredFrom = now
    this.#end = Math.max(this.#measuredFrom, Math.min(this.#end, now))
    this.#finish()
  }

  // Connections.

  #openMore(): void {
    while (this.#toOpen > 0 && this.#opening < OPENING_AT_ONCE) {
      this.#toOpen--
      this.#open()
    }
  }

  #open(): void {
    const connection = new LoadConnection(this)
    this.#connections.add(connection)
    this.#opening++
    connection.open(this.target.timeoutMs)
  }

  #openAgainLater(): void {
    if (this.#stage !== 'sending') return
    const timer = this.clock.setTimeout(() => {
      this.#reopenings.delete(timer)
      this.#open()
    }, REOPEN_MS)
    this.#reopenings.add(timer)
  }

  connected(connection: LoadConnection): void {
    this.#opening--
    this.#free.add(connection)
    this.#opened()
  }

  connectFailed(connection: LoadConnection, code: string): void {
    this.#opening--
    this.#connections.delete(connection)
    const known = this.#connectErrors.has(code) || this.#connectErrors.size < MAX_CODES
    count(this.#connectErrors, known ? code : 'other')
    // Nobody is there, so far: to try thousands of times would take as long.
    if (this.#stage === 'opening' && this.#free.size === 0) this.#toOpen = 0
    this.#openAgainLater()
    this.#opened()
  }

  closed(connection: LoadConnection): void {
    this.#connections.delete(connection)
    this.#free.delete(connection)
    if (this.#stage === 'opening') this.#opened()
    else this.#openAgainLater()
  }

  #opened(): void {
    if (this.#stage === 'sending') this.#pump()
    if (this.#stage !== 'opening') return
    this.#openMore()
    if (this.#opening > 0) return
    if (this.#free.size === 0) {
      this.#stage = 'over'
      this.#result.reject(new NoConnectionError([...this.#connectErrors.keys()].join(', ') || 'closed'))
      return
    }
    this.#beginToSend()
  }

  // Requests.

  #beginToSend(): void {
    const { rate, warmUpMs, durationMs, timeoutMs, connections } = this.target
    this.#stage = 'sending'
    this.#begin = this.clock.now()
    this.#measuredFrom = this.#begin + warmUpMs
    this.#end = this.#measuredFrom + durationMs
    if (rate !== undefined) this.#total = Math.round(((warmUpMs + durationMs) * rate) / 1_000)
    // Whatever becomes of the connections: nothing is left to wait for then. Node's timers may be a millisecond early.
    const loadMs = warmUpMs + durationMs + 2
    this.#timers.push(
      this.clock.setTimeout(() => this.#pump(), loadMs),
      this.clock.setTimeout(() => this.#finish(), loadMs + 2 * timeoutMs),
    )
    for (let missing = connections - this.#connections.size; missing > 0; missing--) this.#openAgainLater()
    this.#pump()
  }

  #dueAt(request: number): number {
    return this.#begin + (request * 1_000) / this.target.rate!
  }

  /** Sends what is due, as far as there are connections for it. */
  #pump(): void {
    const now = this.clock.now()
    if (this.target.rate === undefined) this.#pumpLoop(now)
    else this.#pumpRate(now)
    if (this.#isDone(now)) this.#finish()
  }

  #pumpLoop(now: number): void {
    if (now >= this.#end) return
    for (const connection of this.#free) this.#send(connection, now, now)
  }

  #pumpRate(now: number): void {
    const { timeoutMs } = this.target
    while (this.#next < this.#total) {
      const due = this.#dueAt(this.#next)
      if (due > now + EPSILON_MS) {
        if (this.#free.size > 0) this.#wakeAt(due, now)
        return
      }
      if (due + timeoutMs <= now) this.#giveUp(due, now)
      else {
        const [connection] = this.#free
        if (connection === undefined) return
        this.#send(connection, due, now)
      }
      this.#next++
    }
  }

  #wakeAt(due: number, now: number): void {
    this.#cancelWake ??= this.#pacer(due - now, () => {
      this.#cancelWake = undefined
      const late = this.clock.now() - due
      if (due >= this.#measuredFrom) this.#lateness.record(Math.max(0, late))
      this.#pump()
    })
  }

  #send(connection: LoadConnection, due: number, now: number): void {
    this.#free.delete(connection)
    this.#inFlight++
    if (due >= this.#measuredFrom) this.#sent++
    connection.send(due, now, this.target.timeoutMs)
  }

  /** It was due, and no connection was free for it in all the time that it may wait, or until the load was ended. */
  #giveUp(due: number, now: number): void {
    if (due < this.#measuredFrom) return
    this.#neverSent++
    this.#latencies.record(Math.min(this.target.timeoutMs, now - due))
  }

  answered(connection: LoadConnection, status: number): void {
    this.#inFlight--
    const { due, sentAt } = connection
    const now = this.clock.now()
    if (due >= this.#measuredFrom) {
      this.#latencies.record(now - due)
      this.#serviceTimes.record(now - sentAt)
      count(this.#statuses, status)
      if (now <= this.#end) this.#answeredInTime++
    }
    if (connection.idle) this.#free.add(connection)
    else {
      this.#connections.delete(connection)
      this.#open()
    }
    this.#pump()
  }

  failed(connection: LoadConnection, failure: RequestFailure): void {
    this.#inFlight--
    this.#connections.delete(connection)
    const { due, sentAt } = connection
    if (due >= this.#measuredFrom) {
      this.#failures[failure]++
      // Left out, the slowest of all would be what no percentile knows of.
      if (failure === 'timeout') {
        this.#latencies.record(sentAt - due + this.target.timeoutMs)
        this.#serviceTimes.record(this.target.timeoutMs)
      }
    }
    if (failure === 'timeout') this.#open()
    else this.#openAgainLater()
    this.#pump()
  }

  received(bytes: number): void {
    if (this.#stage === 'sending' && this.clock.now() >= this.#measuredFrom) this.#bytesRead += bytes
  }

  // The end.

  #isDone(now: number): boolean {
    if (this.#stage !== 'sending' || this.#inFlight > 0) return false
    return this.target.rate === undefined ? now >= this.#end : this.#next >= this.#total
  }

  #finish(): void {
    if (this.#stage === 'over') return
    this.#stage = 'over'
    const now = this.clock.now()
    if (this.target.rate !== undefined) {
      for (; this.#next < this.#total && this.#dueAt(this.#next) <= now; this.#next++)
        this.#giveUp(this.#dueAt(this.#next), now)
    }
    this.#cancelWake?.()
    for (const timer of this.#timers) timer.clear()
    for (const timer of this.#reopenings) timer.clear()
    for (const connection of this.#connections) connection.close()
    this.#result.resolve(this.#resultNow())
  }

  #resultNow(): LoadResult {
    const { rate, connections, warmUpMs } = this.target
    const seconds = (this.#end - this.#measuredFrom) / 1_000
    const answered = this.#serviceTimes.latencies
    const perSecond = (amount: number) => (seconds > 0 ? amount / seconds : 0)
    return {
      loop: rate === undefined ? 'closed' : 'open',
      ...(rate === undefined ? {} : { rate }),
      connections,
      warmUpSeconds: warmUpMs / 1_000,
      seconds,
      requests: {
        due: this.#sent + this.#neverSent,
        sent: this.#sent,
        answered: answered.count - this.#failures.timeout,
        neverSent: this.#neverSent,
      },
      answeredPerSecond: perSecond(this.#answeredInTime),
      bytesRead: this.#bytesRead,
      statuses: Object.fromEntries([...this.#statuses].sort(([one], [other]) => one - other)),
      failures: this.#failures,
      connectErrors: Object.fromEntries(this.#connectErrors),
      ...(rate === undefined
        ? {}
        : { latencyMs: this.#latencies.latencies, generatorLateMs: this.#lateness.latencies }),
      serviceTimeMs: answered,
    }
  }
}

function count<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}
