import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HeaderList } from '../core/headers.ts'
import { parseContentRange } from './content-range.ts'
import {
  brokenOffPart,
  formatRange,
  isPartOf,
  isWhole,
  missingFrom,
  type StoredParts,
  withPart,
} from './stored-parts.ts'
import { validatorsOf } from './validators.ts'

const range = (text: string) => {
  const [first, last] = text.split('-').map(Number)
  return { first: first!, last: last! }
}
const partsOf = (texts: string[]) =>
  texts.reduce<StoredParts>((parts, text) => withPart(parts, range(text))!, [])
const texts = (parts: StoredParts) => parts.map(({ first, last }) => `${first}-${last}`)

describe('withPart', () => {
  test.each<[rule: string, parts: string[], joined: string[]]>([
    ['9111 3.4 one', ['5-9'], ['5-9']],
    ['9111 3.4 apart', ['5-9', '0-3'], ['0-3', '5-9']],
    ['9111 3.4 touching', ['5-9', '0-4'], ['0-9']],
    ['9111 3.4 touching behind', ['0-4', '5-9'], ['0-9']],
    ['9111 3.4 overlapping', ['0-5', '3-9'], ['0-9']],
    ['9111 3.4 within', ['0-9', '3-5'], ['0-9']],
    ['9111 3.4 around', ['3-5', '0-9'], ['0-9']],
    ['9111 3.4 between two', ['0-2', '7-9', '3-6'], ['0-9']],
    ['9111 3.4 over three', ['0-1', '4-5', '8-9', '20-30', '1-10'], ['0-10', '20-30']],
  ])('%s: %j', (_rule, parts, joined) => {
    expect(texts(partsOf(parts))).toEqual(joined)
  })

  test('keeps track of 64 pieces, not of more', () => {
    const parts = partsOf(Array.from({ length: 64 }, (_, i) => `${i * 10}-${i * 10}`))
    expect(parts).toHaveLength(64)
    expect(withPart(parts, range('1000-1000'))).toBeUndefined()
    expect(withPart(parts, range('5-1000'))).toEqual([range('0-0'), range('5-1000')])
  })
})

describe('missingFrom', () => {
  test.each<[rule: string, parts: string[], wanted: string, missing: string[]]>([
    ['9111 3.3 all', [], '0-9', ['0-9']],
    ['9111 3.3 nothing', ['0-9'], '0-9', []],
    ['9111 3.3 within', ['0-9'], '3-5', []],
    ['9111 3.3 behind', ['0-4'], '0-9', ['5-9']],
    ['9111 3.3 before', ['5-9'], '0-9', ['0-4']],
    ['9111 3.3 between', ['0-2', '7-9'], '0-9', ['3-6']],
    ['9111 3.3 around', ['3-5'], '0-9', ['0-2', '6-9']],
    ['9111 3.3 elsewhere', ['0-2', '20-30'], '5-9', ['5-9']],
    ['9111 3.3 one byte', ['0-2', '4-9'], '2-4', ['3-3']],
  ])('%s: %j of %s', (_rule, parts, wanted, missing) => {
    expect(texts(missingFrom(partsOf(parts), range(wanted)))).toEqual(missing)
  })
})

describe('stored parts', () => {
  test('agree with a set of bytes (RFC 9111 section 3.4)', () => {
    const any = fc.tuple(fc.nat(60), fc.nat(15)).map(([first, more]) => ({ first, last: first + more }))
    fc.assert(
      fc.property(fc.array(any, { maxLength: 12 }), any, fc.nat(80), (all, wanted, size) => {
        const parts = all.reduce<StoredParts>((before, part) => withPart(before, part)!, [])
        const bytes = new Set<number>()
        for (const { first, last } of all) for (let at = first; at <= last; at++) bytes.add(at)
        const missing = missingFrom(parts, wanted)
        for (let at = wanted.first; at <= wanted.last; at++)
          expect(missing.some(({ first, last }) => first <= at && at <= last)).toBe(!bytes.has(at))
        for (const one of missing) expect(one.first >= wanted.first && one.last <= wanted.last).toBe(true)
        for (let i = 1; i < parts.length; i++) expect(parts[i]!.first).toBeGreaterThan(parts[i - 1]!.last + 1)
        expect(isWhole(parts, size)).toBe(
          Array.from({ length: size }, (_, at) => at).every((at) => bytes.has(at)),
        )
      }),
    )
  })
})

describe('isPartOf', () => {
  const validators = (etag: string) => validatorsOf(HeaderList.from({ ETag: etag }), 0)

  test.each<
    [rule: string, etag: string, size: number | undefined, partTag: string, contentRange: string, is: boolean]
  >([
    ['9111 3.4 the same', '"a"', 10, '"a"', 'bytes 0-4/10', true],
    ['9111 3.4 another tag', '"a"', 10, '"b"', 'bytes 0-4/10', false],
    ['9111 3.4 weak tags', 'W/"a"', 10, 'W/"a"', 'bytes 0-4/10', false],
    ['9111 3.4 another size', '"a"', 10, '"a"', 'bytes 0-4/11', false],
    ['9111 3.4 a size that is not said', '"a"', 10, '"a"', 'bytes 0-4/*', true],
    ['9111 3.4 not said, past the end', '"a"', 10, '"a"', 'bytes 9-10/*', false],
    ['9111 3.4 a size that is not known', '"a"', undefined, '"a"', 'bytes 0-4/10', true],
  ])('%s', (_rule, etag, size, partTag, contentRange, is) => {
    const part = { validators: validators(partTag), range: parseContentRange(contentRange)! }
    expect(isPartOf({ validators: validators(etag), size }, part)).toBe(is)
  })
})

describe('formatRange', () => {
  test.each<[rule: string, text: string, size: number | undefined, value: string]>([
    ['9110 14.2 between', '5-8', 10, 'bytes=5-8'],
    ['9110 14.2 to the end', '5-9', 10, 'bytes=5-'],
    ['9110 14.2 of an unknown size', '5-9', undefined, 'bytes=5-9'],
  ])('%s', (_rule, text, size, value) => {
    expect(formatRange(range(text), size)).toBe(value)
  })
})

describe('brokenOffPart', () => {
  test.each<
    [rule: string, status: number, fields: Record<string, string>, received: number, part: string | undefined]
  >([
    ['9111 3.3 a 200', 200, { 'Content-Length': '10' }, 4, '0-3/10'],
    ['9111 3.3 all of it', 200, { 'Content-Length': '10' }, 10, '0-9/10'],
    ['9111 3.3 nothing came', 200, { 'Content-Length': '10' }, 0, undefined],
    ['9111 3.3 an unknown size', 200, {}, 4, undefined],
    ['9111 3.3 a malformed size', 200, { 'Content-Length': '1e1' }, 4, undefined],
    ['9111 3.3 empty', 200, { 'Content-Length': '0' }, 4, undefined],
    ['9111 3.3 another status', 404, { 'Content-Length': '10' }, 4, undefined],
    ['9111 3.3 a 206', 206, { 'Content-Length': '5', 'Content-Range': 'bytes 5-9/10' }, 2, '5-6/10'],
    ['9111 3.3 a 206 of an unknown size', 206, { 'Content-Range': 'bytes 5-9/*' }, 2, '5-6/undefined'],
    ['9111 3.3 a malformed 206', 206, { 'Content-Length': '5' }, 2, undefined],
  ])('%s', (_rule, status, fields, received, part) => {
    const found = brokenOffPart({ status, headers: HeaderList.from(fields) }, received)
    expect(found && `${found.first}-${found.last}/${found.size}`).toBe(part)
  })
})
