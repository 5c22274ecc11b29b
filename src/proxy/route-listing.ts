import { matchText } from '../core/match.ts'
import { describeTarget, describeUses, type TargetDescription } from '../transport/runtime.ts'
import type { ProxyDescription } from './description.ts'
import { filterName } from './explanation.ts'

/** A route as lists of routes show it. */
export interface RouteDescription {
  /** What it matches, as `route` was given it. */
  readonly match: string
  /** All that surround it, outermost first: those of the proxy, of its groups, its own. */
  readonly filters: readonly string[]
  readonly target: TargetDescription
  /** What its filters send requests to. Left out where that is nothing. */
  readonly uses?: readonly TargetDescription[]
}

/** Every route, in the order in which they were added. */
export function listRoutes({ filters, routes }: ProxyDescription): readonly RouteDescription[] {
  return routes.map((route) => ({
    match: matchText(route.match),
    filters: [...filters, ...route.filters].map(filterName),
    target: describeTarget(route.target),
    ...describeUses([...filters, ...route.filters]),
  }))
}
