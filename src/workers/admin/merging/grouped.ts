/**
 * What several workers have of the same things, thing by thing, in the order in which the first one that has it has it. A key
 * that stands twice in one list stands for two things: its first in each list are one, and its second.
 */
export function grouped<T>(lists: readonly (readonly T[])[], keyOf: (one: T) => string): T[][] {
  const groups = new Map<string, T[]>()
  for (const list of lists) {
    const seen = new Map<string, number>()
    for (const one of list) {
      const key = keyOf(one)
      const count = seen.get(key) ?? 0
      seen.set(key, count + 1)
      const place = JSON.stringify([key, count])
      const group = groups.get(place)
      if (group === undefined) groups.set(place, [one])
      else group.push(one)
    }
  }
  return [...groups.values()]
}
