import fc from 'fast-check'
import { expect, test } from 'vitest'
import { histories } from './histories.ts'
import { difference } from './play.ts'

const SEEDS = [1, 2, 3]
const FEW = 1_000

/** `GATEWRIGHT_CACHE_HISTORIES=100000` for as many as that, with seeds of their own. */
const many = Number(process.env.GATEWRIGHT_CACHE_HISTORIES ?? 0)

const runs: [seed: number, histories: number][] =
  many > 0 ? [[Number(process.env.GATEWRIGHT_CACHE_SEED ?? 4), many]] : SEEDS.map((seed) => [seed, FEW])

test.each(runs)(
  'the cache does what its model does, with the seed %d in %d histories',
  async (seed, numRuns) => {
    let played = 0
    const found = await fc.check(
      fc.asyncProperty(histories('none', 'kept'), async (history) => {
        played++
        const differs = await difference(history)
        if (differs !== undefined) throw new Error(differs)
      }),
      { seed, numRuns },
    )
    const { counterexamplePath, numRuns: before, errorInstance } = found
    expect(
      found.failed
        ? `${(errorInstance as Error).message}\n(history ${before} of seed ${seed}, path ${counterexamplePath}, ${played} played)`
        : 'no difference',
    ).toBe('no difference')
  },
  1_800_000,
)
