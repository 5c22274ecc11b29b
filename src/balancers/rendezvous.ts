import { type Balancer, type Candidates, type Endpoint, perCandidates } from '../core/balancer.ts'
import { hashText, mixBits } from '../core/hash.ts'
import { knownOptions } from '../core/options.ts'
import { byKey, type HashKey } from './hash-key.ts'

export interface RendezvousOptions {
  /** What requests are told apart by. Default `'client-address'`. */
  readonly key?: HashKey | undefined
}

/**
 * Sends requests of the same key to the same endpoint: the one that scores highest for it.
 *
 * Shares follow the weights exactly, and when an endpoint leaves, only its keys move. It looks at every candidate
 * but builds nothing, which suits small pools and those that change often. Throws `ERR_OPTION_INVALID` for a wrong
 * option. The source is Thaler and Ravishankar, "Using Name-Based Mappings to Increase Hit Rates" (1998); the
 * weighted score, -weight / ln(hash), is that of Schindelhauer and Schomaker (2005).
 *
 * Trap: a popular key loads its endpoint without limit. `consistentHash` bounds the load.
 *
 * @example pool(urls).rendezvous({ key: { header: 'x-tenant' } })
 */
export function rendezvous(options: RendezvousOptions = {}): Balancer {
  knownOptions('rendezvous', options, ['key'])
  const scoresOf = perCandidates((candidates) => new Scores(candidates))
  return byKey('rendezvous', options.key, (candidates, hash) => scoresOf(candidates).best(hash), score)
}

/** The highest -weight / ln(x) is the lowest -ln(x) / weight. */
function score({ id, weight }: Endpoint, keyHash: number): number {
  return -Math.log(pointOf(hashText(id, 1), keyHash)) / weight
}

/** Between 0 and 1, by an endpoint and a key. */
function pointOf(idHash: number, keyHash: number): number {
  return (mixBits(idHash ^ keyHash) + 0.5) / 2 ** 32
}

class Scores {
  readonly #candidates: Candidates
  readonly #hashes: Int32Array
  readonly #weights: Float64Array

  constructor(candidates: Candidates) {
    this.#candidates = candidates
    this.#hashes = Int32Array.from(candidates, ({ id }) => hashText(id, 1))
    this.#weights = Float64Array.from(candidates, ({ weight }) => weight)
  }

  best(keyHash: number): Endpoint {
    const hashes = this.#hashes
    const weights = this.#weights
    let best = 0
    let lowest = Number.POSITIVE_INFINITY
    for (let i = 0; i < hashes.length; i++) {
      const x = pointOf(hashes[i]!, keyHash)
      // -ln(x) is at least 1 - x, which rules nearly all of them out without a logarithm.
      if ((1 - x) / weights[i]! >= lowest) continue
      const one = -Math.log(x) / weights[i]!
      if (one < lowest) {
        lowest = one
        best = i
      }
    }
    return this.#candidates[best]!
  }
}
