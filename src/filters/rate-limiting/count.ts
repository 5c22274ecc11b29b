/**
 * What one key has used of one rule. Times are whole milliseconds that never go back; units and costs are whole numbers, and
 * all that is computed of them stays below 2^53: it is exact.
 */
export interface Count {
  /** Milliseconds until so much would be admitted, if nothing else came; 0: it is now. `Infinity`: it never is. */
  waitMs(cost: number, now: number): number
  /** Takes so much, which must be admitted. */
  take(cost: number, now: number): void
  /** Whole units that would be admitted now. */
  remaining(now: number): number
  /** Milliseconds until it is as if the key had never come. */
  freshInMs(now: number): number
  /** How much memory it takes: 1, and 1 for each further record that it keeps. */
  readonly size: number
  copy(): Count
}

/** The least whole number that is not below `x / y`; division alone may be off by one, for large numbers. */
export function dividedUp(x: number, y: number): number {
  const rest = x % y
  return (x - rest) / y + (rest > 0 ? 1 : 0)
}

export function dividedDown(x: number, y: number): number {
  return (x - (x % y)) / y
}
