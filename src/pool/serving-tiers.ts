import type { Kept } from './endpoint-state.ts'
import { isFit, servingOf } from './health.ts'
import { areEnough, tierShares } from './tier-load.ts'

/** An endpoint, as far as tiers go. */
export interface Tiered extends Kept {
  readonly priority: number
  readonly weight: number
  readonly fullWeight: number
  readonly standsFor: number
}

/** When endpoints serve, and when they are too few. */
export interface TierRules {
  readonly panicThreshold: number
  /** How much more than its part a tier, or a zone, can carry. */
  readonly overprovisioning: number
}

/** Endpoints of one priority that may be chosen, and the part of the load that is theirs. */
export interface ServingTier<T> {
  /** Never empty, and in the order of the pool. */
  readonly members: readonly T[]
  /** From 0 to 1. With 0, it serves only what has failed elsewhere. */
  readonly share: number
}

/**
 * The tiers that serve, the first one first; none where no endpoint may be chosen. The health of a tier is the weight of its
 * endpoints that are fit to serve, against that of all: an endpoint that begins slowly counts for what it is given, so that a
 * whole tier that returns gets its load little by little.
 *
 * As in Envoy, a panic is for when all tiers together cannot carry the load. Then each tier of which less than the share
 * `panicThreshold` is fit serves with all its endpoints; and if that is every tier, or none has a fit endpoint, all endpoints
 * are one tier: there is no telling which of them are better.
 */
export function servingTiers<T extends Tiered>(all: readonly T[], rules: TierRules): ServingTier<T>[] {
  const { panicThreshold, overprovisioning } = rules
  const tiers = byPriority(all).map((members) => ({
    members,
    fit: members.filter(isFit),
  }))
  const inPanic = tiers.map(({ members, fit }) => fit.length < panicThreshold * members.length)
  // By full weights: an endpoint that begins slowly is no reason to send load to one that is unfit.
  const enough = areEnough(
    tiers.map(({ members, fit }) => capacity(fit, 'fullWeight') / capacity(members, 'fullWeight')),
    overprovisioning,
  )
  const lost = !enough && inPanic.every(Boolean)
  if (tiers.length === 1 || lost || tiers.every(({ fit }) => fit.length === 0)) {
    const members = servingOf(all, panicThreshold).endpoints
    return members.length === 0 ? [] : [{ members, share: 1 }]
  }
  const shares = tierShares(
    tiers.map(({ members, fit }) => capacity(fit, 'weight') / capacity(members, 'fullWeight')),
    overprovisioning,
  )
  return tiers.flatMap(({ members, fit }, i) => {
    if (fit.length === 0) return []
    const serving = !enough && inPanic[i] === true ? servingOf(members, panicThreshold).endpoints : fit
    return [{ members: serving, share: shares[i]! }]
  })
}

/** What endpoints can carry, with what an aperture leaves out in proportion. */
export function capacity<W extends 'weight' | 'fullWeight'>(
  endpoints: readonly ({ readonly standsFor: number } & Readonly<Record<W, number>>)[],
  weight: W,
): number {
  return endpoints.reduce((sum, it) => sum + it[weight] * it.standsFor, 0)
}

function byPriority<T extends Tiered>(all: readonly T[]): T[][] {
  const tiers = Map.groupBy(all, ({ priority }) => priority)
  return [...tiers].sort(([one], [other]) => one - other).map(([, members]) => members)
}
