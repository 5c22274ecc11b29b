import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PeakEwma } from './peak-ewma.ts'

describe('PeakEwma', () => {
  test('is NaN until something was observed', () => {
    const average = new PeakEwma()
    expect(average.value(0)).toBeNaN()
    average.observe(7, 100)
    expect(average.value(100)).toBe(7)
  })

  test('jumps up to a peak at once', () => {
    const average = new PeakEwma()
    average.observe(10, 0)
    average.observe(500, 1)
    expect(average.value(1)).toBe(500)
  })

  test('sinks towards lower samples with the time between them', () => {
    const average = new PeakEwma(1000)
    average.observe(100, 0)
    average.observe(20, 0)
    expect(average.value(0)).toBe(100)
    average.observe(20, 1000)
    expect(average.value(1000)).toBeCloseTo(20 + 80 / Math.E, 10)
  })

  test('fades without samples, by 1/e in tau', () => {
    const average = new PeakEwma()
    average.observe(100, 5_000)
    expect(average.value(15_000)).toBeCloseTo(100 / Math.E, 10)
    expect(average.value(15_000)).toBeCloseTo(100 / Math.E, 10)
    expect(average.value(1_000_000)).toBeCloseTo(0, 10)
  })

  test.each([Number.NaN, -1, Number.POSITIVE_INFINITY])('ignores %d', (ms) => {
    const average = new PeakEwma()
    average.observe(ms, 0)
    expect(average.value(0)).toBeNaN()
    average.observe(5, 0)
    average.observe(ms, 10_000)
    expect(average.value(10_000)).toBeCloseTo(5 / Math.E, 10)
  })

  test('is not moved by a clock that goes back', () => {
    const average = new PeakEwma(1000)
    average.observe(100, 5000)
    expect(average.value(0)).toBe(100)
    average.observe(10, 0)
    expect(average.value(5000)).toBe(100)
    expect(average.value(6000)).toBeCloseTo(100 / Math.E, 10)
  })

  test('stays between the last sample and the highest', () => {
    const samples = fc.array(fc.tuple(fc.double({ min: 0, max: 1e6, noNaN: true }), fc.nat(60_000)), {
      minLength: 1,
    })
    fc.assert(
      fc.property(samples, (list) => {
        const average = new PeakEwma()
        let now = 0
        let highest = 0
        for (const [ms, elapsed] of list) {
          now += elapsed
          highest = Math.max(highest, ms)
          average.observe(ms, now)
          expect(average.value(now)).toBeGreaterThanOrEqual(ms)
          expect(average.value(now)).toBeLessThanOrEqual(highest)
        }
      }),
    )
  })

  test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('refuses a tau of %d', (tauMs) => {
    expect(() => new PeakEwma(tauMs)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', option: 'tauMs' }),
    )
  })
})
