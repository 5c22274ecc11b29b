import type { TargetDescription } from '../../transport/runtime.ts'

/** A target as lists of routes have it: without endpoints, which are told of once, with their pool, however many routes lead there. */
export function listedTarget(described: TargetDescription): TargetDescription {
  const { endpoints: _, uses, fallback, ...target } = described
  return {
    ...target,
    ...(uses === undefined ? {} : { uses: uses.map(listedTarget) }),
    ...(fallback === undefined ? {} : { fallback: listedTarget(fallback) }),
  }
}
