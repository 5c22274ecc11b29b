import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HeaderList } from '../core/headers.ts'
import { ageField, ageValue, currentAgeMs, dateOf, initialAgeMs } from './age.ts'
import { formatHttpDate } from './http-date.ts'

const T = Date.UTC(2026, 10, 26, 12)
const date = (seconds: number) => formatHttpDate(T + seconds * 1_000)

describe('ageField', () => {
  test.each<[rule: string, lines: string[], age: number | undefined]>([
    ['9111 5.1 none', [], undefined],
    ['9111 5.1', ['60'], 60],
    ['9111 5.1 zero', ['0'], 0],
    ['9111 5.1 the first member', ['7200,0'], 7200],
    ['9111 5.1 the first member, with spaces', ['0 , 7200'], 0],
    ['9111 5.1 the first line', ['7200', '0'], 7200],
    ['9111 5.1 the first line, turned', ['0', '7200'], 0],
    ['9111 5.1 no number', ['abc'], undefined],
    ['9111 5.1 negative', ['-7200'], undefined],
    ['9111 5.1 a fraction', ['7200.0'], undefined],
    ['9111 5.1 quoted', ['"60"'], undefined],
    ['9111 5.1 empty', [''], undefined],
    ['9111 5.1 the first is empty', [', 60'], undefined],
    ['9111 5.1 the first is none, the second is', ['x', '60'], undefined],
    ['9111 1.2.2 past 2^31', ['99999999999999999999'], 2_147_483_648],
  ])('%s: %j', (_rule, lines, age) => {
    expect(ageField(HeaderList.from({ Age: lines }))).toBe(age)
  })
})

describe('dateOf', () => {
  test.each<[rule: string, lines: string[], ms: number]>([
    ['9110 6.6.1', [date(-60)], T - 60_000],
    ['9110 6.6.1 none', [], T],
    ['9110 6.6.1 cannot be read', ['yesterday'], T],
    ['9110 5.3 twice the same', [date(-60), date(-60)], T - 60_000],
    ['9110 5.3 differing', [date(-60), date(-50)], T],
  ])('%s: %j', (_rule, lines, ms) => {
    expect(dateOf(HeaderList.from({ Date: lines }), T)).toBe(ms)
  })
})

describe('initialAgeMs', () => {
  test.each<[rule: string, fields: Record<string, string>, delay: number, age: number]>([
    ['9111 4.2.3 apparent age', { Date: date(-60) }, 0, 60_000],
    ['9111 4.2.3 age value', { Date: date(0), Age: '30' }, 0, 30_000],
    ['9111 4.2.3 the greater of both', { Date: date(-60), Age: '30' }, 0, 60_000],
    ['9111 4.2.3 the greater of both, turned', { Date: date(-20), Age: '30' }, 0, 30_000],
    ['9111 4.2.3 response delay', { Date: date(0), Age: '30' }, 1_500, 31_500],
    ['9111 4.2.3 response delay alone', { Date: date(0) }, 1_500, 1_500],
    ['9111 4.2.3 a Date in the future', { Date: date(3600) }, 0, 0],
    ['9111 4.2.3 a Date in the future and an age', { Date: date(3600), Age: '5' }, 0, 5_000],
    ['9111 4.2.3 no Date', { Age: '5' }, 0, 5_000],
    ['9111 4.2.3 nothing', {}, 0, 0],
    ['9111 4.2.3 the clock was set back meanwhile', { Age: '5' }, -10_000, 5_000],
    ['9111 1.2.2 an age past 2^31', { Age: '9'.repeat(30) }, 5_000, 2_147_483_648_000],
    ['9111 1.2.2 a Date before 1958', { Date: 'Mon, 01 Jan 0001 00:00:00 GMT' }, 0, 2_147_483_648_000],
  ])('%s: %j', (_rule, fields, delay, age) => {
    expect(initialAgeMs(HeaderList.from(fields), { requestTime: T - delay, responseTime: T })).toBe(age)
  })
})

describe('currentAgeMs', () => {
  const stored = { initialAgeMs: 5_000, responseTime: T }

  test.each<[rule: string, now: number, age: number]>([
    ['9111 4.2.3 at once', T, 5_000],
    ['9111 4.2.3 resident time', T + 1_234, 6_234],
    ['9111 4.2.3 the clock was set back', T - 86_400_000, 5_000],
    ['9111 1.2.2 past 2^31', T + 10 ** 13, 2_147_483_648_000],
  ])('%s', (_rule, now, age) => {
    expect(currentAgeMs(stored, now)).toBe(age)
  })

  test('is never negative, and grows with time (RFC 9111 section 4.2.3)', () => {
    const moment = fc.integer({ min: -(10 ** 15), max: 10 ** 15 })
    const fields = fc.record(
      {
        Date: moment.map((ms) => formatHttpDate(ms)),
        Age: fc.oneof(fc.nat().map(String), fc.constantFrom('-1', 'x')),
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(
        fields,
        moment,
        moment,
        moment,
        fc.nat(),
        (given, requestTime, responseTime, now, later) => {
          const times = { requestTime, responseTime }
          const known = {
            initialAgeMs: initialAgeMs(HeaderList.from(given as Record<string, string>), times),
            responseTime,
          }
          const age = currentAgeMs(known, now)
          expect(age).toBeGreaterThanOrEqual(0)
          expect(age).toBeGreaterThanOrEqual(known.initialAgeMs)
          expect(currentAgeMs(known, now + later)).toBeGreaterThanOrEqual(age)
          expect(ageValue(age)).toMatch(/^\d{1,10}$/)
        },
      ),
    )
  })
})

describe('ageValue', () => {
  test.each<[number, string]>([
    [0, '0'],
    [999, '0'],
    [1_000, '1'],
    [2_147_483_648_000, '2147483648'],
  ])('%d ms (RFC 9111 section 5.1)', (ms, value) => {
    expect(ageValue(ms)).toBe(value)
  })
})
