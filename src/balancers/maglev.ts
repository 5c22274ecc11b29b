import { type Balancer, type Candidates, type Endpoint, perCandidates } from '../core/balancer.ts'
import { hashText } from '../core/hash.ts'
import { integer, invalidOption, knownOptions } from '../core/options.ts'
import { byKey, type HashKey } from './hash-key.ts'

export interface MaglevOptions {
  /** What requests are told apart by. Default `'client-address'`. */
  readonly key?: HashKey | undefined
  /** Slots in the table: a prime, at least a hundred times the number of endpoints. Default 65537. */
  readonly tableSize?: number | undefined
}

/**
 * Sends requests of the same key to the same endpoint, found by one look into a table.
 *
 * The quickest of the hashing balancers and the most even; shares follow the weights. When an endpoint leaves, its
 * keys move, and a few others with them (some per cent; `rendezvous` and `consistentHash` move none). Throws
 * `ERR_OPTION_INVALID` for a wrong option or a `tableSize` that is no prime. The source is Eisenbud et al.,
 * "Maglev: A Fast and Reliable Software Network Load Balancer" (NSDI 2016), section 3.4; weights are done as in
 * Envoy.
 *
 * Traps: the table is built anew, in milliseconds, for each snapshot of candidates; pools that change all the time
 * are better off with `rendezvous`. And a popular key loads its endpoint without limit; `consistentHash` bounds it.
 *
 * @example pool(urls).maglev({ key: { cookie: 'session' } })
 */
export function maglev(options: MaglevOptions = {}): Balancer {
  knownOptions('maglev', options, ['key', 'tableSize'])
  const { key, tableSize = 65_537 } = options
  integer('maglev', 'tableSize', tableSize, { min: 2, max: 2 ** 24 })
  if (!isPrime(tableSize)) throw invalidOption('maglev', 'tableSize', 'a prime', tableSize)
  const tableOf = perCandidates((candidates) => buildTable(candidates, tableSize))
  return byKey('maglev', key, (candidates, hash) => {
    const table = tableOf(candidates)
    return candidates[table[hash % table.length]!]!
  })
}

/** One endpoint on its way through the slots, in the order it prefers them. */
interface Claimant {
  readonly index: number
  readonly endpoint: Endpoint
  readonly skip: number
  slot: number
  /** It takes its next slot in the first round by which its weight has added up to this. */
  due: number
}

/** For each slot, the index of the candidate that owns it. */
function buildTable(candidates: Candidates, tableSize: number): Uint32Array {
  // Every candidate must own a slot, however wrong the size is.
  let size = tableSize
  while (size < candidates.length || !isPrime(size)) size++

  const claimants = candidates
    .map(
      (endpoint, index): Claimant => ({
        index,
        endpoint,
        slot: hashText(endpoint.id, 1) % size,
        skip: (hashText(endpoint.id, 2) % (size - 1)) + 1,
        due: 0,
      }),
    )
    // Proxies that list their endpoints in different orders must build the same table.
    .sort((a, b) => (a.endpoint.id < b.endpoint.id ? -1 : 1))
  const heaviest = Math.max(...candidates.map(({ weight }) => weight))

  const FREE = 0xffffffff
  const table = new Uint32Array(size).fill(FREE)
  let free = size
  // The heaviest takes a slot in every round, the others in some; all of them in the first.
  for (let round = 1; ; round++) {
    for (const claimant of claimants) {
      if (round * claimant.endpoint.weight < claimant.due) continue
      claimant.due += heaviest
      let { slot } = claimant
      while (table[slot] !== FREE) {
        slot += claimant.skip
        if (slot >= size) slot -= size
      }
      claimant.slot = slot
      table[slot] = claimant.index
      if (--free === 0) return table
    }
  }
}

function isPrime(n: number): boolean {
  for (let divisor = 2; divisor * divisor <= n; divisor++) if (n % divisor === 0) return false
  return n > 1
}
