import type { Random } from '../../core/random.ts'
import { RollingCounts } from './rolling-counts.ts'

/** Whether a circuit breaker lets exchanges through. Replaced at each change, never altered. Times are of the engine's clock. */
export type CircuitState =
  /** All go through. `openings`: how often it opened lately; each opening lasts longer than the one before. */
  | { readonly kind: 'closed'; readonly sinceMs: number; readonly openings: number }
  /** None goes through before `untilMs`; the first one after it begins the trial. */
  | {
      readonly kind: 'open'
      readonly sinceMs: number
      readonly untilMs: number
      readonly openings: number
      /** Too many failures, too many slow responses, or a trial that did not succeed. */
      readonly reason: 'failures' | 'slow' | 'trial'
    }
  /** On trial: `share` (0 to 1) of what comes goes through. */
  | {
      readonly kind: 'half-open'
      readonly sinceMs: number
      readonly step: number
      readonly share: number
      readonly openings: number
    }

export interface CircuitSettings {
  readonly errorRatio: number
  readonly slowRatio: number
  readonly windowMs: number
  readonly minVolume: number
  readonly openMs: number
  readonly maxOpenMs: number
  readonly jitter: number
  readonly trials: number
  readonly ramp: readonly number[]
}

/**
 * The states of a circuit breaker and what changes them, without exchanges.
 *
 * Whoever is let through gets the state that it was let through in, and hands it back with the verdict: a verdict of an
 * earlier state says nothing about the present one.
 */
export class Circuit {
  readonly #settings: CircuitSettings
  readonly #onChange: (state: CircuitState, previous: CircuitState) => void
  readonly #counts: RollingCounts
  #state: CircuitState = { kind: 'closed', sinceMs: 0, openings: 0 }
  #trial = new Trial(0)
  #lastOpenMs = 0
  #version = 0

  constructor(settings: CircuitSettings, onChange: (state: CircuitState, previous: CircuitState) => void) {
    this.#settings = settings
    this.#onChange = onChange
    this.#counts = new RollingCounts(settings.windowMs)
  }

  get state(): CircuitState {
    return this.#state
  }

  /**
   * How new its state is, among circuits for the same service that follow one another: higher when it opens and when it
   * closes, and what it was told when it follows. Odd: it is open or on trial. 0: it has always been closed.
   */
  get version(): number {
    return this.#version
  }

  /** Whether one more may go through now: the state it goes through in, or `undefined`. */
  admit(now: number, random: Random): CircuitState | undefined {
    if (this.#state.kind === 'closed') return this.#state
    if (this.#state.kind === 'open') {
      if (now < this.#state.untilMs) return undefined
      this.#beginStep(0, now)
    }
    return this.#admitToTrial(now, random) ? this.#state : undefined
  }

  /** How it went: told once for each that was let through, when its response's head is there or it has failed. */
  judge(admittedIn: CircuitState, failed: boolean, slow: boolean, now: number, random: Random): void {
    if (admittedIn !== this.#state) return
    if (admittedIn.kind === 'closed') {
      this.#counts.add(now, 1, failed ? 1 : 0, slow ? 1 : 0)
      this.#openIfBad(now, random)
    } else {
      this.#trial.judge(failed, slow)
      this.#endStepIfDecided(now, random)
    }
  }

  /** It was counted as good, but broke off behind its head. */
  brokeOff(admittedIn: CircuitState, now: number, random: Random): void {
    if (admittedIn !== this.#state) return
    if (admittedIn.kind === 'closed') {
      this.#counts.add(now, 0, 1, 0)
      this.#openIfBad(now, random)
    } else {
      this.#trial.failures++
      this.#endStepIfDecided(now, random)
    }
  }

  /** It says nothing about the service: its client left, for example. */
  withdraw(admittedIn: CircuitState): void {
    if (admittedIn === this.#state && admittedIn.kind === 'half-open') this.#trial.withdraw()
  }

  /** Milliseconds until it is worth while to come again. */
  retryAfterMs(now: number): number {
    return this.#state.kind === 'open' ? Math.max(0, this.#state.untilMs - now) : 0
  }

  /** Another one has opened, for `leftMs` from now on. */
  followOpen(
    version: number,
    openings: number,
    leftMs: number,
    reason: 'failures' | 'slow' | 'trial',
    now: number,
  ): void {
    const { maxOpenMs, jitter } = this.#settings
    this.#version = version
    this.#lastOpenMs = this.#openMsOf(openings)
    // Dates may jump; none makes it stay open for longer than its own settings do.
    const untilMs = now + Math.min(Math.max(0, leftMs), maxOpenMs * (1 + jitter))
    this.#change({ kind: 'open', sinceMs: now, untilMs, openings, reason })
  }

  /** Another one has closed. */
  followClosed(version: number, openings: number, now: number): void {
    this.#version = version
    // One that has not been told of the opening has nothing to change but how often there was one.
    if (this.#state.kind === 'closed') this.#state = { ...this.#state, openings }
    else this.#close(openings, now)
  }

  #openIfBad(now: number, random: Random): void {
    const { calls, failures, slow } = this.#counts
    const { minVolume, errorRatio, slowRatio } = this.#settings
    if (calls < minVolume) return
    if (failures / calls >= errorRatio) this.#open('failures', now, random)
    else if (slow / calls >= slowRatio) this.#open('slow', now, random)
  }

  #open(reason: 'failures' | 'slow' | 'trial', now: number, random: Random): void {
    const { jitter, windowMs } = this.#settings
    const { kind, sinceMs, openings: before } = this.#state
    // One that has been closed for long has recovered; one that flaps has not, whatever its trials said.
    const steady = kind === 'closed' && now - sinceMs >= 2 * Math.max(windowMs, this.#lastOpenMs)
    const openings = steady ? 1 : before + 1
    const ms = this.#openMsOf(openings)
    this.#lastOpenMs = ms
    this.#version += this.#version % 2 === 0 ? 1 : 2
    // By chance a little longer, so that many proxies do not try the service in step.
    const untilMs = now + ms * (1 + jitter * random())
    this.#change({ kind: 'open', sinceMs: now, untilMs, openings, reason })
  }

  #openMsOf(openings: number): number {
    const { openMs, maxOpenMs } = this.#settings
    return Math.min(maxOpenMs, openMs * 2 ** Math.max(0, openings - 1))
  }

  #admitToTrial(now: number, random: Random): boolean {
    const { trials, openMs, ramp } = this.#settings
    const trial = this.#trial
    const state = this.#state
    if (state.kind !== 'half-open') return false
    // Those that never come to an end must not keep the step from ending: others take their places.
    if (now - trial.grantedAt >= openMs) trial.forget(now)
    if (trial.granted >= trials) return false
    // Where few requests come, a share of them would take too long: one at a time always may.
    if (trial.underWay > 0 && random() >= ramp[state.step]!) return false
    trial.grant(now)
    return true
  }

  #beginStep(step: number, now: number): void {
    const { ramp } = this.#settings
    this.#trial = new Trial(now)
    const { openings } = this.#state
    this.#change({ kind: 'half-open', sinceMs: now, step, share: ramp[step]!, openings })
  }

  #endStepIfDecided(now: number, random: Random): void {
    const { trials, ramp, errorRatio, slowRatio } = this.#settings
    const { failures, slow, judged } = this.#trial
    const state = this.#state
    if (state.kind !== 'half-open') return
    if (failures / trials >= errorRatio || slow / trials >= slowRatio) this.#open('trial', now, random)
    else if (judged >= trials) {
      if (state.step + 1 < ramp.length) this.#beginStep(state.step + 1, now)
      else {
        this.#version++
        this.#close(state.openings, now)
      }
    }
  }

  #close(openings: number, now: number): void {
    this.#counts.clear()
    this.#change({ kind: 'closed', sinceMs: now, openings })
  }

  #change(state: CircuitState): void {
    const previous = this.#state
    this.#state = state
    this.#onChange(state, previous)
  }
}

/** The exchanges of one step of a half-open circuit. */
class Trial {
  /** Those that have been judged, and those that still may be. */
  granted = 0
  underWay = 0
  judged = 0
  failures = 0
  slow = 0
  /** When the last one was let through. */
  grantedAt: number

  constructor(now: number) {
    this.grantedAt = now
  }

  grant(now: number): void {
    this.granted++
    this.underWay++
    this.grantedAt = now
  }

  judge(failed: boolean, slow: boolean): void {
    this.judged++
    if (failed) this.failures++
    if (slow) this.slow++
    // One that had been given up for lost was granted earlier.
    this.granted = Math.max(this.granted, this.judged)
    this.underWay = Math.max(0, this.underWay - 1)
  }

  withdraw(): void {
    if (this.underWay === 0) return
    this.underWay--
    this.granted--
  }

  /** Gives those that are under way up for lost. */
  forget(now: number): void {
    this.granted = this.judged
    this.underWay = 0
    this.grantedAt = now
  }
}
