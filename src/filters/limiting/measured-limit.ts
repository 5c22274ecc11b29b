import type { Random } from '../../core/random.ts'
import type { LatencyWindow } from './latency-window.ts'

export interface MeasuredLimitSettings {
  readonly next: (limit: number, window: LatencyWindow) => number
  readonly min: number
  readonly max: number
  readonly initial: number
  readonly windowMs: number
  readonly probeMs: number
}

/** Fewer say too little about a mean. */
const WINDOW_SAMPLES = 20
/** Of a probe: what it finds stays for long. */
const PROBE_SAMPLES = 30
/** What is let through meanwhile, as a part of the limit: so little that nothing waits in the service. */
const PROBE_SHARE = 1 / 3
/** Where hardly anything comes, a probe is given up. */
const PROBE_WINDOWS = 20

/**
 * A limit that follows what is measured, window by window, without exchanges and without timers.
 *
 * The latency of a service at rest is measured when it is at rest, or by a probe: now and then a third of the limit is let
 * through for a moment, as BBR does with its ProbeRTT and Envoy with its minRTT. A mean over all latencies, which Netflix'
 * Gradient2 takes, follows the queue under lasting overload, and the limit follows the mean.
 */
export class MeasuredLimit {
  readonly #settings: MeasuredLimitSettings
  #limit: number
  #baselineMs = Number.NaN
  /** It begins with a probe: nothing is known yet. */
  #probing = true
  #probeWaitMs: number
  #nextProbeAt = 0
  #from = Number.NaN
  #sumMs = 0
  #answered = 0
  #refused = 0
  #maxInFlight = 0

  constructor(settings: MeasuredLimitSettings) {
    this.#settings = settings
    this.#limit = settings.initial
    // What the first probes find is found under a limit that was only guessed: they follow each other soon.
    this.#probeWaitMs = Math.min(settings.probeMs, 4 * settings.windowMs)
  }

  /** How many may be under way at once: a whole number. */
  get limit(): number {
    return Math.floor(this.#probing ? this.#atRest() : this.#limit)
  }

  /** One more is under way. */
  began(inFlight: number, now: number): void {
    if (inFlight > this.#maxInFlight) this.#maxInFlight = inFlight
    if (Number.isNaN(this.#from)) this.#from = now
  }

  /** The service has answered one that began at `startedAt`. */
  answered(startedAt: number, inFlight: number, now: number, random: Random): void {
    // Those that began before the probe have waited behind more.
    if (this.#probing && startedAt < this.#from) return
    this.#sumMs += now - startedAt
    this.#answered++
    this.#closeIfDue(inFlight, now, random)
  }

  /** The service has refused one, or not answered in time. Its latency says nothing. */
  refused(inFlight: number, now: number, random: Random): void {
    this.#refused++
    this.#closeIfDue(inFlight, now, random)
  }

  #closeIfDue(inFlight: number, now: number, random: Random): void {
    const elapsedMs = now - this.#from
    const { windowMs } = this.#settings
    if (this.#probing) {
      if (this.#answered + this.#refused >= PROBE_SAMPLES || elapsedMs >= PROBE_WINDOWS * windowMs)
        this.#endProbe(now, random)
      else return
    } else {
      if (elapsedMs < windowMs || this.#answered + this.#refused < WINDOW_SAMPLES) return
      this.#adjust(now, random)
      this.#probing = now >= this.#nextProbeAt
    }
    this.#from = now
    this.#sumMs = 0
    this.#answered = 0
    this.#refused = 0
    this.#maxInFlight = inFlight
  }

  #endProbe(now: number, random: Random): void {
    const { probeMs, min } = this.#settings
    // A few answers among refusals show little.
    if (this.#answered > this.#refused) this.#baselineMs = this.#sumMs / this.#answered
    // What is refused now is refused of far less than the limit.
    if (this.#refused > 0)
      this.#limit = Math.max(min, this.#limit * (1 - this.#refused / (this.#answered + this.#refused) / 2))
    this.#probing = false
    this.#scheduleProbe(now, random)
    this.#probeWaitMs = Math.min(probeMs, 2 * this.#probeWaitMs)
  }

  #adjust(now: number, random: Random): void {
    const { next, min, max } = this.#settings
    const meanMs = this.#sumMs / this.#answered
    if (!Number.isNaN(meanMs)) {
      if (Number.isNaN(this.#baselineMs)) this.#baselineMs = meanMs
      else if (this.#maxInFlight <= this.#atRest()) {
        // As good as a probe.
        this.#baselineMs += (meanMs - this.#baselineMs) * 0.2
        this.#scheduleProbe(now, random)
      } else if (meanMs * 2 < this.#baselineMs) this.#baselineMs *= 0.95
    }
    const window = {
      meanMs,
      baselineMs: this.#baselineMs,
      maxInFlight: this.#maxInFlight,
      refusedShare: this.#refused / (this.#answered + this.#refused),
    }
    this.#limit = Math.max(min, Math.min(max, next(this.#limit, window)))
  }

  #scheduleProbe(now: number, random: Random): void {
    this.#nextProbeAt = now + this.#probeWaitMs * (1 + 0.2 * random())
  }

  #atRest(): number {
    return Math.max(this.#settings.min, this.#limit * PROBE_SHARE)
  }
}
