import type { Outcome } from '../../core/exchange.ts'
import { bucketOf } from '../../pool/latency-buckets.ts'
import type { SecondStatus, TrafficStatus } from '../api.ts'
import { bucketsOf, Latencies } from './latencies.ts'
import type { SharedLatencies } from './shared-latencies.ts'

/** So many whole seconds are told of; the one that runs is beside them. */
const WHOLE_SECONDS = 60
const SLOTS = WHOLE_SECONDS + 1
const BUCKETS = bucketsOf('fine')

/** What happened in one second. The next one of the same slot takes its place when there is something to count in it. */
class Second {
  number = -1
  exchanges = 0
  failures = 0
  bytesSent = 0
  bytesReceived = 0
  maxMs = 0
  /** By the first digit of the status. */
  readonly statuses = new Uint32Array(6)
  readonly latencies: Uint32Array
  readonly reasons = new Map<string, number>()

  constructor(latencies: Uint32Array) {
    this.latencies = latencies
  }

  begin(number: number): void {
    this.number = number
    this.exchanges = 0
    this.failures = 0
    this.bytesSent = 0
    this.bytesReceived = 0
    this.maxMs = 0
    this.statuses.fill(0)
    this.latencies.fill(0)
    this.reasons.clear()
  }
}

/** What ended in each of the last seconds, by the engine's clock. It needs no timer, and never grows. */
export class SecondRing {
  readonly #slots: readonly Second[]
  #latest: Second

  constructor() {
    const latencies = new Uint32Array(SLOTS * BUCKETS)
    this.#slots = Array.from(
      { length: SLOTS },
      (_, i) => new Second(latencies.subarray(i * BUCKETS, (i + 1) * BUCKETS)),
    )
    this.#latest = this.#slots[0]!
  }

  /** Counts an exchange. `timed`: whether its duration says anything of how fast answers come. */
  count(
    atMs: number,
    { status, bytesSent, bytesReceived, durationMs }: Outcome,
    failed: boolean,
    timed: boolean,
  ): void {
    const second = this.#at(atMs)
    second.exchanges++
    if (failed) second.failures++
    second.bytesSent += bytesSent
    second.bytesReceived += bytesReceived
    if (status !== undefined) second.statuses[(status / 100) | 0]!++
    if (!timed) return
    second.latencies[bucketOf(durationMs)]!++
    if (durationMs > second.maxMs) second.maxMs = durationMs
  }

  /** Counts why something did not go well: by codes of errors, of which there is a table, or by a status. */
  countReason(atMs: number, reason: string): void {
    const { reasons } = this.#at(atMs)
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
  }

  /** The whole seconds before this moment, the oldest first. `epochMs`: the date when the clock was at 0. */
  seconds(nowMs: number, epochMs: number): SecondStatus[] {
    const running = secondOf(nowMs)
    return Array.from({ length: WHOLE_SECONDS }, (_, i): SecondStatus => {
      const number = running - WHOLE_SECONDS + i
      const at = beginOf(number, epochMs)
      const second = this.#slots[slotOf(number)]!
      if (second.number !== number) return { ...NOTHING, at }
      const { exchanges, failures, bytesSent, bytesReceived } = second
      const latencies = new Latencies('fine')
      latencies.add(second.latencies, second.maxMs)
      return {
        at,
        exchanges,
        failures,
        bytesSent,
        bytesReceived,
        p50: latencies.at(0.5),
        p99: latencies.at(0.99),
      }
    })
  }

  /** What the percentiles of both are made of. */
  latencies(nowMs: number, epochMs: number): Pick<SharedLatencies, 'minute' | 'seconds'> {
    const running = secondOf(nowMs)
    const minute = new Latencies('fine')
    const seconds = []
    for (const { number, latencies: counts, maxMs, exchanges } of this.#slots) {
      if (number < running - WHOLE_SECONDS || number < 0) continue
      minute.add(counts, maxMs)
      if (number === running || exchanges === 0) continue
      const second = new Latencies('fine')
      second.add(counts, maxMs)
      seconds.push({ at: beginOf(number, epochMs), ...second.shared })
    }
    return { minute: minute.shared, seconds }
  }

  /** Of those whole seconds, and of the one that runs. */
  lastMinute(nowMs: number): Pick<TrafficStatus, 'latency' | 'statuses' | 'reasons'> {
    const running = secondOf(nowMs)
    const latencies = new Latencies('fine')
    const statuses = { '1xx': 0, '2xx': 0, '3xx': 0, '4xx': 0, '5xx': 0 }
    const reasons: Record<string, number> = {}
    for (const second of this.#slots) {
      if (second.number < running - WHOLE_SECONDS || second.number < 0) continue
      latencies.add(second.latencies, second.maxMs)
      for (const [i, name] of CLASSES.entries()) statuses[name] += second.statuses[i + 1]!
      for (const [reason, count] of second.reasons) reasons[reason] = (reasons[reason] ?? 0) + count
    }
    return { latency: latencies.percentiles, statuses, reasons }
  }

  #at(atMs: number): Second {
    const number = secondOf(atMs)
    const latest = this.#latest
    // Ends are told of in their order, but for the odd one within one turn of the event loop.
    if (number <= latest.number) return latest
    const second = this.#slots[slotOf(number)]!
    second.begin(number)
    this.#latest = second
    return second
  }
}

const CLASSES = ['1xx', '2xx', '3xx', '4xx', '5xx'] as const

const NOTHING = {
  exchanges: 0,
  failures: 0,
  bytesSent: 0,
  bytesReceived: 0,
  p50: undefined,
  p99: undefined,
} as const

function beginOf(second: number, epochMs: number): number {
  return Math.round(epochMs + second * 1_000)
}

function secondOf(ms: number): number {
  return Math.floor(ms / 1_000)
}

function slotOf(second: number): number {
  return ((second % SLOTS) + SLOTS) % SLOTS
}
