import { describe, expect, test } from 'vitest'
import type { Candidates } from '../core/balancer.ts'
import { endpoint } from '../testing/index.ts'
import type { PoolEndpoint } from './endpoint.ts'
import { Untried } from './untried.ts'

const [a, b, c] = ['a', 'b', 'c'].map((id) => endpoint({ id }) as unknown as PoolEndpoint) as [
  PoolEndpoint,
  PoolEndpoint,
  PoolEndpoint,
]

describe('Untried', () => {
  test('leaves out what was tried, in the order of the candidates', () => {
    const untried = new Untried()
    const all: Candidates = [a, b, c]
    expect(untried.without([b], all)).toEqual([a, c])
    expect(untried.without([c, a], all)).toEqual([b])
  })

  test('gives all of them when each was tried', () => {
    const all: Candidates = [a, b]
    expect(new Untried().without([b, a], all)).toBe(all)
  })

  test('gives the same array for the same ones, in whatever order they were tried', () => {
    const untried = new Untried()
    const all: Candidates = [a, b, c]
    const first = untried.without([a, b], all)
    untried.without([a], all)
    expect(untried.without([b, a], all)).toBe(first)
  })

  test('leaves nothing out for one that was replaced by another of the same id', () => {
    const untried = new Untried()
    const other = endpoint({ id: 'a' }) as unknown as PoolEndpoint
    const all: Candidates = [other, b]
    expect(untried.without([a], all)).toBe(all)
    expect(untried.without([other], all)).toEqual([b])
  })

  test('gives another one for another snapshot', () => {
    const untried = new Untried()
    const before = untried.without([a], [a, b, c])
    expect(untried.without([a], [a, b])).toEqual([b])
    expect(before).toEqual([b, c])
  })

  test('does not keep more than so many', () => {
    const untried = new Untried()
    const all = Array.from({ length: 300 }, (_, i) => endpoint({ id: `${i}` }) as unknown as PoolEndpoint)
    const first = untried.without([all[0]!], all)
    for (const one of all) untried.without([one], all)
    expect(untried.without([all[0]!], all)).not.toBe(first)
    expect(untried.without([all[0]!], all)).toHaveLength(299)
  })
})
