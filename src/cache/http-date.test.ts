import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatHttpDate, parseHttpDate } from './http-date.ts'

const NOW = Date.UTC(2026, 10, 26)
const EXAMPLE = Date.UTC(1994, 10, 6, 8, 49, 37)

describe('parseHttpDate', () => {
  test.each<[rule: string, text: string, ms: number | undefined]>([
    ['9110 5.6.7 IMF-fixdate', 'Sun, 06 Nov 1994 08:49:37 GMT', EXAMPLE],
    ['9110 5.6.7 rfc850-date', 'Sunday, 06-Nov-94 08:49:37 GMT', EXAMPLE],
    ['9110 5.6.7 asctime-date', 'Sun Nov  6 08:49:37 1994', EXAMPLE],
    [
      '9110 5.6.7 asctime-date with two digits',
      'Wed Nov 16 08:49:37 1994',
      Date.UTC(1994, 10, 16, 8, 49, 37),
    ],
    ['9111 4.2 case is ignored', 'SUN, 06 nov 1994 08:49:37 gmt', EXAMPLE],
    [
      '9110 5.6.7 two digits, this century',
      'Sunday, 06-Nov-70 08:49:37 GMT',
      Date.UTC(2070, 10, 6, 8, 49, 37),
    ],
    ['9110 5.6.7 50 years ahead stays', 'Sunday, 06-Nov-76 08:49:37 GMT', Date.UTC(2076, 10, 6, 8, 49, 37)],
    [
      '9110 5.6.7 more than 50 years ahead',
      'Sunday, 06-Nov-77 08:49:37 GMT',
      Date.UTC(1977, 10, 6, 8, 49, 37),
    ],
    [
      '9110 5.6.7 the longest there is',
      'Wednesday, 02-Nov-94 08:49:37 GMT',
      Date.UTC(1994, 10, 2, 8, 49, 37),
    ],
    ['9110 5.6.7 leap day', 'Thu, 29 Feb 2024 00:00:00 GMT', Date.UTC(2024, 1, 29)],
    ['9110 5.6.7 leap second', 'Sat, 31 Dec 2016 23:59:60 GMT', Date.UTC(2017, 0, 1)],
    ['9110 5.6.7 a wrong day of the week', 'Mon, 06 Nov 1994 08:49:37 GMT', EXAMPLE],
    ['9110 5.6.7 the year 1', 'Mon, 01 Jan 0001 00:00:00 GMT', -62135596800000],
    ['9110 5.6.7 the year 9999', 'Fri, 31 Dec 9999 23:59:59 GMT', 253402300799000],
    ['9110 5.6.7 no such day', 'Fri, 30 Feb 2024 00:00:00 GMT', undefined],
    ['9110 5.6.7 day 0', 'Fri, 00 Feb 2024 00:00:00 GMT', undefined],
    ['9110 5.6.7 no such hour', 'Sun, 06 Nov 1994 24:00:00 GMT', undefined],
    ['9110 5.6.7 no such minute', 'Sun, 06 Nov 1994 08:60:00 GMT', undefined],
    ['9110 5.6.7 no such second', 'Sun, 06 Nov 1994 08:49:61 GMT', undefined],
    ['9111 4.2 another zone', 'Sun, 06 Nov 1994 08:49:37 UTC', undefined],
    ['9111 4.2 a numeric zone', 'Sun, 06 Nov 1994 08:49:37 +0000', undefined],
    ['9110 5.6.7 IMF-fixdate of two digits', 'Sun, 06 Nov 94 08:49:37 GMT', undefined],
    ['9110 5.6.7 rfc850-date of four digits', 'Sunday, 06-Nov-1994 08:49:37 GMT', undefined],
    ['9110 5.6.7 dashes with a short day', 'Sun, 06-Nov-1994 08:49:37 GMT', undefined],
    ['9110 5.6.7 no comma', 'Sun 06 Nov 1994 08:49:37 GMT', undefined],
    ['9110 5.6.7 two spaces', 'Sun, 06  Nov 1994 08:49:37 GMT', undefined],
    ['9110 5.6.7 an hour of one digit', 'Sun, 06 Nov 1994 8:49:37 GMT', undefined],
    ['9110 5.6.7 periods', 'Sun, 06 Nov 1994 08.49.37 GMT', undefined],
    ['9110 5.6.7 ISO 8601', '1994-11-06T08:49:37Z', undefined],
    ['9111 5.3 the value 0', '0', undefined],
    ['9111 5.3 the value -1', '-1', undefined],
    ['9110 5.6.7 nothing', '', undefined],
    ['9110 5.6.7 white space before', ' Sun, 06 Nov 1994 08:49:37 GMT', undefined],
    ['9110 5.6.7 something behind', 'Sun, 06 Nov 1994 08:49:37 GMT, x', undefined],
    ['9110 5.6.7 a line behind', 'Sun, 06 Nov 1994 08:49:37 GMT\n', undefined],
  ])('%s: %j', (_rule, text, ms) => {
    expect(parseHttpDate(text, NOW)).toBe(ms)
  })

  test.each<[rule: string, thisYear: number, digits: string, year: number]>([
    ['9110 5.6.7 at the end of a century', 2090, '10', 2110],
    ['9110 5.6.7 at the end of a century, 50 years ahead', 2090, '40', 2140],
    ['9110 5.6.7 at the end of a century, more', 2090, '41', 2041],
    ['9110 5.6.7 at the beginning of one', 2101, '99', 2099],
  ])('%s: in %d, %s is %d', (_rule, thisYear, digits, year) => {
    const text = `Sunday, 06-Nov-${digits} 08:49:37 GMT`
    expect(parseHttpDate(text, Date.UTC(thisYear, 5))).toBe(Date.UTC(year, 10, 6, 8, 49, 37))
  })

  test('reads what formatHttpDate writes, to the second (RFC 9110 section 5.6.7)', () => {
    const times = fc.integer({ min: Date.UTC(1000, 0), max: Date.UTC(9999, 11, 31, 23, 59, 59) })
    fc.assert(
      fc.property(times, (ms) => {
        expect(parseHttpDate(formatHttpDate(ms), NOW)).toBe(Math.floor(ms / 1_000) * 1_000)
      }),
    )
  })

  test('never throws, and gives whole seconds or nothing', () => {
    const pieces = fc.array(
      fc.constantFrom(
        'Sun',
        'Sunday',
        ', ',
        ' ',
        '06',
        '31',
        'Feb',
        '-',
        '94',
        '1994',
        '08:49:37',
        'GMT',
        '0',
      ),
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          pieces.map((all) => all.join('')),
        ),
        (text) => {
          const ms = parseHttpDate(text, NOW)
          expect(ms === undefined || Number.isInteger(ms / 1_000)).toBe(true)
        },
      ),
    )
  })
})
