import { describe, expect, test } from 'vitest'
import { type Duration, durationMs, sizeBytes } from './options.ts'

describe('a unit may stand apart from its number', () => {
  test.each<[Duration, number]>([
    ['5s', 5_000],
    ['5 s', 5_000],
    ['1.5 m', 90_000],
    ['250 ms', 250],
  ])('%s', (given, ms) => {
    expect(durationMs('owner', 'option', given)).toBe(ms)
  })

  test.each<[string, number]>([
    ['64kb', 65_536],
    ['64 kb', 65_536],
    ['1.5 MB', 1_572_864],
  ])('%s', (given, bytes) => {
    expect(sizeBytes('owner', 'option', given)).toBe(bytes)
  })

  test.each(['5', ' 5s', '5s ', '5 seconds', '-5s', '5 S', '5s5'])('no duration: %o', (given) => {
    expect(() => durationMs('owner', 'option', given as Duration)).toThrow(
      'owner: "option" must be a duration',
    )
  })
})
