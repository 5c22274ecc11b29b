import type { Endpoint } from '../core/balancer.ts'
import { assertFilter, dispose, type Filter, named } from '../core/handler.ts'
import { invalidOption } from '../core/options.ts'
import type { PoolEndpoint } from './endpoint.ts'

/** Makes the filter of one endpoint. */
export type EndpointFilter = (endpoint: Endpoint) => Filter

/**
 * One filter for each endpoint, made once and kept as long as the endpoint: what it counts, it counts of that one alone. An
 * endpoint that comes again after it was gone is another one.
 */
export class EndpointFilters {
  /** Around an attempt: the filter of its endpoint. */
  readonly filter: Filter
  readonly #make: EndpointFilter
  /** Of all running pools whose description has these. */
  readonly #made = new Map<PoolEndpoint, Filter>()

  constructor(make: EndpointFilter) {
    if (typeof make !== 'function')
      throw invalidOption('pool.useEach', 'make', 'a function (endpoint) => filter', make)
    this.#make = make
    const filter: Filter = (exchange, next) => this.of(exchange.endpoint as PoolEndpoint)(exchange, next)
    this.filter = named(filter, make.name === '' ? 'each' : make.name)
  }

  /** @throws what the maker throws, and `ERR_OPTION_INVALID` for what is no filter. */
  of(endpoint: PoolEndpoint): Filter {
    let filter = this.#made.get(endpoint)
    if (filter === undefined) {
      filter = this.#make(endpoint)
      assertFilter('pool.useEach', filter)
      this.#made.set(endpoint, filter)
    }
    return filter
  }

  /** The one that was made for an endpoint. */
  made(endpoint: PoolEndpoint): Filter | undefined {
    return this.#made.get(endpoint)
  }

  /** The endpoint is gone, and with it what its filter holds. */
  release(endpoint: PoolEndpoint): void {
    const filter = this.#made.get(endpoint)
    if (filter === undefined) return
    this.#made.delete(endpoint)
    dispose([filter], ` of the endpoint ${JSON.stringify(endpoint.id)}`)
  }

  /** All endpoints of these members are gone. */
  releaseAll(members: object): void {
    for (const endpoint of [...this.#made.keys()]) if (endpoint.members === members) this.release(endpoint)
  }
}
