/** RFC 9111 section 1.2.2: what is greater counts as this. */
export const MAX_DELTA_SECONDS = 2_147_483_648

const DIGITS = /^\d+$/

/** Seconds as directives and `Age` have them, at most 2^31; `undefined` for what is no `delta-seconds`. */
export function parseDeltaSeconds(text: string): number | undefined {
  return DIGITS.test(text) ? Math.min(Number(text), MAX_DELTA_SECONDS) : undefined
}
