/** The most that `-ln` makes of a chance: there is no smaller one than 2 to the power of -53. */
const MOST = 53 * Math.LN2

export interface EarlyRefresh {
  /** How long the last fetch took, in ms: so much earlier a refresh must begin to be ready in time. */
  readonly fetchMs: number
  /** How long the response stays fresh, in ms. */
  readonly remainingMs: number
  /** 1 is the best where all requests come by chance; more is earlier. 0 is never. */
  readonly beta: number
}

/**
 * Whether this request is the one that has a response refreshed before it is stale: XFetch, by Vattani, Chierichetti and
 * Lowenstein, "Optimal Probabilistic Cache Stampede Prevention" (VLDB 2015). The nearer the end, the more probable; whoever
 * asks seldom pays little, and of many who ask at once hardly two begin.
 */
export function isEarly({ fetchMs, remainingMs, beta }: EarlyRefresh, random: () => number): boolean {
  const scale = fetchMs * beta
  // So most hits draw nothing.
  if (!(scale * MOST >= remainingMs)) return false
  return -scale * Math.log(1 - random()) >= remainingMs
}
