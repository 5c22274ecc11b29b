import type { PoolEndpoint } from './endpoint.ts'
import type { EndpointFilters } from './endpoint-filters.ts'

/**
 * The filters that the endpoints of a pool have of their own, of all descriptions that the pool runs under: after a reload,
 * two for a while. They are made when an endpoint comes or a description does, so that what is wrong with them is known
 * before either counts.
 */
export class FiltersInUse {
  readonly #members: object
  readonly #users = new Map<EndpointFilters, number>()

  /** Of the endpoints of these members. */
  constructor(members: object) {
    this.#members = members
  }

  /** One more description has some. @throws what a maker throws; then none was made. */
  acquire(wanted: readonly EndpointFilters[], endpoints: readonly PoolEndpoint[]): void {
    for (const each of wanted) this.#users.set(each, (this.#users.get(each) ?? 0) + 1)
    try {
      for (const each of wanted) for (const endpoint of endpoints) each.of(endpoint)
    } catch (error) {
      this.release(wanted)
      throw error
    }
  }

  /** One description less has them. */
  release(wanted: readonly EndpointFilters[]): void {
    for (const each of wanted) {
      const users = this.#users.get(each)! - 1
      if (users > 0) this.#users.set(each, users)
      else {
        this.#users.delete(each)
        each.releaseAll(this.#members)
      }
    }
  }

  /** @throws what a maker throws; then the endpoint has none. */
  make(endpoint: PoolEndpoint): void {
    try {
      for (const each of this.#users.keys()) each.of(endpoint)
    } catch (error) {
      this.end(endpoint)
      throw error
    }
  }

  /** An endpoint is gone. */
  end(endpoint: PoolEndpoint): void {
    for (const each of this.#users.keys()) each.release(endpoint)
  }
}
