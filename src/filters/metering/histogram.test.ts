import { describe, expect, it } from 'vitest'
import { Histogram } from './histogram.ts'
import { LabelSet } from './label-set.ts'

const made = () => new Histogram(new LabelSet([], []), [0.1, 1])
const trace = (traceId: string) => ({ traceId, spanId: '2'.repeat(16), sampled: true })

describe('Histogram', () => {
  it('counts a value in the first bucket whose bound it does not pass', () => {
    const histogram = made()
    for (const value of [0, 0.1, 0.10001, 1, 1.5, 100]) histogram.observe(value)
    expect([...histogram.counts]).toEqual([2, 2, 2])
    expect(histogram.sum).toBeCloseTo(102.70001)
  })

  it('keeps the latest exemplar of each bucket', () => {
    const histogram = made()
    histogram.exemplify(0.5, trace('a'), 1_000)
    histogram.exemplify(0.6, trace('b'), 2_500)
    histogram.exemplify(5, trace('c'), 3_000)
    expect(histogram.exemplars?.map((it) => it && [it.traceId, it.value, it.timestampSeconds])).toEqual([
      undefined,
      ['b', 0.6, 2.5],
      ['c', 5, 3],
    ])
  })

  it('begins anew', () => {
    const histogram = made()
    histogram.observe(1)
    histogram.exemplify(1, trace('a'), 0)
    histogram.reset()
    expect([[...histogram.counts], histogram.sum, histogram.exemplars]).toEqual([[0, 0, 0], 0, undefined])
  })
})
