import { expect, test } from 'vitest'
import { type KnownToken, KnownTokens } from './known-tokens.ts'

const known: KnownToken = { claims: {}, expiresAt: 1, lack: undefined, fields: [] }

test('KnownTokens counts a token four times, and 512 bytes', () => {
  const tokens = new KnownTokens(10_000)
  tokens.keep('a'.repeat(100), known, tokens.generation)
  expect(tokens.bytes).toBe(912)
  tokens.keep('a'.repeat(100), known, tokens.generation)
  expect(tokens.bytes).toBe(912)
})

test('KnownTokens never counts more than it may, and lets go of those used longest ago', () => {
  const tokens = new KnownTokens(10_000)
  for (let i = 0; i < 1_000; i++) {
    tokens.keep(String(i).padStart(250, '0'), known, tokens.generation)
    expect(tokens.get('0'.repeat(250))).toBe(known)
    expect(tokens.bytes).toBeLessThanOrEqual(10_000)
  }
  expect(tokens.bytes).toBe(6 * 1_512)
  expect(tokens.get('1'.padStart(250, '0'))).toBeUndefined()
})

test('KnownTokens does not take one that is larger than all together', () => {
  const tokens = new KnownTokens(1_000)
  tokens.keep('a'.repeat(200), known, tokens.generation)
  expect([tokens.get('a'.repeat(200)), tokens.bytes]).toEqual([undefined, 0])
})

test('KnownTokens forgets all, and does not keep what was verified before', () => {
  const tokens = new KnownTokens(10_000)
  const { generation } = tokens
  tokens.keep('a', known, generation)
  tokens.forget()
  expect(tokens.get('a')).toBeUndefined()
  tokens.keep('b', known, generation)
  expect(tokens.get('b')).toBeUndefined()
  tokens.keep('c', known, tokens.generation)
  expect(tokens.get('c')).toBe(known)
})
