import { describe, expect, test } from 'vitest'
import { HeaderList } from '../core/headers.ts'
import { formatHttpDate } from './http-date.ts'
import { sameStrongValidator, validatorsOf } from './validators.ts'

type Fields = Record<string, string | string[]>
const T = Date.UTC(2026, 10, 26, 12)
const date = (seconds: number) => formatHttpDate(T + seconds * 1_000)

describe('sameStrongValidator', () => {
  const old = { 'Last-Modified': date(-100), Date: date(0) }

  test.each<[rule: string, one: Fields, other: Fields, same: boolean]>([
    ['9110 8.8.1 tags', { ETag: '"a"' }, { ETag: '"a"' }, true],
    ['9110 8.8.1 other tags', { ETag: '"a"' }, { ETag: '"b"' }, false],
    ['9110 8.8.1 a weak tag', { ETag: 'W/"a"' }, { ETag: 'W/"a"' }, false],
    ['9110 8.8.1 tags before dates', { ETag: '"a"', ...old }, { ETag: '"b"', ...old }, false],
    ['9110 8.8.1 weak tags before dates', { ETag: 'W/"a"', ...old }, { ETag: 'W/"a"', ...old }, false],
    ['9110 8.8.1 one tag alone', { ETag: '"a"', ...old }, old, false],
    ['9110 8.8.2.2 dates', old, { ...old, Date: date(5) }, true],
    ['9110 8.8.2.2 other dates', old, { ...old, 'Last-Modified': date(-99) }, false],
    ['9110 8.8.2.2 a weak date', old, { 'Last-Modified': date(-100), Date: date(-100) }, false],
    ['9110 8.8.2.2 a date without Date', old, { 'Last-Modified': date(-100) }, false],
    ['9110 8.8.1 nothing', {}, {}, false],
    ['9110 8.8.1 malformed tags', { ETag: 'a' }, { ETag: 'a' }, false],
  ])('%s', (_rule, one, other, same) => {
    const [first, second] = [one, other].map((fields) => validatorsOf(HeaderList.from(fields), T))
    expect(sameStrongValidator(first!, second!)).toBe(same)
    expect(sameStrongValidator(second!, first!)).toBe(same)
  })
})
