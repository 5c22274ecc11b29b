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
  for (const keyOf of [name, nameAndIds]) {
    const before = alone(served, ({ target }) => keyOf(target))
    for (const [key, target] of alone([...targets], keyOf)) {
      const predecessor = before.get(key)
      if (predecessor !== undefined && predecessor.target !== target) found.set(target, predecessor)
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
