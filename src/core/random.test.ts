import { describe, expect, it } from 'vitest'
import { randomId } from './random.ts'

describe('randomId', () => {
  it('is four words of chance in hexadecimal digits, with all zeros', () => {
    const chances = [0, 1 / 0x1_0000_0000, 0xabcdef01 / 0x1_0000_0000, 1 - 2 ** -53]
    expect(randomId(() => chances.shift()!)).toBe('0000000000000001abcdef01ffffffff')
  })
})
