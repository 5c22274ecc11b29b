import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { preferredCoding } from './accept-encoding.ts'

const CODINGS = ['br', 'gzip']

describe('preferredCoding', () => {
  test.each<[rule: string, field: string | undefined, coding: string]>([
    ['9110 12.5.3', 'gzip', 'gzip'],
    ['9110 12.5.3 browsers', 'gzip, deflate, br, zstd', 'br'],
    ['9110 12.5.3 another order', 'br,gzip', 'br'],
    ['9110 12.5.3 case', 'GZip', 'gzip'],
    ['9110 12.5.3 weights', 'br;q=0.1, gzip;q=1.0', 'br'],
    ['9110 12.5.3 weight 0', 'br;q=0, gzip', 'gzip'],
    ['9110 12.5.3 weight 0.000', 'br;q=0.000, gzip ; q=0.5', 'gzip'],
    ['9110 12.5.3 *', '*', 'br'],
    ['9110 12.5.3 * and one that is not wanted', '*, br;q=0', 'gzip'],
    ['9110 12.5.3 nothing else', 'gzip, *;q=0', 'gzip'],
    ['9110 12.5.3 none of ours', 'deflate, zstd', 'identity'],
    ['9110 12.5.3 none at all', 'identity;q=0, *;q=0', 'identity'],
    ['9110 12.5.3 empty', '', 'identity'],
    ['9110 12.5.3 no field', undefined, 'identity'],
    ['9110 8.4.1.3 x-gzip', 'x-gzip', 'gzip'],
    ['9110 12.4.2 a malformed weight', 'br;q=2, gzip', 'gzip'],
    ['9110 12.4.2 a malformed element', 'br;level=1, gzip', 'gzip'],
    ['9110 5.6.1 empty elements', ', ,gzip,,', 'gzip'],
    ['9110 12.5.3 a longer name', 'brx, gzipped', 'identity'],
  ])('%s: %j', (_rule, field, coding) => {
    expect(preferredCoding(field, CODINGS)).toBe(coding)
  })

  test('is one of a few, whatever clients send', () => {
    const piece = fc.constantFrom('br', 'gzip', '*', ';q=', '0', '1', '.5', ',', ' ', 'x')
    fc.assert(
      fc.property(
        fc.array(piece).map((all) => all.join('')),
        (field) => {
          expect(['br', 'gzip', 'identity']).toContain(preferredCoding(field, CODINGS))
        },
      ),
    )
  })
})
