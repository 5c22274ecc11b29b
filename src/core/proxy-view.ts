import type { Clock } from './clock.ts'
import type { EndpointSnapshot } from './endpoint-snapshot.ts'
import type { FilterState } from './filter-state.ts'
import type { LifecyclePhase } from './lifecycle.ts'
import type { ConnectionRefusal } from './observer.ts'
import type { Readiness } from './readiness.ts'

/** How things stand with a running proxy, as what goes with it sees that. All of it is of the moment when it is asked. */
export interface ProxyView {
  readonly clock: Clock
  /** The date when it was started: milliseconds since 1970 UTC. */
  readonly startedAt: number
  readonly phase: LifecyclePhase
  readonly readiness: Readiness
  readonly listeners: readonly ListenerView[]
  /** In the order of the routes that lead to them. */
  readonly pools: readonly PoolView[]
  /** Filters that keep numbers of their own. */
  readonly filterStates: readonly FilterStateView[]
  /** What it could tell Prometheus. */
  readonly expositions: readonly Exposition[]
}

export interface ListenerView {
  /** As `RunningProxy.urls` has it. */
  readonly url: string
  /** Open client connections, those in a TLS handshake included. */
  readonly connections: number
  /** Connections that were accepted so far. */
  readonly accepted: number
  /** Connections that never came to a request, by the reason why. */
  readonly refusals: ReadonlyMap<ConnectionRefusal, number>
  /** When the first of its certificates is over: milliseconds since 1970 UTC. `undefined` without TLS. */
  readonly certificatesEndAt: number | undefined
}

export interface PoolView {
  readonly name: string
  readonly endpoints: readonly EndpointSnapshot[]
}

export interface FilterStateView {
  /** The filter's name; with ` #2` behind it where it is not the first of that name at its place. */
  readonly name: string
  /** Where it stands: `proxy`, `connect`, the match of a route, `pool users`, or `pool users, http://u1:8080` of one endpoint. */
  readonly at: string
  /** The filter itself, as it was given to `use`. */
  readonly filter: object
  readonly state: FilterState
}

/** Figures in the text formats of Prometheus. */
export interface Exposition {
  /** Writes all of them in pieces, between which the event loop has its turn. `accept`: the field of the request. */
  expose(accept: string | undefined): Exposed
}

export interface Exposed {
  /** The media type of what is written. */
  readonly contentType: string
  readonly pieces: AsyncIterable<string>
}
