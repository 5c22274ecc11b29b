import type { Runtime } from '../transport/runtime.ts'
import { PoolEndpoint } from './endpoint.ts'
import type { EndpointSpec } from './endpoint-spec.ts'
import { FiltersInUse } from './filters-in-use.ts'
import { UNKNOWN, UNPROVEN } from './health.ts'
import type { PoolDescription } from './pool-description.ts'

/** Makes the endpoints of a pool, with their connectors and the filters of their own, and unmakes them. */
export class EndpointMaker {
  readonly filters: FiltersInUse
  readonly #members: { readonly name: string }
  readonly #runtime: Runtime

  /** Of these members. */
  constructor(members: { readonly name: string }, runtime: Runtime) {
    this.filters = new FiltersInUse(members)
    this.#members = members
    this.#runtime = runtime
  }

  /**
   * Makes endpoints for a description. `probed`: whether one that has to pass a probe first can do so.
   * @throws what makers of filters throw; then nothing is left of them.
   */
  make(
    specs: readonly EndpointSpec[],
    { limits, health }: PoolDescription,
    probed: boolean,
  ): readonly PoolEndpoint[] {
    const mustPass = probed && health?.initial === 'unhealthy'
    const made: PoolEndpoint[] = []
    try {
      for (const spec of specs) {
        const connector = this.#runtime.connectors.acquire(spec.connect, limits)
        const endpoint = new PoolEndpoint(this.#members, spec, connector, mustPass ? UNPROVEN : UNKNOWN)
        made.push(endpoint)
        this.filters.make(endpoint)
      }
      return made
    } catch (error) {
      this.discard(made, limits)
      throw error
    }
  }

  /** Those that were made and never served. */
  discard(endpoints: readonly PoolEndpoint[], limits: PoolDescription['limits']): void {
    for (const endpoint of endpoints) {
      this.filters.end(endpoint)
      this.#runtime.connectors.release(endpoint.spec.connect, limits)
    }
  }
}
