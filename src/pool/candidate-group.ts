import type { Balancer, Candidates } from '../core/balancer.ts'
import type { Exchange } from '../core/exchange.ts'
import { mixBits } from '../core/hash.ts'
import type { Random } from '../core/random.ts'
import type { PoolEndpoint } from './endpoint.ts'
import { capacity, type ServingTier, servingTiers, type TierRules } from './serving-tiers.ts'
import type { Untried } from './untried.ts'
import { nearShare } from './zone.ts'

/** What parts are made and drawn by. */
export interface GroupRules extends TierRules {
  /** The zone that is preferred, if one is. */
  readonly near:
    | { readonly zone: string; readonly loadShare: number; readonly maxInFlight: number }
    | undefined
  readonly keyHash: Balancer['keyHash']
  readonly random: Random
}

/** Those of one tier that may be chosen, in two arrays that stay the same. */
interface TierParts {
  readonly priority: number
  /** The part of the load that is the tier's. */
  readonly share: number
  /** Those in the zone that is preferred; all, where none is. */
  readonly near: Candidates
  readonly far: Candidates
  /** The part of the tier's load that stays near. */
  readonly nearShare: number
}

/**
 * Endpoints that serve the same exchanges, in their tiers and zones, at one moment. For each attempt it gives the part of them
 * that the balancer is to choose from.
 */
export class CandidateGroup {
  readonly members: readonly PoolEndpoint[]
  /** All that may be chosen, in the order of the pool. */
  readonly serving: readonly PoolEndpoint[]
  readonly #tiers: readonly TierParts[]
  readonly #rules: GroupRules
  readonly #untried: Untried

  constructor(members: readonly PoolEndpoint[], rules: GroupRules, untried: Untried) {
    const tiers = servingTiers(members, rules)
    this.members = members
    const serving = new Set(tiers.flatMap((tier) => tier.members))
    this.serving = members.filter((it) => serving.has(it))
    this.#tiers = tiers.map((tier) => tierParts(tier, rules))
    this.#rules = rules
    this.#untried = untried
  }

  /**
   * What to choose from. The first attempt goes to a tier drawn by the load that is the tier's, a further one to another
   * endpoint of the same tier, and where none is left to the next tier. All anew where each endpoint was tried.
   */
  from(exchange: Exchange, tried: readonly PoolEndpoint[]): Candidates {
    const tiers = this.#tiers
    if (tiers.length === 0) return NONE
    const last = tried.at(-1)
    const known = last === undefined ? -1 : tiers.findIndex(({ priority }) => priority === last.priority)
    const first = known >= 0 ? known : this.#drawn(exchange)
    for (let i = 0; i < tiers.length; i++) {
      const { near, far, ...tier } = tiers[(first + i) % tiers.length]!
      const nearFirst = this.#staysNear(exchange, near, far, tier.nearShare)
      const left = this.#left(nearFirst ? near : far, tried) ?? this.#left(nearFirst ? far : near, tried)
      if (left !== undefined) return left
    }
    return this.from(exchange, [])
  }

  #drawn(exchange: Exchange): number {
    const tiers = this.#tiers
    // Nearly always: then no chance is needed.
    if (tiers[0]!.share === 1) return 0
    let point = this.#point(exchange, FOR_TIERS)
    let at = 0
    for (const [i, { share }] of tiers.entries()) {
      // Rounding may leave something of the point when all shares are taken from it.
      if (share === 0) break
      at = i
      point -= share
      if (point < 0) break
    }
    return at
  }

  #staysNear(exchange: Exchange, near: Candidates, far: Candidates, share: number): boolean {
    const maxInFlight = this.#rules.near?.maxInFlight ?? Number.POSITIVE_INFINITY
    if (maxInFlight !== Number.POSITIVE_INFINITY) {
      const load = loadOf(near)
      if (load >= maxInFlight && loadOf(far) < load) return false
    }
    return share === 1 || (share > 0 && this.#point(exchange, FOR_ZONES) < share)
  }

  /** From 0 up to, but not including, 1: by chance, or always the same for the key that the balancer goes by. */
  #point(exchange: Exchange, purpose: number): number {
    const hash = this.#rules.keyHash?.(exchange)
    // Mixed once more, for tiers and for zones: the two, and what the balancer makes of the hash, have nothing in common then.
    return hash === undefined ? this.#rules.random() : mixBits(hash ^ purpose) / 2 ** 32
  }

  /** Those of a part that were not tried; `undefined` where none is left. */
  #left(part: Candidates, tried: readonly PoolEndpoint[]): Candidates | undefined {
    if (tried.length === 0) return part
    // Only those of this part: else what was tried elsewhere would make another array of the same endpoints.
    const own = tried.filter((it) => part.includes(it))
    if (own.length >= part.length) return undefined
    return own.length === 0 ? part : this.#untried.without(own, part)
  }
}

function tierParts(
  { members, share }: ServingTier<PoolEndpoint>,
  { near, overprovisioning }: GroupRules,
): TierParts {
  const { priority } = members[0]!
  if (near === undefined) return { priority, share, near: members, far: NONE, nearShare: 1 }
  const here = members.filter(({ zone }) => zone === near.zone)
  const elsewhere = members.filter(({ zone }) => zone !== near.zone)
  return {
    priority,
    share,
    near: here,
    far: elsewhere,
    nearShare: nearShare(
      capacity(here, 'weight'),
      capacity(elsewhere, 'weight'),
      near.loadShare,
      overprovisioning,
    ),
  }
}

/** Exchanges in flight for each endpoint of weight 1. */
function loadOf(part: Candidates): number {
  let inFlight = 0
  let weight = 0
  for (const it of part) {
    inFlight += it.inFlight
    weight += it.weight
  }
  return inFlight / weight
}

const NONE: Candidates = []

/** Any two numbers that differ. */
const FOR_TIERS = 0x9e3779b9
const FOR_ZONES = 0x85ebca6b
