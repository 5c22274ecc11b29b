/** How much of a load an endpoint had. */
export interface EndpointShare {
  /** How often it was picked. */
  readonly picks: number
  /** How often it should have been, by its weight, for as long as it was in the pool. */
  readonly fair: number
}

/** @internal The endpoints of a pool, from a moment on. */
export interface Membership {
  readonly fromMs: number
  readonly members: readonly { readonly id: string; readonly weight: number }[]
}

/** @internal A choice of the balancer. */
export interface Pick {
  readonly atMs: number
  readonly id: string
}

/** @internal Memberships in the order of time. */
export function sharesOf(
  picks: Iterable<Pick>,
  memberships: readonly Membership[],
): Record<string, EndpointShare> {
  const shares: Record<string, { picks: number; fair: number }> = {}
  for (const { members } of memberships) for (const { id } of members) shares[id] = { picks: 0, fair: 0 }
  const perMembership = memberships.map(() => 0)
  for (const { atMs, id } of picks) {
    shares[id]!.picks++
    perMembership[memberships.findLastIndex(({ fromMs }) => fromMs <= atMs)]!++
  }
  for (const [i, { members }] of memberships.entries()) {
    const total = members.reduce((sum, { weight }) => sum + weight, 0)
    for (const { id, weight } of members) shares[id]!.fair += (perMembership[i]! * weight) / total
  }
  return shares
}

/** @internal The most that an endpoint had for what it should have had. */
export function largestShare(shares: Readonly<Record<string, EndpointShare>>): number {
  let largest = 0
  for (const { picks, fair } of Object.values(shares)) if (fair > 0) largest = Math.max(largest, picks / fair)
  return largest
}
