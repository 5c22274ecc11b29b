import { describe, expect, test } from 'vitest'
import { hashText, mixBits } from './hash.ts'

describe('hashText', () => {
  test('stays the same from release to release: proxies of different versions must agree', () => {
    expect(hashText('')).toBe(2_872_998_923)
    expect(hashText('10.0.0.1')).toBe(2_931_590_574)
    expect(hashText('http://users-1:8080', 1)).toBe(2_394_294_296)
    expect(hashText('größe')).toBe(2_538_389_087)
  })

  test('spreads near strings evenly', () => {
    for (const name of ['10.0.', 'user-', 'http://u:80', '']) {
      const buckets = new Uint32Array(64)
      for (let i = 0; i < 6400; i++) buckets[hashText(`${name}${i}`) % 64]!++
      // Chi-squared with 63 degrees of freedom: past 115 in one of 10 000.
      const chi = buckets.reduce((sum, count) => sum + (count - 100) ** 2 / 100, 0)
      expect(chi).toBeLessThan(115)
    }
  })

  test('changes about half of all bits when one of the text does', () => {
    let changed = 0
    let tried = 0
    for (let i = 0; i < 200; i++) {
      for (let bit = 0; bit < 7; bit++) {
        const flipped = String.fromCharCode('abcdefgh'.charCodeAt(i % 8) ^ (1 << bit))
        const rest = `-${i}`
        changed += bitCount(hashText(`abcdefgh`[i % 8] + rest) ^ hashText(flipped + rest))
        tried++
      }
    }
    expect(Math.abs(changed / tried - 16)).toBeLessThan(1)
  })

  test('gives unrelated hashes for different seeds', () => {
    let changed = 0
    for (let i = 0; i < 500; i++) changed += bitCount(hashText(`e${i}`, 1) ^ hashText(`e${i}`, 2))
    expect(Math.abs(changed / 500 - 16)).toBeLessThan(1)
  })
})

test('mixBits loses nothing', () => {
  const seen = new Set<number>()
  for (let i = 0; i < 20_000; i++) seen.add(mixBits(i * 65_537))
  expect(seen.size).toBe(20_000)
})

function bitCount(bits: number): number {
  let count = 0
  for (let rest = bits >>> 0; rest !== 0; rest &= rest - 1) count++
  return count
}
