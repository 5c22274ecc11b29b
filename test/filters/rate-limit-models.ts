import type { RateRule } from '../../src/filters/rate-limit.ts'

/** Something that asks for units at a whole millisecond. */
export interface Arrival {
  readonly at: number
  readonly cost: number
}

/** Which arrivals a rule admits. */
export type Model = (rule: RateRule, arrivals: readonly Arrival[]) => boolean[]

/**
 * The algorithms by the letter of their definitions, as plain as can be: they keep all that ever was admitted, and count in
 * fractions of whole numbers without end. They share nothing with the product.
 */
export const MODELS: Readonly<Record<RateRule['algorithm'], Model>> = {
  /** A bucket of `burst` tokens, into which `limit / perMs` fall each millisecond. */
  'token-bucket': ({ limit, perMs, burst }, arrivals) => {
    // In parts of a token: `perMs` of them are one.
    const full = BigInt(burst) * BigInt(perMs)
    let parts = full
    let last = 0
    return arrivals.map(({ at, cost }) => {
      parts += BigInt(at - last) * BigInt(limit)
      if (parts > full) parts = full
      last = at
      const needed = BigInt(cost) * BigInt(perMs)
      if (needed > parts) return false
      parts -= needed
      return true
    })
  },

  /** ITU-T I.371, virtual scheduling: what comes before the theoretical arrival time, less the tolerance, does not conform. */
  gcra: ({ limit, perMs, burst }, arrivals) => {
    // In parts of a millisecond: `limit` of them are one.
    const increment = BigInt(perMs)
    const tolerance = BigInt(burst) * increment
    let theoretical = 0n
    return arrivals.map(({ at, cost }) => {
      const now = BigInt(at) * BigInt(limit)
      const next = (theoretical > now ? theoretical : now) + BigInt(cost) * increment
      if (next - tolerance > now) return false
      theoretical = next
      return true
    })
  },

  /** No more than `limit` in the `perMs` up to and with now. */
  'sliding-window': ({ limit, perMs }, arrivals) => {
    const admitted: Arrival[] = []
    return arrivals.map((arrival) => {
      const recent = admitted.filter(({ at }) => at > arrival.at - perMs)
      if (total(recent) + arrival.cost > limit) return false
      admitted.push(arrival)
      return true
    })
  },

  /** This window, and the part of the one before that is less than a window ago. */
  'sliding-window-counter': ({ limit, perMs }, arrivals) => {
    const admitted: Arrival[] = []
    let origin = 0
    return arrivals.map((arrival) => {
      const recent = (first: number) =>
        BigInt(total(admitted.filter(({ at }) => at >= first && at < first + perMs && at >= origin)))
      const from = origin + Math.floor((arrival.at - origin) / perMs) * perMs
      const idle = recent(from) === 0n && recent(from - perMs) === 0n
      const left = BigInt(from + perMs - arrival.at)
      const estimate = recent(from - perMs) * left + recent(from) * BigInt(perMs)
      if (estimate + BigInt(arrival.cost) * BigInt(perMs) > BigInt(limit) * BigInt(perMs)) return false
      if (idle) origin = arrival.at
      admitted.push(arrival)
      return true
    })
  },

  /** A window begins with the first unit after the end of the one before. */
  'fixed-window': ({ limit, perMs }, arrivals) => {
    let window: Arrival[] = []
    return arrivals.map((arrival) => {
      if (window.length > 0 && arrival.at >= window[0]!.at + perMs) window = []
      if (total(window) + arrival.cost > limit) return false
      window.push(arrival)
      return true
    })
  },
}

/** What is admitted in the worst stretch of time of `perMs`. */
export function mostWithin(perMs: number, admitted: readonly Arrival[]): number {
  let most = 0
  for (const { at: from } of admitted)
    most = Math.max(most, total(admitted.filter(({ at }) => at >= from && at < from + perMs)))
  return most
}

function total(arrivals: readonly Arrival[]): number {
  return arrivals.reduce((sum, { cost }) => sum + cost, 0)
}
