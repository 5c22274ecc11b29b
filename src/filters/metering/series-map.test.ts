import { describe, expect, it } from 'vitest'
import { Counters } from './counters.ts'

const made = (max: number) => new Counters({ name: 'n_total', help: 'h', labels: ['a', 'b'] }, max)
const shown = (counters: Counters) => [...counters].map(({ labels, value }) => `${labels.text} ${value}`)

describe('SeriesMap', () => {
  it('has one series for the same labels', () => {
    const counters = made(10)
    counters.of('x', 'y').value++
    counters.of('x', 'y').value++
    counters.of('y', 'x').value++
    expect(shown(counters)).toEqual(['a="x",b="y" 2', 'a="y",b="x" 1'])
    expect(counters.overflowed).toBe(0)
  })

  it('has one series for values that look the same when they are written', () => {
    const counters = made(10)
    counters.of('\ud800', 'y').value++
    counters.of('\ud801', 'y').value++
    counters.of(`${'x'.repeat(600)}1`, 'y').value++
    counters.of(`${'x'.repeat(600)}2`, 'y').value++
    expect([...counters].map(({ value }) => value)).toEqual([2, 2])
  })

  it('sends what has no room to one series, and says how often that was', () => {
    const counters = made(2)
    for (let i = 0; i < 1_000; i++) counters.of(String(i), 'y').value++
    counters.of('0', 'y').value++
    expect(shown(counters)).toEqual(['a="0",b="y" 2', 'a="1",b="y" 1', 'a="overflow",b="overflow" 998'])
    expect(counters.overflowed).toBe(998)
  })

  it('shows the overflow once, also where something is called so', () => {
    const counters = made(1)
    counters.of('overflow', 'overflow').value++
    counters.of('x', 'y').value++
    counters.of('y', 'x').value++
    expect(shown(counters)).toEqual(['a="x",b="y" 1', 'a="overflow",b="overflow" 2'])
  })

  it('has room again where a series was dropped', () => {
    const counters = made(1)
    const first = counters.of('x', 'y')
    counters.drop(first)
    const second = counters.of('z', 'y')
    expect(counters.isOverflow(second)).toBe(false)
    // One that is there no more does not take its successor with it.
    counters.drop(second)
    counters.of('x', 'y').value = 7
    counters.drop(first)
    expect(shown(counters)).toEqual(['a="x",b="y" 7'])
  })
})
