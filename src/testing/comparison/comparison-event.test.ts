import { describe, expect, it } from 'vitest'
import { fault } from '../upstream/fault.ts'
import { type ComparisonEvent, disturbedSpan, stepsOf } from './comparison-event.ts'

const slow = { kind: 'constant', ms: 900 } as const
const events: readonly ComparisonEvent[] = [
  { kind: 'service-time', at: '3s', lasts: '2s', endpoint: 'http://a/', serviceTime: slow },
  { kind: 'pause', at: 1_000, lasts: '4s', endpoint: 'http://b:80' },
  { kind: 'fault', at: '2s', lasts: '1s', endpoint: 'http://a', fault: fault.refuse() },
  { kind: 'leave', at: '4s', endpoint: 'http://b' },
]

describe('stepsOf', () => {
  it('gives begins and ends in the order of time, with the ids of a pool', () => {
    expect(stepsOf(events)).toEqual([
      { kind: 'pause', atMs: 1_000, id: 'http://b' },
      { kind: 'fault', atMs: 2_000, id: 'http://a', fault: { kind: 'refuse' }, lastsMs: 1_000 },
      { kind: 'service-time', atMs: 3_000, id: 'http://a', serviceTime: slow },
      { kind: 'leave', atMs: 4_000, id: 'http://b' },
      { kind: 'service-time', atMs: 5_000, id: 'http://a', serviceTime: undefined },
      { kind: 'resume', atMs: 5_000, id: 'http://b' },
    ])
  })
})

describe('disturbedSpan', () => {
  it('is from the first begin to the last end', () => {
    expect(disturbedSpan(events)).toEqual({ fromMs: 1_000, untilMs: 5_000 })
    expect(disturbedSpan([])).toBeUndefined()
  })

  it('ends at once where something is for good', () => {
    const forGood: ComparisonEvent = {
      kind: 'service-time',
      at: '3s',
      endpoint: 'http://a',
      serviceTime: slow,
    }
    expect(disturbedSpan([forGood])).toEqual({ fromMs: 3_000, untilMs: 3_000 })
  })
})
