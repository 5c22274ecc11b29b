import type { Filter, HeadersInit, Pool } from 'gatewright'

/**
 * One line of the table of costs: a route with a filter, and what is asked of it. Of a file's `costs`, the first is the usual
 * use of the filter, which the lists of filters show.
 */
export interface FilterCost {
  /** What the table calls it, where that is not the filter's name alone: `jwt, warm cache`. */
  readonly name: string
  /** Filters of the route, outermost first. `users` is the pool that answers it, which a target may name. */
  readonly filters: (users: Pool) => readonly Filter[] | Promise<readonly Filter[]>
  /**
   * Fields of each request beside `Host`, `User-Agent` and `Accept`, or in place of the last two; a function where they have
   * to be made first.
   */
  readonly headers?: HeadersInit | (() => HeadersInit | Promise<HeadersInit>)
  /** Default `GET`. */
  readonly method?: string
  /** Default `/users/7`. */
  readonly path?: string
  /** Content of each request. Default none. */
  readonly body?: string | Buffer
  /** What the service answers, as it goes over the wire. Default 200 with 1 KiB of text and three fields. */
  readonly response?: string | Buffer
  /** The status that each client must be answered with. Default that of `response`: a filter that fails is not to be measured. */
  readonly status?: number
}
