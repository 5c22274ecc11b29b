/** What one window of measuring has shown. */
export interface LatencyWindow {
  /** Of the responses. `NaN` when there was none. */
  readonly meanMs: number
  /** What a response takes when hardly anything is under way. */
  readonly baselineMs: number
  /** The most that was under way at once. */
  readonly maxInFlight: number
  /** The part, from 0 to 1, that the service refused or did not answer in time. */
  readonly refusedShare: number
}
