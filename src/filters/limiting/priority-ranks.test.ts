import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../testing/seeded-random.ts'
import { PriorityRanks } from './priority-ranks.ts'

const half = (): number => 0.5

describe('PriorityRanks', () => {
  it('says which part of what came matters less', () => {
    const ranks = new PriorityRanks()
    const [low, middle, high] = [0.1, 0.5, 0.9].map((priority) => {
      for (let i = 0; i < 99; i++) ranks.add(priority)
      return ranks.add(priority)
    })
    expect([low, middle, high].map((it) => ranks.rank(it!, half))).toEqual([0.5 / 3, 1.5 / 3, 2.5 / 3])
  })

  it('lets chance decide among equals', () => {
    const ranks = new PriorityRanks()
    const random = seededRandom(1)
    let below = 0
    for (let i = 0; i < 1_000; i++) if (ranks.rank(ranks.add(1), random) < 0.4) below++
    expect(below).toBeGreaterThan(350)
    expect(below).toBeLessThan(450)
  })

  it.each([
    [Number.NaN, 0],
    [-1, 0],
    [undefined, 0],
    ['high', 0],
    [7, 1],
    [Number.POSITIVE_INFINITY, 1],
  ])('takes %s for %s', (given, priority) => {
    const ranks = new PriorityRanks()
    expect(ranks.add(given as number)).toBe(ranks.add(priority))
  })

  it('forgets what came long ago', () => {
    const ranks = new PriorityRanks()
    for (let i = 0; i < 1_000; i++) ranks.add(0)
    for (let i = 0; i < 20; i++) ranks.fade()
    // Of those that count, nearly all come now.
    for (let i = 0; i < 9; i++) ranks.add(1)
    expect(ranks.rank(ranks.add(1), () => 0)).toBeLessThan(0.01)
  })
})
