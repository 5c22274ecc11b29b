import type { Clock } from '../core/clock.ts'
import type { Handler } from '../core/handler.ts'
import type { Network } from '../core/network.ts'
import type { Observer } from '../core/observer.ts'
import type { Random } from '../core/random.ts'
import type { ConnectorRegistry } from './connector-registry.ts'

/** What a description is compiled against. */
export interface Runtime {
  readonly clock: Clock
  readonly random: Random
  readonly network: Network
  readonly observer?: Observer | undefined
  /** Connections outlive the snapshot that opened them, as long as one that uses them follows. */
  readonly connectors: ConnectorRegistry
  /** For a target that names another one. */
  readonly targets: TargetRegistry
}

/** Compiles each target once, whoever names it: routes, reloads, other targets. */
export interface TargetRegistry {
  /** The target as it runs. To be released as often as it was acquired; the last one to do so closes it. */
  acquire(target: Compilable): Compiled
  release(target: Compilable): void
}

/** A description that was compiled: its handler, its begin and its end. */
export interface Compiled {
  readonly handler: Handler
  /** Begins what goes on beside exchanges, such as probes. Of a running proxy only; called again, it does nothing. */
  start(): void
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
  /** The pool's `name`, or that of the handler function; `handler` where it has none. */
  readonly name: string
  /** The name of the balancer's function. Of a pool only. */
  readonly balancer?: string
  /** Names of the filters around the pool as a whole, outermost first. Of a pool only. */
  readonly guards?: readonly string[]
  /** Names of the filters around each attempt, outermost first. Of a pool only. */
  readonly filters?: readonly string[]
  /** In the order in which they were given. Of a pool only. */
  readonly endpoints?: readonly EndpointDescription[]
  /** What answers where the pool fails; `undefined` where nothing does. Of a pool only. */
  readonly fallback?: TargetDescription | undefined
}

/** An endpoint as `explain` shows it. */
export interface EndpointDescription {
  /** What hashing balancers go by. Default the url. */
  readonly id: string
  /** Scheme, host and port. */
  readonly url: string
  /** Its share beside the others. Default 1. */
  readonly weight: number
  /** Where it stands, for balancers of your own; `undefined` where none was given. */
  readonly zone: string | undefined
}

/** A target in a few words. */
export function describeTarget(target: Target): TargetDescription {
  if (isCompilable(target)) return target.describe()
  return { kind: 'handler', name: target.name === '' ? 'handler' : target.name }
}

export function isCompilable(target: unknown): target is Compilable {
  return (
    typeof target === 'object' &&
    target !== null &&
    typeof (target as Partial<Compilable>).compile === 'function'
  )
}
