import type { HostPattern } from './host-pattern.ts'
import type { Branch } from './match.ts'
import type { PathPattern } from './path-pattern.ts'

/**
 * The one order in which routes are tried: negative when `one` goes before `other`.
 *
 * 1. Host: an exact name, then `*.` names, the longer first, then none. Of the same name, one with a port goes first.
 * 2. Path, segment by segment from the left: a static segment, then a parameter, then a wildcard, then the end of the
 *    pattern. Of the same segments, an exact pattern goes before a prefix.
 * 3. Conditions: more of them go first. The methods are one, each header, query parameter and cookie, each predicate
 *    and each `not(...)` is one.
 *
 * What is left equal goes by order of definition. Of two patterns that can match the same request, the one that matches
 * fewer paths always goes first.
 */
export function compareSpecificity(one: Branch, other: Branch): number {
  return (
    compareHosts(one.host, other.host) ||
    comparePaths(one.path, other.path) ||
    countConditions(other) - countConditions(one)
  )
}

function compareHosts(one: HostPattern | undefined, other: HostPattern | undefined): number {
  if (one === undefined || other === undefined) return Number(one === undefined) - Number(other === undefined)
  return (
    Number(one.wildcard) - Number(other.wildcard) ||
    other.name.length - one.name.length ||
    compareTexts(one.name, other.name) ||
    Number(one.port === undefined) - Number(other.port === undefined) ||
    (one.port ?? 0) - (other.port ?? 0)
  )
}

export function comparePaths(one: PathPattern, other: PathPattern): number {
  for (let i = 0; ; i++) {
    const rank = segmentRank(one, i)
    const difference = rank - segmentRank(other, i)
    if (difference !== 0) return difference
    if (rank === END) break
    const a = one.segments[i]
    const b = other.segments[i]
    if (a?.kind !== 'static' || b?.kind !== 'static') continue
    const order = compareTexts(a.text, b.text)
    if (order !== 0) return order
  }
  return Number(other.exact) - Number(one.exact) || Number(other.trailingSlash) - Number(one.trailingSlash)
}

const END = 3

function segmentRank({ segments, rest }: PathPattern, i: number): number {
  const segment = segments[i]
  if (segment !== undefined) return segment.kind === 'static' ? 0 : 1
  return rest !== undefined && i === segments.length ? 2 : END
}

function countConditions({ methods, conditions }: Branch): number {
  return conditions.length + (methods === undefined ? 0 : 1)
}

/** By code units, as `<` does. */
function compareTexts(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0
}
