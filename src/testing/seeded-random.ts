import { integer } from '../core/options.ts'
import type { Random } from '../core/random.ts'

/** As many rounds as the author of the generator prescribes before the first number of a short seed is used. */
const WARM_UP_ROUNDS = 12

/**
 * A source of chance that gives the same numbers for the same seed, on every machine.
 *
 * The generator is sfc32 (Chris Doty-Humphrey, PractRand), seeded as there: four additions and shifts on 32 bits,
 * a counter in the state that rules out short cycles, and no known failure of a statistical test. mulberry32, which
 * is shorter, was not taken: it has 32 bits of state and never gives a third of all numbers. Two steps make one
 * number, so that it has 53 bits.
 *
 * @example const random = seededRandom(42)
 */
export function seededRandom(seed: number): Random {
  integer('seededRandom', 'seed', seed, { min: Number.MIN_SAFE_INTEGER })
  const next = sfc32(seed)
  // The division of Mersenne Twister's `genrand_res53`.
  return () => ((next() >>> 5) * 67_108_864 + (next() >>> 6)) / 9_007_199_254_740_992
}

/** The raw generator, for the test that compares it with its reference. Each call gives 32 bits. */
export function sfc32(seed: number): () => number {
  let a = 0
  let b = seed | 0
  let c = Math.floor(seed / 0x1_0000_0000) | 0
  let counter = 1
  const next = (): number => {
    const out = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + out) | 0
    return out >>> 0
  }
  for (let round = 0; round < WARM_UP_ROUNDS; round++) next()
  return next
}
