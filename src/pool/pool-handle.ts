import type { EndpointSnapshot } from '../core/endpoint-snapshot.ts'
import type { Duration } from '../core/options.ts'
import type { EndpointOptions } from './endpoint-spec.ts'
import type { PoolEvents } from './pool-events.ts'

export interface EndpointDrainOptions {
  /** After so long, attempts that still run are given up, with `endpoint_drained`. Default `Infinity`: none is. */
  limitMs?: Duration
}

export interface EndpointEjectOptions {
  /** How long it is left alone; it is not longer for having been ejected before. */
  forMs: Duration
  /** What is shown and told of it, one line. Default `by hand`. */
  reason?: string
}

/**
 * A pool that runs: what is known of it, and the means to change and to steer it. `RunningProxy.pool` gives it.
 *
 * It stays good when a reload makes the pool anew. When the pool ends, with the proxy or because a reload has taken it away
 * and its last exchange is over, `endpoints` is empty, the events end, and the rest throws.
 */
export interface PoolHandle {
  readonly name: string
  /**
   * What is known of each endpoint now, in the order of the pool; and behind them, as `removed`, those that it names no more
   * but that have something in flight.
   */
  readonly endpoints: readonly EndpointSnapshot[]
  /** What happens to the pool from now on, for each who iterates. */
  readonly events: PoolEvents
  /**
   * Replaces the list of endpoints. One with the id and address (and TLS) of one before is the same: it keeps its connections,
   * health, ejection, drain, response time and counts; its weight and zone are the new ones. A new one is probed where the
   * pool probes, and begins with a slow start where the pool has one. One that is not in the list is chosen no more from now
   * on, and what runs on it finishes.
   *
   * An empty list is taken at its word: then the pool answers 503 `no_endpoint`. The list stays until another one comes: by
   * this, or by a reload that makes the pool anew.
   *
   * @throws `ERR_OPTION_INVALID` for a list that is wrong, which then changes nothing; and where the pool has a source.
   */
  update(endpoints: readonly (string | EndpointOptions)[]): void
  /**
   * Has an endpoint chosen no more, not even in a panic, until it is readmitted. What runs on it finishes, tunnels included.
   * Resolves with `true` when nothing is in flight on it any more, and with `false` where it was readmitted before that.
   *
   * Of this pool alone: another one that names the same address is drained apart.
   *
   * Trap: an attempt is in flight from when it is sent. Where filters of the pool (`use`) wait before they call `next`, one
   * that had the endpoint chosen before the drain may be sent after its end.
   *
   * @throws `ERR_OPTION_INVALID` for an id that no endpoint of the pool has.
   */
  drain(endpointId: string, options?: EndpointDrainOptions): Promise<boolean>
  /**
   * Lets an endpoint that was drained be chosen again: with a slow start, where the pool has one. Nothing for others.
   * @throws `ERR_OPTION_INVALID` for an id that no endpoint of the pool has.
   */
  readmit(endpointId: string): void
  /**
   * Leaves an endpoint alone for a time, as a pool with `eject` does by itself: for who knows from elsewhere that something is
   * wrong with it. What runs on it finishes. Returns whether it is ejected: not where as many are as `maxEjected` allows. One
   * that is ejected already stays so until the later end. It ends by itself; in a panic the endpoint is chosen all the same.
   * Where several workers serve as one, it holds in all of them; in the others no longer than the longest of the pool's own.
   *
   * @example
   * running.pool('users').eject('http://10.0.0.7:8080', { forMs: '30s', reason: 'disk full' })
   *
   * @throws `ERR_OPTION_INVALID` for an id that no endpoint of the pool has, an option that is wrong, and where the pool has no
   * `eject`.
   */
  eject(endpointId: string, options: EndpointEjectOptions): boolean
  /**
   * Gives an endpoint another weight: a positive number. It stays until a list of endpoints gives it a weight that the list
   * before it did not: by `update`, by the pool's source, or by a reload. A slow start goes on, to the new weight.
   *
   * Trap: a balancer that ignores weights ignores this as well.
   *
   * @throws `ERR_OPTION_INVALID` for an id that no endpoint of the pool has, and for a weight that is none.
   */
  reweight(endpointId: string, weight: number): void
}
