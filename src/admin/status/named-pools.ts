import type { TargetDescription } from '../../transport/runtime.ts'

/** The pools among targets, with those that they use and fall back to, each once by its name. */
export function namedPools(targets: readonly TargetDescription[]): ReadonlyMap<string, TargetDescription> {
  const found = new Map<string, TargetDescription>()
  for (const target of targets) collect(target, found)
  return found
}

function collect(target: TargetDescription, found: Map<string, TargetDescription>): void {
  if (target.kind !== 'handler' && !found.has(target.name)) found.set(target.name, target)
  for (const used of target.uses ?? []) collect(used, found)
  if (target.fallback !== undefined) collect(target.fallback, found)
}
