import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ContentRange, formatContentRange, parseContentRange } from './content-range.ts'

describe('parseContentRange', () => {
  test.each<[rule: string, value: string | undefined, found: ContentRange | undefined]>([
    ['9110 14.4', 'bytes 0-4/10', { first: 0, last: 4, size: 10 }],
    ['9110 14.4 an unknown size', 'bytes 0-4/*', { first: 0, last: 4, size: undefined }],
    ['9110 14.4 one byte', 'bytes 9-9/10', { first: 9, last: 9, size: 10 }],
    ['9110 14.1 case of the unit', 'Bytes 0-4/10', { first: 0, last: 4, size: 10 }],
    ['9110 14.4 none', undefined, undefined],
    ['9110 14.4 turned round', 'bytes 4-0/10', undefined],
    ['9110 14.4 past the end', 'bytes 4-10/10', undefined],
    ['9110 14.4 unsatisfied', 'bytes */10', undefined],
    ['9110 14.4 another unit', 'pages 0-4/10', undefined],
    ['9110 14.4 no unit', '0-4/10', undefined],
    ['9110 14.4 an equals sign', 'bytes=0-4/10', undefined],
    ['9110 14.4 negative', 'bytes -1-4/10', undefined],
    ['9110 14.4 no end', 'bytes 0-/10', undefined],
    ['9110 14.4 no size', 'bytes 0-4', undefined],
    ['9110 14.4 two', 'bytes 0-4/10, bytes 5-9/10', undefined],
    ['9110 14.4 too large', 'bytes 0-9999999999999999/*', undefined],
    ['9110 14.4 far too large', `bytes 0-${'9'.repeat(400)}/*`, undefined],
  ])('%s: %j', (_rule, value, found) => {
    expect(parseContentRange(value)).toEqual(found)
  })

  test('reads what formatContentRange writes', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.nat(), (first, more, behind) => {
        const range = { first, last: first + more }
        const size = first + more + 1 + behind
        expect(parseContentRange(formatContentRange(range, size))).toEqual({ ...range, size })
      }),
    )
  })
})
