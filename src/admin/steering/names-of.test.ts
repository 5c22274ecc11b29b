import { describe, expect, it } from 'vitest'
import { namesOf } from './names-of.ts'

describe('namesOf', () => {
  it('tells the first twenty, and how many more there are', () => {
    expect([namesOf([]), namesOf(['a']), namesOf(['a', 'b'])]).toEqual(['none', 'a', 'a, b'])
    const names = Array.from({ length: 20 }, (_, i) => `u${i}`)
    expect(namesOf(names)).toBe(names.join(', '))
    expect(namesOf([...names, 'x', 'y'])).toBe(`${names.join(', ')} and 2 more`)
  })
})
