import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CountedText } from '../../testing/counted-text.ts'
import { Glob } from './glob.ts'

describe('Glob', () => {
  it.each([
    ['', '', true],
    ['', 'a', false],
    ['*', '', true],
    ['**', 'a/b', true],
    ['/api', '/api', true],
    ['/api', '/api/', false],
    ['/api/*', '/api/users', true],
    ['/api/*', '/api', false],
    ['*.png', '/a.png', true],
    ['*.png', '/a.png.txt', false],
    ['/a*b*c', '/a-b-b-c', true],
    ['/a*b*c', '/a-c-b', false],
    ['ab*ba', 'aba', false],
    ['*aab*', 'aaab', true],
    ['.+', 'aa', false],
    ['A', 'a', false],
  ])('%j matches %j: %s', (pattern, text, expected) => {
    expect(new Glob(pattern).matches(text)).toBe(expected)
  })

  const few = (letters: string) => fc.string({ unit: fc.constantFrom(...letters.split('')), maxLength: 40 })

  it('matches what the regular expression would that says the same', () => {
    fc.assert(
      fc.property(few('ab*'), few('ab'), (pattern, text) => {
        const same = new RegExp(`^${pattern.replace(/\*+/g, '[^]*')}$`)
        expect(new Glob(pattern).matches(text)).toBe(same.test(text))
      }),
      { numRuns: 2_000 },
    )
  })

  it('reads no character twice', () => {
    fc.assert(
      fc.property(few('ab*'), few('ab'), (pattern, text) => {
        const counted = new CountedText(text)
        new Glob(pattern).matches(counted)
        expect(counted.reads).toBeLessThanOrEqual(text.length)
      }),
      { numRuns: 2_000 },
    )
    const counted = new CountedText('a'.repeat(10_000))
    expect(new Glob(`*${'a'.repeat(400)}b*`.repeat(2)).matches(counted)).toBe(false)
    expect(counted.reads).toBeLessThanOrEqual(10_000)
  })
})
