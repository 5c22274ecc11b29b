import { bucketOf } from '../../pool/latency-buckets.ts'
import { bucketIn, bucketsOf, Latencies } from './latencies.ts'

const SLOT_MS = 10_000
/** The one that runs among them. */
const SLOTS = 6
const BUCKETS = bucketsOf('coarse')

/** What became of the exchanges of one route. */
export class RouteRing {
  ended = 0
  failures = 0
  /** When the last one ended. */
  lastAtMs = 0
  readonly #latencies = new Uint32Array(SLOTS * BUCKETS)
  readonly #numbers: number[] = new Array(SLOTS).fill(-1)
  readonly #maxMs: number[] = new Array(SLOTS).fill(0)

  count(atMs: number, durationMs: number, failed: boolean, timed: boolean): void {
    this.ended++
    this.lastAtMs = atMs
    if (failed) this.failures++
    if (!timed) return
    const number = Math.floor(atMs / SLOT_MS)
    const slot = number % SLOTS
    if (this.#numbers[slot]! < number) {
      this.#numbers[slot] = number
      this.#maxMs[slot] = 0
      this.#latencies.fill(0, slot * BUCKETS, (slot + 1) * BUCKETS)
    }
    this.#latencies[slot * BUCKETS + bucketIn('coarse', bucketOf(durationMs))]!++
    if (durationMs > this.#maxMs[slot]!) this.#maxMs[slot] = durationMs
  }

  /** Of the last 50 to 60 seconds. */
  latencies(nowMs: number): Latencies {
    const running = Math.floor(nowMs / SLOT_MS)
    const latencies = new Latencies('coarse')
    for (let slot = 0; slot < SLOTS; slot++) {
      if (this.#numbers[slot]! <= running - SLOTS) continue
      latencies.add(this.#latencies.subarray(slot * BUCKETS, (slot + 1) * BUCKETS), this.#maxMs[slot]!)
    }
    return latencies
  }
}
