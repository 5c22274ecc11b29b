import { type Attribute, attribute } from '../core/attribute.ts'
import type { Candidates } from '../core/balancer.ts'
import type { Exchange } from '../core/exchange.ts'
import type { Random } from '../core/random.ts'
import { CandidateGroup, type GroupRules } from './candidate-group.ts'
import type { PoolEndpoint } from './endpoint.ts'
import { isFit } from './health.ts'
import type { PoolDescription } from './pool-description.ts'
import { hasLabels, type SubsetSettings, type Wanted, wantedOf } from './subset.ts'
import type { Untried } from './untried.ts'
import type { ZoneSettings } from './zone.ts'

/** What a pool narrows its candidates by. One object for as long as the pool runs. */
export interface PartRules extends Omit<GroupRules, 'near'> {
  readonly zone: ZoneSettings | undefined
  readonly subset: SubsetSettings | undefined
  /** Under which an exchange has what its subset is, for its further attempts in this pool. */
  readonly wanted: Attribute<Wanted>
}

/** `before`: those of the description that was in force, whose exchanges may still run. */
export function partRules(
  { panicThreshold, overprovisioning, zone, subset, balancer }: PoolDescription,
  random: Random,
  before?: PartRules,
): PartRules {
  return {
    panicThreshold,
    overprovisioning,
    zone,
    subset,
    wanted: before?.wanted ?? attribute('pool.subset'),
    keyHash: balancer.keyHash,
    random,
  }
}

/** Why an endpoint that might have served was not among those that the balancer chose from. */
export type LeftOut = 'other subset' | 'other tier' | 'other zone'

/** So many subsets are kept; where there are more, they are made anew. */
const MAX_KEPT = 64

/** The parts of a pool's candidates; `undefined` where the balancer always chooses from all of them. */
export function candidateParts(
  members: readonly PoolEndpoint[],
  rules: PartRules,
  untried: Untried,
): CandidateParts | undefined {
  const { zone, subset } = rules
  const all = members.every(isAdmitted) ? members : members.filter(isAdmitted)
  const hasTiers = all.some(({ priority }) => priority !== all[0]!.priority)
  return hasTiers || zone !== undefined || subset !== undefined
    ? new CandidateParts(all, rules, untried)
    : undefined
}

/**
 * What the balancer of a pool with tiers, a preferred zone or subsets chooses from: for each attempt one part of the
 * candidates. Made for one snapshot; while that lives, the same part is the same array.
 */
export class CandidateParts {
  readonly #all: readonly PoolEndpoint[]
  readonly #rules: PartRules
  readonly #groupRules: GroupRules
  readonly #untried: Untried
  /** Those who serve where no labels are asked for. */
  readonly #whole: CandidateGroup
  readonly #subsets = new Map<string, CandidateGroup>()

  constructor(all: readonly PoolEndpoint[], rules: PartRules, untried: Untried) {
    const { zone } = rules
    this.#all = all
    this.#rules = rules
    this.#groupRules = {
      ...rules,
      near: zone === undefined ? undefined : { ...zone, loadShare: zone.loadShare ?? evenShare(all) },
    }
    this.#untried = untried
    this.#whole = new CandidateGroup(all, this.#groupRules, untried)
  }

  /** All that may be chosen where no labels are asked for, in the order of the pool. */
  get endpoints(): readonly PoolEndpoint[] {
    return this.#whole.serving
  }

  /** Whether some of them are not fit to serve. */
  get panic(): boolean {
    return !this.#whole.serving.every(isFit)
  }

  /** What to choose from for an attempt; empty where nothing may be chosen. The first attempt asks for labels anew. */
  from(exchange: Exchange, tried: readonly PoolEndpoint[]): Candidates {
    const { subset, wanted } = this.#rules
    if (subset === undefined) return this.#whole.from(exchange, tried)
    if (tried.length === 0) exchange.set(wanted, wantedOf(subset.select, exchange))
    return this.#groupFor(exchange, subset).from(exchange, tried)
  }

  /** All that may be chosen for an exchange, by whichever attempt. */
  servingFor(exchange: Exchange): Candidates {
    const { subset } = this.#rules
    return subset === undefined ? this.#whole.serving : this.#groupFor(exchange, subset).serving
  }

  /**
   * Why an endpoint was not in `from`, the array that the balancer of this exchange was given. `undefined` where it was, or
   * where that is for other reasons: its health, an ejection, an earlier attempt.
   */
  whyLeftOut(endpoint: PoolEndpoint, exchange: Exchange, from: Candidates): LeftOut | undefined {
    const { subset, zone } = this.#rules
    const group = subset === undefined ? this.#whole : this.#groupFor(exchange, subset)
    if (!group.members.includes(endpoint)) return 'other subset'
    if (!group.serving.includes(endpoint)) return undefined
    if (!from.some(({ priority }) => priority === endpoint.priority)) return 'other tier'
    const isNear = endpoint.zone === zone?.zone
    return zone === undefined || from.some((it) => (it.zone === zone.zone) === isNear)
      ? undefined
      : 'other zone'
  }

  #groupFor(exchange: Exchange, { fallback }: SubsetSettings): CandidateGroup {
    const wanted = exchange.get(this.#rules.wanted)
    if (wanted === undefined || wanted.entries.length === 0) return this.#whole
    const known = this.#subsets.get(wanted.key)
    if (known !== undefined) return known
    const members = this.#all.filter((it) => hasLabels(it, wanted))
    if (fallback === 'any' && !members.some(isFit)) return this.#whole
    const group = new CandidateGroup(members, this.#groupRules, this.#untried)
    // Clients may ask for whatever they like: only what there is is kept.
    if (members.length > 0) this.#keep(wanted, group)
    return group
  }

  #keep({ key }: Wanted, group: CandidateGroup): void {
    if (this.#subsets.size >= MAX_KEPT) this.#subsets.clear()
    this.#subsets.set(key, group)
  }
}

function isAdmitted({ admission }: PoolEndpoint): boolean {
  return admission === 'admitted'
}

/** The part of the load that comes in through each zone, if it is the same for all that have endpoints. */
function evenShare(all: readonly PoolEndpoint[]): number {
  return 1 / Math.max(1, new Set(all.map(({ zone }) => zone)).size)
}
