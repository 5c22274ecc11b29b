import { type Balancer, type Candidates, type Endpoint, perCandidates } from '../core/balancer.ts'
import { hashText, mixBits } from '../core/hash.ts'
import { integer, invalidOption, knownOptions } from '../core/options.ts'
import { byKey, type HashKey } from './hash-key.ts'

export interface ConsistentHashOptions {
  /** What requests are told apart by. Default `'client-address'`. */
  readonly key?: HashKey | undefined
  /**
   * How far above its share of the requests in flight an endpoint may go: 1.25 is a quarter more. More than 1;
   * `Infinity` sets no bound. Default 1.25.
   */
  readonly loadFactor?: number | undefined
  /** Points on the ring for an endpoint of weight 1; more of them make shares more even. Default 100. */
  readonly virtualNodes?: number | undefined
}

/**
 * Sends requests of the same key to the same endpoint, and past a busy one to the next on the ring.
 *
 * Shares follow the weights to within some per cent, and when an endpoint leaves, only its keys move. No endpoint
 * gets more than `loadFactor` times its share of the requests in flight, so a popular key spills over instead of
 * drowning its endpoint. Throws `ERR_OPTION_INVALID` for a wrong option. The source is Mirrokni, Thorup and
 * Zadimoghaddam, "Consistent Hashing with Bounded Loads" (2016), upon the ring of Karger et al. (1997).
 *
 * Trap: in a pool with few requests in flight the bound is one or two, and keys stray often: about a third of them at
 * `loadFactor` 1.25, a tenth at 2, for the services of the laboratory (docs/balancers). Where a stray request is wrong and
 * not merely slower (sessions in memory), set `loadFactor: Infinity`.
 *
 * @example pool(caches).consistentHash({ key: 'path' })
 */
export function consistentHash(options: ConsistentHashOptions = {}): Balancer {
  knownOptions('consistentHash', options, ['key', 'loadFactor', 'virtualNodes'])
  const { key, loadFactor = 1.25, virtualNodes = 100 } = options
  if (typeof loadFactor !== 'number' || !(loadFactor > 1))
    throw invalidOption('consistentHash', 'loadFactor', 'a number greater than 1, or Infinity', loadFactor)
  integer('consistentHash', 'virtualNodes', virtualNodes, { min: 1, max: 10_000 })
  const ringOf = perCandidates((candidates) => new Ring(candidates, virtualNodes))
  return byKey('consistentHash', key, (candidates, hash) => ringOf(candidates).find(hash, loadFactor))
}

/** Past this many points a ring takes too long to build; all weights are scaled down together. */
const MAX_POINTS = 2 ** 18

class Ring {
  readonly #candidates: Candidates
  /** Ascending. */
  readonly #positions: Uint32Array
  /** For each position, the index of the candidate. */
  readonly #owners: Uint32Array
  readonly #totalWeight: number

  constructor(candidates: Candidates, virtualNodes: number) {
    this.#candidates = candidates
    this.#totalWeight = candidates.reduce((sum, { weight }) => sum + weight, 0)
    // The number of an endpoint's points must not depend on the others: else all of them move when one leaves.
    const perWeight = Math.min(virtualNodes, MAX_POINTS / this.#totalWeight)

    const counts = candidates.map(({ weight }) => Math.ceil(weight * perWeight))
    const size = counts.reduce((sum, count) => sum + count)
    const positions = new Uint32Array(size)
    const owners = new Uint32Array(size)
    let at = 0
    for (const [owner, count] of counts.entries()) {
      const idHash = hashText(candidates[owner]!.id, 1)
      for (let i = 1; i <= count; i++) {
        positions[at] = mixBits(mixBits(i) ^ idHash)
        owners[at++] = owner
      }
    }
    ;({ positions: this.#positions, owners: this.#owners } = sorted({ positions, owners }))
  }

  /** The owner of the first position from the hash on that has room for one more. */
  find(hash: number, loadFactor: number): Endpoint {
    const owners = this.#owners
    const candidates = this.#candidates
    let at = this.#indexFrom(hash)
    const owner = candidates[owners[at]!]!
    // An idle endpoint has room whatever the others do: no need to count.
    if (!(owner.inFlight > 0) || loadFactor === Number.POSITIVE_INFINITY) return owner

    const allowed = loadFactor * (totalInFlight(candidates) + 1)
    for (let seen = 0; seen < owners.length; seen++) {
      const it = candidates[owners[at]!]!
      if (!(it.inFlight >= Math.ceil((allowed * it.weight) / this.#totalWeight))) return it
      if (++at === owners.length) at = 0
    }
    return owner
  }

  #indexFrom(hash: number): number {
    const positions = this.#positions
    let low = 0
    let high = positions.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (positions[middle]! < hash) low = middle + 1
      else high = middle
    }
    return low === positions.length ? 0 : low
  }
}

interface Points {
  readonly positions: Uint32Array
  readonly owners: Uint32Array
}

/** Radix sort, 11 bits at a time: a comparing sort of a large ring would hold the event loop up for long. */
function sorted(points: Points): Points {
  let from = points
  for (let shift = 0; shift < 32; shift += 11) {
    const { length } = from.positions
    const to: Points = { positions: new Uint32Array(length), owners: new Uint32Array(length) }
    const next = new Uint32Array(2 ** 11 + 1)
    for (let i = 0; i < length; i++) next[((from.positions[i]! >>> shift) & 0x7ff) + 1]!++
    for (let i = 1; i < next.length; i++) next[i]! += next[i - 1]!
    for (let i = 0; i < length; i++) {
      const at = next[(from.positions[i]! >>> shift) & 0x7ff]!++
      to.positions[at] = from.positions[i]!
      to.owners[at] = from.owners[i]!
    }
    from = to
  }
  return from
}

function totalInFlight(candidates: Candidates): number {
  let total = 0
  for (let i = 0; i < candidates.length; i++) {
    const { inFlight } = candidates[i]!
    if (inFlight > 0) total += inFlight
  }
  return total
}
