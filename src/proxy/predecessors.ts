import type { Compilable } from '../transport/runtime.ts'
import type { CompiledTarget } from './compiled-targets.ts'

/**
 * Which running pool each pool of a new description is made from, where it is not the same object: as it is when a module is
 * evaluated again.
 *
 * It is the one of the same name, where no other pool of either description has that name; else the one of the same name and
 * the same ids of endpoints, where no other has both. A pool for which neither holds is a new one: to go on with the wrong one
 * would be worse than to begin anew.
 */
export function predecessors(
  targets: ReadonlySet<Compilable>,
  served: readonly CompiledTarget[],
): Map<Compilable, CompiledTarget> {
  const found = new Map<Compilable, CompiledTarget>()
  const taken = new Set(served.filter(({ target }) => targets.has(target)))
  for (const keyOf of [name, nameAndIds]) {
    const now = alone([...targets], keyOf)
    const before = alone(served, ({ target }) => keyOf(target))
    for (const [key, target] of now) {
      const predecessor = before.get(key)
      if (predecessor === undefined || taken.has(predecessor)) continue
      if (found.has(target) || served.some((it) => it.target === target)) continue
      found.set(target, predecessor)
      taken.add(predecessor)
    }
  }
  return found
}

/** Those that are alone with their key. */
function alone<T>(all: readonly T[], keyOf: (one: T) => string): Map<string, T> {
  const byKey = new Map<string, T[]>()
  for (const one of all) byKey.set(keyOf(one), [...(byKey.get(keyOf(one)) ?? []), one])
  return new Map([...byKey].flatMap(([key, those]) => (those.length === 1 ? [[key, those[0]!]] : [])))
}

function name(target: Compilable): string {
  return target.describe().name
}

function nameAndIds(target: Compilable): string {
  const { name, endpoints = [] } = target.describe()
  return JSON.stringify([name, ...endpoints.map(({ id }) => id).sort()])
}
