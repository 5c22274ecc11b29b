import { describe, expect, test } from 'vitest'
import { type EntryCost, entryCost } from '../../bench/cache-memory.ts'

describe('an entry in memory', () => {
  let cost: EntryCost
  test('costs at most 1 KiB beside its content, its key and the text of its head', async () => {
    cost = await entryCost(5_000)
    expect(cost.overheadBytes).toBeLessThanOrEqual(1_024)
  })

  test('is counted as what it holds, within a quarter', () => {
    expect(cost.countedBytes / cost.heldBytes).toBeGreaterThan(0.75)
    expect(cost.countedBytes / cost.heldBytes).toBeLessThan(1.25)
  })
})
