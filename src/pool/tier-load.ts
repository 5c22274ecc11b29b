/**
 * The part of the load that each tier gets, the first tier first: Envoy's priority load, in fractions.
 *
 * A tier carries its health, from 0 to 1, times `overprovisioning`, and at most all of the load. It gets what the tiers before
 * it leave, up to that. Where all of them together cannot carry the load, each gets its part of what they can. Without any
 * health, the first tier gets everything.
 */
export function tierShares(healths: readonly number[], overprovisioning: number): number[] {
  const carried = healths.map((health) => carriedBy(health, overprovisioning))
  const total = Math.min(1, sum(carried))
  if (total === 0) return healths.map((_, i) => (i === 0 ? 1 : 0))
  let left = 1
  return carried.map((part) => {
    const share = Math.min(left, part / total)
    // What rounding leaves is nobody's.
    left = left - share < 1e-9 ? 0 : left - share
    return share
  })
}

/** Whether all tiers together can carry the load. */
export function areEnough(healths: readonly number[], overprovisioning: number): boolean {
  return sum(healths.map((health) => carriedBy(health, overprovisioning))) > 1 - 1e-9
}

function carriedBy(health: number, overprovisioning: number): number {
  return Math.min(1, health * overprovisioning)
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, it) => total + it, 0)
}
