import type { Observers } from '../core/observers.ts'
import type { SharedPlace, SharingHold, StateSharing } from '../core/shared-state.ts'
import type { RunningPool } from '../pool/running-pool.ts'
import type { CompiledProxy } from './compiled-proxy.ts'
import type { ProxyDescription } from './description.ts'
import { filterStates } from './filter-states.ts'

/** What a running proxy shares with processes that have the same one: of the description that it serves. */
export class SharedParts {
  readonly #sharing: StateSharing
  #held: SharingHold | undefined
  #renewing = false

  constructor(sharing: StateSharing, observers: Observers) {
    this.#sharing = sharing
    const renew = (): void => this.#renew()
    observers.add({ endpointAdded: renew, endpointRemoved: renew })
  }

  /** Shares those of another description; those of the one before until its last exchange is over. */
  follow(compiled: CompiledProxy, description: ProxyDescription): void {
    const held = this.#sharing.hold(() => sharedPlaces(description, compiled.pools))
    this.#held = held
    compiled.onClosed = () => held.release()
  }

  /** Endpoints have filters of their own, and come and go many at a time: looked at once, and before anything else happens. */
  #renew(): void {
    if (this.#renewing) return
    this.#renewing = true
    queueMicrotask(() => {
      this.#renewing = false
      this.#held?.renew()
    })
  }
}

/** Filters that keep numbers, and what pools know of their endpoints. */
function sharedPlaces(description: ProxyDescription, pools: readonly RunningPool[]): SharedPlace[] {
  const filters = filterStates(description, pools)
  return [
    ...filters.map(({ at, name, filter }) => ({ at, name, thing: filter })),
    ...pools.map(({ handle }) => ({ at: `pool ${handle.name}`, name: 'endpoints', thing: handle })),
  ]
}
