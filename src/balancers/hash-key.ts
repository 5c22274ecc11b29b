import { type Balancer, type Candidates, type Endpoint, perCandidates } from '../core/balancer.ts'
import type { Exchange } from '../core/exchange.ts'
import { hashText } from '../core/hash.ts'
import { invalidOption } from '../core/options.ts'
import type { Random } from '../core/random.ts'
import { cookieValues } from '../core/request-cookies.ts'
import { WeightedDraw } from './weighted-draw.ts'

/**
 * What hashing balancers go by: requests of the same key go to the same endpoint.
 *
 * - `'client-address'`: the client's address without its port. Trap: many users may share one address.
 * - `{ header: 'x-user' }`: a request header's value.
 * - `{ cookie: 'session' }`: a cookie's value.
 * - `'path'`: the normalized path without the query; for caches.
 * - a function of the exchange.
 *
 * A request without the key (no such header, no such cookie, an empty one, `undefined`) goes to a random endpoint.
 */
export type HashKey =
  | 'client-address'
  | 'path'
  | { readonly header: string }
  | { readonly cookie: string }
  | ((exchange: Exchange) => string | undefined)

/**
 * A balancer that chooses by the key's hash. Checks the `key` option; its default is `'client-address'`. `score` is what the
 * choice goes by, where that is a figure for each endpoint.
 */
export function byKey(
  name: string,
  key: HashKey | undefined,
  choose: (candidates: Candidates, hash: number) => Endpoint,
  score?: (endpoint: Endpoint, hash: number) => number,
): Balancer {
  const keyOf = keyReader(name, key)
  const drawOf = perCandidates((candidates) => new WeightedDraw(candidates))
  const keyHash = (exchange: Exchange): number | undefined => {
    const key = keyOf(exchange)
    // An empty key counts as none: else all who have none would go to one endpoint.
    return typeof key === 'string' && key !== '' ? hashText(key) : undefined
  }
  const balancer = (candidates: Candidates, exchange: Exchange, random: Random): Endpoint => {
    if (candidates.length === 1) return candidates[0]!
    const hash = keyHash(exchange)
    return hash === undefined ? drawOf(candidates).pick(random) : choose(candidates, hash)
  }
  Object.defineProperty(balancer, 'name', { value: name })
  if (score === undefined) return Object.assign(balancer, { keyHash })
  return Object.assign(balancer, {
    keyHash,
    score: (endpoint: Endpoint, _candidates: Candidates, exchange: Exchange) => {
      const hash = keyHash(exchange)
      return hash === undefined ? undefined : score(endpoint, hash)
    },
  })
}

function keyReader(
  owner: string,
  key: HashKey = 'client-address',
): (exchange: Exchange) => string | undefined {
  if (key === 'client-address') return ({ client }) => client.address
  if (key === 'path') return ({ request }) => request.path
  if (typeof key === 'function') return key
  if (typeof key === 'object' && key !== null && Object.keys(key).length === 1) {
    if ('header' in key && isToken(key.header)) {
      const { header } = key
      return ({ request }) => request.headers.get(header)
    }
    if ('cookie' in key && isToken(key.cookie)) {
      const { cookie } = key
      return ({ request }) => cookieValues(request.headers, cookie)[0]
    }
  }
  throw invalidOption(
    owner,
    'key',
    '"client-address", "path", { header: name }, { cookie: name } or a function of the exchange',
    key,
  )
}

function isToken(name: unknown): boolean {
  return typeof name === 'string' && /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name)
}
