import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type History, histories } from './histories.ts'
import { difference } from './play.ts'

/**
 * A long run, with on disk one for each 25:
 * `GATEWRIGHT_CACHE_SEED=11 GATEWRIGHT_CACHE_HISTORIES=100000 npx vitest run test/cache/model`
 */
const many = Number(process.env.GATEWRIGHT_CACHE_HISTORIES ?? 0)
const seed = Number(process.env.GATEWRIGHT_CACHE_SEED ?? 4)
const HOUR_MS = 3_600_000

test.each(many > 0 ? [[seed, many]] : [1, 2, 3].map((it) => [it, 1_000]))(
  'the cache does what its model does, with the seed %d in %d histories',
  async (seed, numRuns) => {
    expect(await firstDifference(histories('none', 'kept'), seed!, numRuns!)).toBe('none')
  },
  HOUR_MS,
)

test(
  'the cache with a store on disk does what its model does',
  async () => {
    expect(await firstDifference(histories('disk'), seed, Math.max(many / 25, 50))).toBe('none')
  },
  HOUR_MS,
)

/** The shortest history found in which they differ, as text. */
async function firstDifference(all: fc.Arbitrary<History>, seed: number, numRuns: number): Promise<string> {
  const found = await fc.check(
    fc.asyncProperty(all, async (history) => {
      const differs = await difference(history)
      if (differs !== undefined) throw new Error(differs)
    }),
    { seed, numRuns },
  )
  if (!found.failed) return 'none'
  const { errorInstance, numRuns: number, counterexamplePath: path } = found
  const text = errorInstance instanceof Error ? errorInstance.message : String(errorInstance)
  return `${text}\nhistory ${number} of the seed ${seed}, by the path ${path}`
}
