import { describe, expect, it } from 'vitest'
import { virtualClock } from '../../testing/index.ts'
import { WrongTokens } from './wrong-tokens.ts'

function world(): {
  wrong: WrongTokens
  clock: ReturnType<typeof virtualClock>
  guess: (address: string) => number
} {
  const clock = virtualClock()
  const wrong = new WrongTokens(clock)
  /** How many it may guess before it has to wait. */
  const guess = (address: string): number => {
    let count = 0
    while (!wrong.tooMany(address) && count < 100) {
      wrong.add(address)
      count++
    }
    return count
  }
  return { wrong, clock, guess }
}

describe('WrongTokens', () => {
  it('has each address guess ten at once, and one more with each second', async () => {
    const { clock, guess } = world()
    expect([guess('192.0.2.1'), guess('192.0.2.1'), guess('192.0.2.2')]).toEqual([10, 0, 10])
    await clock.advance(3_000)
    expect(guess('192.0.2.1')).toBe(3)
    await clock.advance(60_000)
    expect(guess('192.0.2.1')).toBe(10)
  })

  it('takes a /64 of IPv6 for one address', () => {
    const { guess } = world()
    expect(guess('2001:db8:1:2::1')).toBe(10)
    expect(guess('2001:db8:1:2:ffff::2')).toBe(0)
    expect(guess('2001:db8:1:2:3:4:5:6')).toBe(0)
    expect(guess('2001:db8:1:3::1')).toBe(10)
    expect(guess('2001:db8::1')).toBe(10)
    expect(guess('2001:db8:0:0:9::')).toBe(0)
    expect([guess('fe80::1%eth0'), guess('fe80::2%eth0'), guess('::1'), guess('::2')]).toEqual([10, 0, 10, 0])
  })

  it('knows a thousand addresses apart, and lets all others guess as one', async () => {
    const { wrong, clock, guess } = world()
    for (let i = 0; i < 1_000; i++) wrong.add(`10.0.${i >> 8}.${i & 255}`)
    expect(guess('192.0.2.1')).toBe(10)
    expect(guess('192.0.2.2')).toBe(0)
    expect(guess('10.0.0.7')).toBe(9)
    expect(wrong.size).toBe(1_001)
    await clock.advance(1_000)
    expect(guess('192.0.2.2')).toBe(10)
    expect(wrong.size).toBeLessThan(5)
  })
})
