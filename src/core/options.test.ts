import { describe, expect, test } from 'vitest'
import { type Duration, durationMs, knownOptions, type Size, sizeBytes } from './options.ts'

describe('a unit may stand apart from its number', () => {
  test.each<[Duration, number]>([
    ['5s', 5_000],
    ['5 s', 5_000],
    ['1.5 m', 90_000],
    ['250 ms', 250],
  ])('%s', (given, ms) => {
    expect(durationMs('owner', 'option', given)).toBe(ms)
  })

  test.each<[Size, number]>([
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

  test.each(['64', '64k', '64 m', 'kb', '-1kb', '64kb '])('no size: %o', (given) => {
    expect(() => sizeBytes('owner', 'option', given as Size)).toThrow('owner: "option" must be a size')
  })

  test('a unit that there is not is known before anything runs', () => {
    // @ts-expect-error No size.
    expect(() => sizeBytes('owner', 'option', '1m')).toThrow('must be a size')
    // @ts-expect-error No duration.
    expect(() => durationMs('owner', 'option', '1 hour')).toThrow('must be a duration')
  })
})

test('an option that does not exist is named, and its value is not: it may be a secret', () => {
  expect(() => knownOptions('jwt', { key: 's3cret' }, ['keys', 'issuer'])).toThrow(
    /^jwt: "key" must be one of the options that exist \(did you mean "keys"\? keys, issuer\), got string$/,
  )
})
