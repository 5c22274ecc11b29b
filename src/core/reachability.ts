import { hostPatternText } from './host-pattern.ts'
import type { Branch } from './match.ts'
import type { PathPattern } from './path-pattern.ts'
import { compareSpecificity } from './specificity.ts'

interface Placed {
  readonly branch: Branch
  /** Of the route that it belongs to. */
  readonly order: number
}

/**
 * The first route that no request can reach, and one that takes its requests.
 *
 * A branch is out of reach when branches that go before it match all that it matches: those of the same host whose path
 * covers its path, whose conditions are among its own, and whose methods together hold all of its own. In the order of
 * specificity, a branch that goes first and covers has the same path, or ends in a parameter where the other has a `*`;
 * so only those are compared, and a thousand routes cost a thousand look-ups. A predicate equals nothing, not even
 * itself.
 */
export function findUnreachable<P extends Placed>(placed: readonly P[]): { route: P; by: P } | undefined {
  const byPlace = new Map<string, P[]>()
  for (const it of placed) {
    const key = placeKey(it.branch, it.branch.path)
    const there = byPlace.get(key)
    if (there === undefined) byPlace.set(key, [it])
    else there.push(it)
  }
  const takers = new Map<number, P | undefined>()
  for (const it of placed) {
    // A route is out of reach when each of its branches is.
    if (takers.has(it.order) && takers.get(it.order) === undefined) continue
    takers.set(it.order, takerOf(it, candidatesFor(it.branch, byPlace)))
  }
  for (const it of placed) {
    const by = takers.get(it.order)
    if (by !== undefined) return { route: it, by }
  }
  return undefined
}

function candidatesFor<P extends Placed>(
  branch: Branch,
  byPlace: ReadonlyMap<string, readonly P[]>,
): readonly P[] {
  const same = byPlace.get(placeKey(branch, branch.path)) ?? []
  const { segments, rest } = branch.path
  if (rest === undefined) return same
  const covering: PathPattern = {
    segments: [...segments, { kind: 'param', name: rest }],
    exact: false,
    trailingSlash: false,
    rest: undefined,
  }
  return [...same, ...(byPlace.get(placeKey(branch, covering)) ?? [])]
}

/** Equal for branches that stand at the same place: same host, same path but for the names of parameters. */
function placeKey({ host }: Branch, { segments, exact, trailingSlash, rest }: PathPattern): string {
  const shape = segments.map((segment) => (segment.kind === 'static' ? segment.text : null))
  const where = host === undefined ? null : hostPatternText(host)
  return JSON.stringify([where, shape, exact, trailingSlash, rest !== undefined])
}

function takerOf<P extends Placed>(it: P, candidates: readonly P[]): P | undefined {
  const own = new Set(it.branch.conditions.map(({ key }) => key))
  const missing = it.branch.methods === undefined ? undefined : new Set(it.branch.methods)
  for (const candidate of candidates) {
    if (candidate.order === it.order || !goesBefore(candidate, it)) continue
    const { conditions, methods } = candidate.branch
    if (!conditions.every(({ key }) => key !== undefined && own.has(key))) continue
    if (methods === undefined) return candidate
    if (missing === undefined) continue
    for (const method of methods) missing.delete(method)
    if (missing.size === 0) return candidate
  }
  return undefined
}

function goesBefore(one: Placed, other: Placed): boolean {
  const order = compareSpecificity(one.branch, other.branch)
  return order === 0 ? one.order < other.order : order < 0
}
