import { describe, expect, it } from 'vitest'
import { nearest } from './nearest.ts'

describe('nearest', () => {
  it.each([
    ['usres', 'users'],
    ['suers', 'users'],
    ['user', 'users'],
    ['Users', 'users'],
    ['odrers', 'orders'],
    ['u', undefined],
    ['resu', undefined],
    ['carts', undefined],
  ])('of %s is %s', (name, expected) => {
    expect(nearest(name, ['orders', 'users'])).toBe(expected)
  })

  it('is the one with the least that is different', () => {
    expect(nearest('wieght', ['height', 'weight'])).toBe('weight')
  })
})
