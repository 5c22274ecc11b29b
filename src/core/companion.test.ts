import { describe, expect, it } from 'vitest'
import { type Companion, companionsOf, withCompanion } from './companion.ts'
import { type Filter, named } from './handler.ts'

const pass = (): Filter => (exchange, next) => next(exchange)

describe('withCompanion', () => {
  it('gives back the filter itself, and shows nothing to those who list what it has', () => {
    const filter = named(pass(), 'metrics')
    const told = withCompanion(filter, { kind: 'metrics' })
    expect(told).toBe(filter)
    expect([Object.keys(told), told.name]).toEqual([[], 'metrics'])
  })
})

describe('companionsOf', () => {
  it('gives what goes with filters in their order, each once, and nothing for those that have none', () => {
    const one: Companion = { kind: 'one' }
    const two: Companion = { kind: 'two' }
    const both = withCompanion(pass(), one)
    const filters = [pass(), withCompanion(pass(), two), both, pass(), both, withCompanion(pass(), one)]
    expect(companionsOf(filters)).toEqual([two, one])
    expect(companionsOf([pass()])).toEqual([])
  })
})
