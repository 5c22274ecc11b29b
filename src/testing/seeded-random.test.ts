import { expect, test } from 'vitest'
import { seededRandom, sfc32 } from './seeded-random.ts'

/** PractRand's sfc32 and its seeding, written once more in another arithmetic. */
function* reference(seed: bigint): Generator<number, never> {
  const u32 = (value: bigint): bigint => value & 0xffff_ffffn
  let [a, b, c, counter] = [0n, u32(seed), u32(seed >> 32n), 1n]
  for (let round = 1; ; round++) {
    const out = u32(a + b + counter)
    counter = u32(counter + 1n)
    a = b ^ (b >> 9n)
    b = u32(c + (c << 3n))
    c = u32(u32((c << 21n) | (c >> 11n)) + out)
    if (round > 12) yield Number(out)
  }
}

test.each([0, 1, 42, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1, -1])(
  'sfc32 gives the numbers of its reference for seed %d',
  (seed) => {
    const next = sfc32(seed)
    const expected = reference(BigInt.asUintN(64, BigInt(seed)))
    for (let i = 0; i < 1000; i++) expect(next()).toBe(expected.next().value)
  },
)

test('seededRandom gives the same numbers for the same seed, and others for another', () => {
  const take = (seed: number): number[] => Array.from({ length: 20 }, seededRandom(seed))
  expect(take(7)).toEqual(take(7))
  expect(take(7)).not.toEqual(take(8))
  expect(take(7)).not.toEqual(take(-7))
})

test('seededRandom stays within 0 and 1 and spreads evenly', () => {
  const random = seededRandom(1)
  const bins = new Array<number>(16).fill(0)
  for (let i = 0; i < 16_000; i++) {
    const number = random()
    expect(number).toBeGreaterThanOrEqual(0)
    expect(number).toBeLessThan(1)
    bins[Math.floor(number * 16)]! += 1
  }
  // Six standard deviations; the seed is fixed, so this cannot fail by chance.
  for (const count of bins) expect(Math.abs(count - 1000)).toBeLessThan(6 * Math.sqrt(1000))
})

test('seededRandom refuses a seed that is no whole number', () => {
  expect(() => seededRandom(0.5)).toThrow('seededRandom: "seed" must be')
  expect(() => seededRandom(Number.NaN)).toThrow('got NaN')
})
