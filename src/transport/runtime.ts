import type { Clock } from '../core/clock.ts'
import type { Handler } from '../core/handler.ts'
import type { Labels } from '../core/labels.ts'
import type { LifecyclePhase } from '../core/lifecycle.ts'
import type { LogWriter } from '../core/log.ts'
import type { Network } from '../core/network.ts'
import type { Observer } from '../core/observer.ts'
import type { Random } from '../core/random.ts'
import { type CallTarget, ServiceAddress, usedBy } from '../core/target.ts'
import type { ConnectorRegistry } from './connector-registry.ts'
import type { EndpointProtocol } from './endpoint-protocol.ts'
import type { PoolLimitsDescription, ResilienceDescription } from './resilience-description.ts'

/** What a description is compiled against. */
export interface Runtime {
  readonly clock: Clock
  readonly random: Random
  readonly network: Network
  readonly observer?: Observer | undefined
  readonly log: LogWriter
  /** Connections outlive the snapshot that opened them, as long as one that uses them follows. */
  readonly connectors: ConnectorRegistry
  /** For a target that names another one. */
  readonly targets: TargetRegistry
  /** What the proxy is about; `undefined` where nothing was started: with `handler()`. */
  readonly lifecycle?: { readonly phase: LifecyclePhase } | undefined
}

/** The targets that run. Each is one, whoever names it: routes, reloads, other targets. */
export interface TargetRegistry {
  /** A target as it runs: one of those that whoever asks `uses`. */
  running(target: Compilable): Compiled
}

/** A description that was compiled: its handler, its begin and its end. */
export interface Compiled {
  readonly handler: Handler
  /** Whether it is fit to serve, as far as it knows. Left out where nothing is known. */
  readonly fit?: boolean
  /**
   * Begins what goes on beside exchanges, such as probes. Of a running proxy only; called again, it does nothing. Where it
   * goes on with what another one has begun, that begins with `takeOver`.
   */
  start(): void
  /** Its description is in force from now on: what it goes on with follows it. Only where it was compiled with a `before`. */
  takeOver(): void
  /** Releases what it holds. No exchange uses it any more. */
  close(): void
}

/** Something that can stand where a handler stands, and is compiled to one: a pool. */
export interface Compilable {
  /** What it is, for `explain`. */
  describe(): TargetDescription
  /** @internal What its endpoints speak; `undefined` or left out where it has none, or they are not known yet. */
  readonly protocol?: EndpointProtocol | undefined
  /** @internal Other targets that it needs: compiled before it, and kept as long as it is. Left out where it needs none. */
  readonly uses?: readonly CallTarget[]
  /** @internal `before` is what runs under another description, and is gone on with. */
  compile(runtime: Runtime, before?: Compiled): Compiled
}

/** What answers a route: a handler, or something that compiles to one. */
export type Target = Handler | Compilable

/** A target as `explain` shows it. */
export interface TargetDescription {
  /** `service` is a pool that the proxy makes of an address, which a filter has. */
  readonly kind: 'handler' | 'pool' | 'service'
  /** The pool's `name`, that of the handler function (`handler` where it has none), or the address. */
  readonly name: string
  /** The name of the balancer's function. Of a pool only. */
  readonly balancer?: string
  /** Names of the filters around the pool as a whole, outermost first. Of a pool only. */
  readonly guards?: readonly string[]
  /** Names of the filters around each attempt, outermost first. Of a pool only. */
  readonly filters?: readonly string[]
  /** In the order in which they were given; none where `source` gives them. Of a pool only. */
  readonly endpoints?: readonly EndpointDescription[]
  /** The name of the function that gives the endpoints once the proxy runs. Of a pool only. */
  readonly source?: string
  /** What it does when endpoints fail or are slow. Of a pool only. */
  readonly resilience?: ResilienceDescription
  /** What it grants each endpoint, and takes from it. Of a pool only. */
  readonly limits?: PoolLimitsDescription
  /** What its filters, or the handler itself, send requests to. Left out where that is nothing. */
  readonly uses?: readonly TargetDescription[]
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
  /** The tier that it is of. Default 0, the first one. */
  readonly priority: number
  /** Where it stands; `undefined` where none was given. */
  readonly zone: string | undefined
  /** What subsets go by. */
  readonly labels: Labels
  /** Whether this proxy uses it: `false` outside its aperture. */
  readonly used: boolean
}

/** A target in a few words. */
export function describeTarget(target: CallTarget): TargetDescription {
  if (isCompilable(target)) return target.describe()
  if (target instanceof ServiceAddress) return describeService(target)
  const handler = target as Handler
  return { kind: 'handler', name: handler.name === '' ? 'handler' : handler.name, ...describeUses([handler]) }
}

/** Targets that functions name, as the part of a description that says so. */
export function describeUses(fns: readonly object[]): Pick<TargetDescription, 'uses'> {
  const uses = usedBy(fns).map(describeTarget)
  return uses.length === 0 ? {} : { uses }
}

function describeService({ origin }: ServiceAddress): TargetDescription {
  const endpoint = {
    id: origin,
    url: origin,
    weight: 1,
    priority: 0,
    zone: undefined,
    labels: {},
    used: true,
  }
  return { kind: 'service', name: origin, endpoints: [endpoint] }
}

export function isCompilable(target: unknown): target is Compilable {
  return (
    typeof target === 'object' &&
    target !== null &&
    typeof (target as Partial<Compilable>).compile === 'function'
  )
}
