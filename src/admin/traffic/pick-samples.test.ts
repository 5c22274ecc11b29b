import { describe, expect, it } from 'vitest'
import { exchange, virtualClock } from '../../testing/index.ts'
import { PickSamples } from './pick-samples.ts'

describe('PickSamples', () => {
  it('keeps the decisions of 256 pools, and forgets the one of which it has heard nothing for longest', async () => {
    const clock = virtualClock()
    const samples = new PickSamples()
    const pick = async (pool: string) => {
      const one = exchange({ clock })
      samples.began(one)
      one.recording!.picked({ ...FACTS, pool, by: samples }, undefined)
      samples.ended(one)
      await clock.advance(100)
    }
    for (let i = 0; i < 256; i++) await pick(`pool ${i}`)
    await pick('pool 0')
    await pick('one more')
    expect(samples.of('pool 0')).toHaveLength(2)
    expect(samples.of('pool 1')).toEqual([])
    expect(samples.of('pool 2')).toHaveLength(1)
    expect(samples.of('one more')).toMatchObject([{ pool: 'one more', chosen: undefined }])
  })

  it('leaves alone what others have had recorded', () => {
    const clock = virtualClock()
    const samples = new PickSamples()
    samples.began(exchange({ clock }))
    const other = exchange({ clock })
    other.record()
    samples.began(other)
    other.recording!.picked({ ...FACTS, pool: 'users', by: samples }, undefined)
    samples.ended(other)
    expect(samples.of('users')).toEqual([])
  })
})

const FACTS = {
  kind: 'first',
  balancer: 'roundRobin',
  candidates: [],
  candidateCount: 0,
  leftOut: [],
  leftOutCount: 0,
  panic: false,
  scoreError: undefined,
} as const
