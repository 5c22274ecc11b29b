import { describe, expect, it } from 'vitest'
import { fingerprintOf, Memo } from './memo.ts'

describe('Memo', () => {
  const make = () => ({})

  it('gives what was made of the same at the same place', async () => {
    const before = new Memo('gateway.yaml')
    const [one, other] = [await before.make('a', 'x', make), await before.make('b', 'x', make)]
    const memo = new Memo('gateway.yaml', before)
    expect(await memo.make('b', 'x', make)).toBe(other)
    expect(await memo.make('a', 'x', make)).toBe(one)
    expect(await memo.make('a', 'y', make)).not.toBe(one)
  })

  it('takes equals for different ones, in their order', async () => {
    const before = new Memo('gateway.yaml')
    const [one, other] = [await before.make('a', 'x', make), await before.make('a', 'x', make)]
    expect(one).not.toBe(other)
    const memo = new Memo('gateway.yaml', before)
    expect(await memo.make('a', 'x', make)).toBe(one)
    expect(await memo.make('a', 'x', make)).toBe(other)
    expect([one, other]).not.toContain(await memo.make('a', 'x', make))
  })

  it('keeps nothing of the one before that it has not made', async () => {
    const before = new Memo('gateway.yaml')
    const one = await before.make('a', 'x', make)
    const memo = new Memo('gateway.yaml', before)
    memo.complete()
    expect(await memo.make('a', 'x', make)).not.toBe(one)
  })
})

describe('fingerprintOf', () => {
  it('tells texts apart by where they end', () => {
    expect(fingerprintOf('ab', 'c')).not.toBe(fingerprintOf('a', 'bc'))
    expect(fingerprintOf('ab', 'c')).toBe(fingerprintOf('ab', 'c'))
  })
})
