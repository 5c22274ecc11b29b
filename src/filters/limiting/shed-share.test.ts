import { describe, expect, it } from 'vitest'
import { ShedShare } from './shed-share.ts'

/** One sample every 10 ms. */
function sampled(delays: readonly number[], shed = new ShedShare(20, 200), from = 0): ShedShare {
  for (const [i, delayMs] of delays.entries()) shed.sample(delayMs, from + i * 10)
  return shed
}

const so = (delayMs: number, forMs: number): number[] => Array(forMs / 10).fill(delayMs)

describe('ShedShare', () => {
  it('sheds nothing while the delay is at the target or below', () => {
    expect(sampled(so(20, 10_000)).share).toBe(0)
    expect(sampled(so(0, 10_000)).share).toBe(0)
  })

  it('sheds more and more while the delay stays above the target, and never all', () => {
    expect(sampled(so(60, 400)).share).toBeGreaterThan(0.05)
    expect(sampled(so(60, 2_000)).share).toBeGreaterThan(sampled(so(60, 1_000)).share)
    expect(sampled(so(60, 60_000)).share).toBe(0.95)
  })

  it('sheds more the longer the delay is, and not too much of a sudden', () => {
    expect(sampled(so(200, 1_000)).share).toBeGreaterThan(2 * sampled(so(60, 1_000)).share)
    expect(sampled(so(5_000, 210)).share).toBe(0.3)
  })

  it('has forgotten an overload before it sheds what comes an hour later', () => {
    const shed = sampled(so(60, 60_000))
    expect(shed.rested(60_100)).toBe(false)
    expect(shed.share).toBe(0.95)
    expect(shed.rested(60_000 + 3_600_000)).toBe(true)
    expect(shed.share).toBe(0)
  })

  it('takes a single pause, however long, for no overload', () => {
    const shed = new ShedShare(20, 200)
    let now = 0
    for (let i = 0; i < 100; i++) {
      // Half a second in which nothing could be measured, then as before. Wherever in an interval it falls.
      now += 500
      shed.sample(500, now)
      expect(shed.share).toBe(0)
      for (let j = 0; j < 17 + (i % 7); j++) {
        now += 10
        shed.sample(0, now)
      }
    }
  })

  it('takes delays without an end for overload, though only two fit into an interval', () => {
    const shed = new ShedShare(20, 200)
    for (let now = 0; now < 2_000; now += 160) shed.sample(150, now)
    expect(shed.share).toBeGreaterThan(0.1)
  })

  it('keeps to a delay at the target', () => {
    const shed = sampled(so(100, 2_000))
    const { share } = shed
    expect(share).toBeGreaterThan(0.2)
    sampled(so(20, 2_000), shed, 2_000)
    expect(shed.share).toBeCloseTo(share - 0.03 * 4, 1)
  })

  it('sheds less, and soon nothing, when nothing waits any more', () => {
    const shed = sampled(so(100, 6_000))
    expect(shed.share).toBe(0.95)
    sampled(so(0, 1_000), shed, 6_000)
    expect(shed.share).toBeLessThan(0.7)
    expect(shed.share).toBeGreaterThan(0.3)
    sampled(so(0, 14_000), shed, 7_000)
    expect(shed.share).toBe(0)
  })

  it('sheds nothing after a while in which nothing has come', () => {
    const shed = sampled(so(100, 6_000))
    shed.sample(0, 6_600)
    expect(shed.share).toBeLessThan(0.9)
    expect(shed.share).toBeGreaterThan(0.6)
    shed.sample(0, 60_000)
    expect(shed.share).toBe(0)
  })

  it('says when an interval has ended, and when it was quiet', () => {
    const shed = new ShedShare(20, 200)
    expect(shed.sample(5, 0)).toBe(true)
    expect([100, 190].map((now) => shed.sample(0, now))).toEqual([false, false])
    expect(shed.sample(7, 200)).toBe(true)
    expect(shed.delayMs).toBe(7)
    expect(shed.sample(0, 300)).toBe(false)
    expect(shed.sample(0, 900)).toBe(true)
  })
})
