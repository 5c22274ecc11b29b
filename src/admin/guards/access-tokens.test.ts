import { describe, expect, it } from 'vitest'
import { AccessTokens } from './access-tokens.ts'

describe('AccessTokens', () => {
  it('has those that were given, whole', () => {
    const tokens = new AccessTokens(['first-of-the-two-tokens', 'second-of-the-two-tokens'])
    expect(tokens.has('first-of-the-two-tokens')).toBe(true)
    expect(tokens.has('second-of-the-two-tokens')).toBe(true)
    for (const other of ['', 'first-of-the-two-token', 'first-of-the-two-tokens ', 'FIRST-of-the-two-tokens'])
      expect(tokens.has(other), other).toBe(false)
  })

  it('knows whether it has all of others', () => {
    const [one, two] = ['first-of-the-two-tokens', 'second-of-the-two-tokens']
    const both = new AccessTokens([two, one])
    expect(both.hasAllOf(new AccessTokens([one]))).toBe(true)
    expect(both.hasAllOf(new AccessTokens([one, two]))).toBe(true)
    expect(new AccessTokens([one]).hasAllOf(both)).toBe(false)
  })

  it('keeps none of them', () => {
    const tokens = new AccessTokens(['first-of-the-two-tokens'])
    expect(JSON.stringify(tokens)).toBe('{}')
  })
})
