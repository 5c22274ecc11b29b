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
    expect(samples.of('pool 0', clock.now()).last).toHaveLength(2)
    expect(samples.of('pool 1', clock.now()).last).toEqual([])
    expect(samples.of('pool 2', clock.now()).last).toHaveLength(1)
    expect(samples.of('one more', clock.now()).last).toMatchObject([{ pool: 'one more', chosen: undefined }])
  })

  it('keeps all candidates of the latest decision, and few of those before', () => {
    const clock = virtualClock()
    const samples = new PickSamples()
    const one = exchange({ clock })
    samples.began(one)
    const endpoints = Array.from({ length: 12 }, (_, i) => ({ ...CANDIDATE, id: `u${i}` }))
    const facts = { ...FACTS, pool: 'users', candidates: endpoints, candidateCount: 12, by: samples }
    one.recording!.picked(facts, undefined)
    samples.ended(one)
    const { latest, last } = samples.of('users', clock.now())
    expect([latest?.candidates.length, last.map(({ candidates }) => candidates.length)]).toEqual([12, [8]])
    expect(samples.of('users', clock.now() + 60_000).latest).toBe(latest)
    const late = samples.of('users', clock.now() + 60_001)
    expect([late.latest, late.last.length]).toEqual([undefined, 1])
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
    expect(samples.of('users', clock.now()).last).toEqual([])
  })
})

const CANDIDATE = {
  weight: 1,
  zone: undefined,
  inFlight: 0,
  responseTimeMs: 0,
  health: 'healthy',
  score: 1,
} as const

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
