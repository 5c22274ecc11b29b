import type { Balancer } from '../core/balancer.ts'
import type { NamedPart } from './part.ts'

/** The balancers that a configuration can name, by their names in the builder. */
export const balancerParts: Readonly<Record<string, NamedPart<Balancer>>> = {}
