import type { ProbeResult } from '../core/observer.ts'

/** What a probe has found. How long it took is known to whoever sent it. */
export type ProbeVerdict = Omit<ProbeResult, 'durationMs'>

/** One probe of one endpoint. Gives its verdict once, unless it is closed before. */
export interface Probe {
  /** May give its verdict before it returns. */
  start(): void
  /** It has taken too long: gives its verdict now. */
  expire(): void
  /** Gives up. */
  close(): void
}

/** Makes the probes of one endpoint, all of one kind. */
export interface ProbeMaker {
  make(onVerdict: (probe: Probe, verdict: ProbeVerdict) => void): Probe
  /** No further one is made. One that is under way goes on. */
  retire(): void
  /** No further one is made, and none is under way. */
  close(): void
}
