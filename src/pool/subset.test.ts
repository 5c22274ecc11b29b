import { describe, expect, test } from 'vitest'
import { exchange } from '../testing/index.ts'
import { hasLabels, type SubsetOptions, subsetSettings, wantedOf } from './subset.ts'

describe('wantedOf', () => {
  test('has one key for the same labels, in whatever order', () => {
    const one = wantedOf(() => ({ version: 'v2', stage: 'prod' }), exchange())
    const other = wantedOf(() => ({ stage: 'prod', version: 'v2' }), exchange())
    expect(one.key).toBe(other.key)
    expect(wantedOf(() => ({ stage: 'prod' }), exchange()).key).not.toBe(one.key)
    // Joined without care, these two would be one.
    const joined = wantedOf(() => ({ a: '1,b,2' }), exchange())
    expect(joined.key).not.toBe(wantedOf(() => ({ a: '1', b: '2' }), exchange()).key)
  })

  test('leaves out what is undefined', () => {
    const { key } = wantedOf(() => undefined, exchange())
    expect(wantedOf(() => ({}), exchange()).key).toBe(key)
    expect(wantedOf(({ request }) => ({ version: request.headers.get('x-version') }), exchange()).key).toBe(
      key,
    )
    expect(wantedOf(() => ({ version: undefined, stage: 'prod' }), exchange()).entries).toEqual([
      ['stage', 'prod'],
    ])
  })

  test.each([[Promise.resolve({ version: 'v2' })], ['v2'], [null], [{ version: 2 }], [{ version: null }]])(
    'refuses %o',
    (labels) => {
      expect(() => wantedOf(() => labels as never, exchange())).toThrow(
        'the function of pool.subset must return an object of strings, or undefined',
      )
    },
  )
})

describe('hasLabels', () => {
  const labels = { version: 'v2', stage: 'prod' }
  test.each([
    [{}, true],
    [{ version: 'v2' }, true],
    [{ version: 'v2', stage: 'prod' }, true],
    [{ version: 'v1' }, false],
    [{ version: 'v2', stage: 'dev' }, false],
    [{ region: 'eu' }, false],
    [{ constructor: 'Object' }, false],
  ])('for %j is %s', (wanted, expected) => {
    expect(
      hasLabels(
        { labels },
        wantedOf(() => wanted as Record<string, string>, exchange()),
      ),
    ).toBe(expected)
  })
})

describe('subsetSettings', () => {
  test('fill in the default', () => {
    expect(subsetSettings(() => undefined, {}).fallback).toBe('none')
  })

  test.each<[unknown, SubsetOptions, string]>([
    [{ version: 'v2' }, {}, 'pool.subset: "select" must be a function (exchange) => labels, got an object'],
    [() => undefined, { fallback: 'all' as never }, '"fallback" must be "any" or "none", got "all"'],
    [() => undefined, { fallbak: 'any' } as never, 'did you mean "fallback"?'],
  ])('refuse %o with %j', (select, options, message) => {
    expect(() => subsetSettings(select as never, options)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', message: expect.stringContaining(message) }),
    )
  })
})
