import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nearShare, type PreferZoneOptions, zoneSettings } from './zone.ts'

describe('nearShare', () => {
  test.each([
    // Three zones of four endpoints each, and a third of the load from each.
    ['everything while all are well', 4, 8, 1],
    ['everything with one of four gone', 3, 8, 1],
    ['not everything with two of four gone', 2, 8, 0.84],
    ['little with three of four gone', 1, 8, 0.4667],
    ['nothing with all of them gone', 0, 8, 0],
    ['everything where all zones have lost as much', 2, 4, 1],
    ['everything where there is nothing elsewhere', 2, 0, 1],
    // A small zone is not given the load of a third of all clients.
    ['what a small zone can take', 2, 18, 0.42],
    ['everything in a large one', 12, 8, 1],
  ])('is %s', (_, near, far, expected) => {
    expect(nearShare(near, far, 1 / 3, 1.4)).toBeCloseTo(expected, 3)
  })

  test('is less where more of the load comes in through the zone', () => {
    expect(nearShare(4, 8, 1, 1)).toBeCloseTo(1 / 3, 9)
    expect(nearShare(4, 8, 0.5, 1)).toBeCloseTo(2 / 3, 9)
  })

  test('gives no endpoint more than the factor times the average, by what one zone alone sends', () => {
    const weight = fc.double({ min: 0.1, max: 100, noNaN: true })
    const part = fc.double({ min: 0.01, max: 1, noNaN: true })
    fc.assert(
      fc.property(
        weight,
        weight,
        part,
        fc.double({ min: 1, max: 3, noNaN: true }),
        (near, far, load, factor) => {
          const stays = nearShare(near, far, load, factor)
          const each = (stays * load) / near
          expect(each).toBeLessThanOrEqual((factor / (near + far)) * (1 + 1e-9))
          // And it goes up to that: only what is more leaves the zone.
          if (stays < 1) expect(each).toBeCloseTo(factor / (near + far), 9)
        },
      ),
    )
  })
})

describe('zoneSettings', () => {
  test('fill in the defaults', () => {
    expect(zoneSettings({ zone: 'a' })).toEqual({
      zone: 'a',
      loadShare: undefined,
      maxInFlight: Number.POSITIVE_INFINITY,
    })
  })

  test.each<[PreferZoneOptions, string]>([
    [{ zone: '' }, 'pool.preferZone: "zone" must be a string that is not empty, got ""'],
    [{ zone: undefined as never }, '"zone" must be a string'],
    [{ zone: 'a', loadShare: 0 }, '"loadShare" must be a number above 0 and up to 1, got 0'],
    [{ zone: 'a', loadShare: 1.5 }, '"loadShare"'],
    [{ zone: 'a', maxInFlight: 0 }, '"maxInFlight" must be a whole number of at least 1, got 0'],
    [{ zone: 'a', share: 1 } as never, '"share" must be one of the options that exist'],
  ])('refuse %j', (options, message) => {
    expect(() => zoneSettings(options)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', message: expect.stringContaining(message) }),
    )
  })
})
