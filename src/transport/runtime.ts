import type { Clock } from '../core/clock.ts'
import type { Handler } from '../core/handler.ts'
import type { Network } from '../core/network.ts'
import type { Random } from '../core/random.ts'
import type { ConnectorRegistry } from './connector-registry.ts'

/** What a description is compiled against. */
export interface Runtime {
  readonly clock: Clock
  readonly random: Random
  readonly network: Network
  /** Connections outlive the snapshot that opened them, as long as one that uses them follows. */
  readonly connectors: ConnectorRegistry
}

/** A description that was compiled: its handler, and its end. */
export interface Compiled {
  readonly handler: Handler
  /** Releases what it holds. No exchange uses it any more. */
  close(): void
}

/** Something that can stand where a handler stands, and is compiled to one: a pool. */
export interface Compilable {
  /** What it is, for `explain`. */
  describe(): TargetDescription
  /** @internal */
  compile(runtime: Runtime): Compiled
}

/** What answers a route: a handler, or something that compiles to one. */
export type Target = Handler | Compilable

/** A target as `explain` shows it. */
export interface TargetDescription {
  readonly kind: 'handler' | 'pool'
  readonly name: string
  readonly balancer?: string
  readonly filters?: readonly string[]
  readonly endpoints?: readonly EndpointDescription[]
}

export interface EndpointDescription {
  readonly id: string
  readonly url: string
  readonly weight: number
  readonly zone: string | undefined
}

export function isCompilable(target: unknown): target is Compilable {
  return (
    typeof target === 'object' &&
    target !== null &&
    typeof (target as Partial<Compilable>).compile === 'function'
  )
}
