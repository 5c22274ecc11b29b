import { describe, expect, test } from 'vitest'
import { HeaderList } from '../core/headers.ts'
import {
  ifRangeHolds,
  isForOriginOnly,
  isNotModified,
  notModifiedHead,
  validationRequest,
  withoutConditions,
} from './conditional.ts'
import { formatHttpDate } from './http-date.ts'
import { validatorsOf } from './validators.ts'

type Fields = Record<string, string | string[]>
const T = Date.UTC(2026, 10, 26, 12)
const date = (seconds: number) => formatHttpDate(T + seconds * 1_000)
const stored = (fields: Fields, status = 200) => ({
  status,
  headers: HeaderList.from(fields),
  responseTime: T,
})

describe('isForOriginOnly', () => {
  test.each<[rule: string, request: Fields, is: boolean]>([
    ['9111 4.3.2 If-Match', { 'If-Match': '"a"' }, true],
    ['9111 4.3.2 If-Unmodified-Since', { 'If-Unmodified-Since': date(0) }, true],
    ['9111 4.3.2 If-None-Match', { 'If-None-Match': '"a"' }, false],
    ['9111 4.3.2 none', {}, false],
  ])('%s', (_rule, request, is) => {
    expect(isForOriginOnly(HeaderList.from(request))).toBe(is)
  })
})

describe('isNotModified', () => {
  const tagged = { ETag: '"a"', 'Last-Modified': date(-100), Date: date(0) }
  const dated = { 'Last-Modified': date(-100), Date: date(0) }

  test.each<[rule: string, request: Fields, response: Fields, is: boolean]>([
    ['9110 13.2.2 no conditions', {}, tagged, false],
    ['9110 13.1.2 matches', { 'If-None-Match': '"a"' }, tagged, true],
    ['9110 13.1.2 another', { 'If-None-Match': '"b"' }, tagged, false],
    ['9110 13.1.2 one of several', { 'If-None-Match': '"b", "a"' }, tagged, true],
    ['9110 13.1.2 on two lines', { 'If-None-Match': ['"b"', '"a"'] }, tagged, true],
    ['9110 13.1.2 weak and strong', { 'If-None-Match': 'W/"a"' }, tagged, true],
    ['9110 13.1.2 strong and weak', { 'If-None-Match': '"a"' }, { ETag: 'W/"a"' }, true],
    ['9110 13.1.2 *', { 'If-None-Match': '*' }, {}, true],
    ['9110 13.1.2 no ETag', { 'If-None-Match': '"a"' }, dated, false],
    ['9110 13.1.2 malformed', { 'If-None-Match': '"a", b' }, tagged, false],
    ['9110 13.1.2 without quotes', { 'If-None-Match': 'a' }, { ETag: 'a' }, false],
    ['9110 13.1.2 empty', { 'If-None-Match': '' }, tagged, false],
    ['9110 13.1.2 several ETags', { 'If-None-Match': '"a"' }, { ETag: ['"a"', '"b"'] }, false],
    [
      '9110 13.2.2 If-None-Match decides, against',
      { 'If-None-Match': '"b"', 'If-Modified-Since': date(0) },
      tagged,
      false,
    ],
    [
      '9110 13.2.2 If-None-Match decides, for',
      { 'If-None-Match': '"a"', 'If-Modified-Since': date(-200) },
      tagged,
      true,
    ],
    [
      '9110 13.2.2 a malformed If-None-Match decides',
      { 'If-None-Match': 'x', 'If-Modified-Since': date(0) },
      tagged,
      false,
    ],
    ['9111 4.3.2 same time', { 'If-Modified-Since': date(-100) }, dated, true],
    ['9111 4.3.2 later', { 'If-Modified-Since': date(-99) }, dated, true],
    ['9111 4.3.2 earlier', { 'If-Modified-Since': date(-101) }, dated, false],
    ['9111 4.3.2 Date in place of Last-Modified', { 'If-Modified-Since': date(0) }, { Date: date(0) }, true],
    ['9111 4.3.2 Date in place of it, earlier', { 'If-Modified-Since': date(-1) }, { Date: date(0) }, false],
    ['9111 4.3.2 neither: when it came', { 'If-Modified-Since': date(0) }, {}, true],
    ['9111 4.3.2 neither: when it came, earlier', { 'If-Modified-Since': date(-1) }, {}, false],
    [
      '9111 4.3.2 a Last-Modified that cannot be read',
      { 'If-Modified-Since': date(0) },
      { 'Last-Modified': 'x' },
      false,
    ],
    ['9110 13.1.3 malformed', { 'If-Modified-Since': 'x' }, dated, false],
    ['9110 13.1.3 twice', { 'If-Modified-Since': [date(0), date(-1)] }, dated, false],
    ['9110 13.1.3 asctime', { 'If-Modified-Since': 'Thu Nov 26 12:00:00 2026' }, dated, true],
  ])('%s', (_rule, request, response, is) => {
    expect(isNotModified('GET', HeaderList.from(request), stored(response))).toBe(is)
  })

  test.each<[rule: string, method: string, status: number, is: boolean]>([
    ['9110 13.2.1 HEAD', 'HEAD', 200, true],
    ['9110 13.1.2 POST', 'POST', 200, false],
    ['9110 13.2.1 203', 'GET', 203, true],
    ['9110 13.2.1 299', 'GET', 299, true],
    ['9110 13.2.1 300', 'GET', 300, false],
    ['9110 13.2.1 199', 'GET', 199, false],
    ['9110 13.2.1 301', 'GET', 301, false],
    ['9110 13.2.1 404', 'GET', 404, false],
  ])('%s', (_rule, method, status, is) => {
    const request = HeaderList.from({ 'If-None-Match': '"a"' })
    expect(isNotModified(method, request, stored({ ETag: '"a"' }, status))).toBe(is)
  })
})

describe('ifRangeHolds', () => {
  const dated = { 'Last-Modified': date(-100), Date: date(0) }

  test.each<[rule: string, request: Fields, response: Fields, holds: boolean]>([
    ['9110 13.1.5 none', {}, {}, true],
    ['9110 13.1.5 same tag', { 'If-Range': '"a"' }, { ETag: '"a"' }, true],
    ['9110 13.1.5 another tag', { 'If-Range': '"b"' }, { ETag: '"a"' }, false],
    ['9110 13.1.5 weak in the request', { 'If-Range': 'W/"a"' }, { ETag: '"a"' }, false],
    ['9110 13.1.5 weak in the response', { 'If-Range': '"a"' }, { ETag: 'W/"a"' }, false],
    ['9110 13.1.5 weak in both', { 'If-Range': 'W/"a"' }, { ETag: 'W/"a"' }, false],
    ['9110 13.1.5 no tag', { 'If-Range': '"a"' }, dated, false],
    ['9110 13.1.5 same date', { 'If-Range': date(-100) }, dated, true],
    ['9110 13.1.5 same date in another format', { 'If-Range': 'Thu Nov 26 11:58:20 2026' }, dated, true],
    ['9110 13.1.5 earlier date', { 'If-Range': date(-101) }, dated, false],
    ['9110 13.1.5 later date', { 'If-Range': date(0) }, dated, false],
    [
      '9110 8.8.2.2 a date that is weak',
      { 'If-Range': date(0) },
      { 'Last-Modified': date(0), Date: date(0) },
      false,
    ],
    [
      '9110 8.8.2.2 a second makes it strong',
      { 'If-Range': date(-1) },
      { 'Last-Modified': date(-1), Date: date(0) },
      true,
    ],
    ['9110 8.8.2.2 no Date', { 'If-Range': date(-100) }, { 'Last-Modified': date(-100) }, false],
    ['9110 13.1.5 malformed', { 'If-Range': 'x' }, {}, false],
    ['9110 13.1.5 two tags', { 'If-Range': '"a", "b"' }, { ETag: '"a"' }, false],
    ['9110 13.1.5 two lines', { 'If-Range': ['"a"', '"b"'] }, { ETag: '"a"' }, false],
    ['9110 13.1.5 two dates', { 'If-Range': [date(-100), date(-99)] }, dated, false],
  ])('%s', (_rule, request, response, holds) => {
    expect(ifRangeHolds(HeaderList.from(request), stored(response))).toBe(holds)
  })
})

describe('validationRequest', () => {
  const ask = (request: Fields, ...responses: Fields[]) => {
    const all = responses.map((fields) => validatorsOf(HeaderList.from(fields), T))
    return validationRequest(HeaderList.from(request), all)
  }
  const sent = (request: Fields, ...responses: Fields[]) => {
    const found = ask(request, ...responses)
    return found && Object.fromEntries(found.headers)
  }

  test.each<[rule: string, request: Fields, responses: Fields[], sent: Fields | undefined]>([
    ['9111 4.3.1 a tag', {}, [{ ETag: '"a"' }], { 'If-None-Match': '"a"' }],
    ['9111 4.3.1 a weak tag', {}, [{ ETag: 'W/"a"' }], { 'If-None-Match': 'W/"a"' }],
    ['9111 4.3.1 a date', {}, [{ 'Last-Modified': date(-9) }], { 'If-Modified-Since': date(-9) }],
    [
      '9111 4.3.1 both',
      {},
      [{ ETag: '"a"', 'Last-Modified': date(-9) }],
      { 'If-None-Match': '"a"', 'If-Modified-Since': date(-9) },
    ],
    ['9111 4.3.1 neither', { A: '1' }, [{}], undefined],
    ['9111 4.3.1 nothing stored', {}, [], undefined],
    ['9111 4.3.1 what cannot be read', {}, [{ ETag: 'a', 'Last-Modified': 'x' }], undefined],
    [
      '9111 4.3.1 all variants',
      {},
      [
        { ETag: '"a"', 'Last-Modified': date(-9) },
        { ETag: '"b"', 'Last-Modified': date(-8) },
      ],
      { 'If-None-Match': '"a", "b"', 'If-Modified-Since': date(-9) },
    ],
    ['9111 4.3.1 a tag once', {}, [{ ETag: '"a"' }, { ETag: '"a"' }], { 'If-None-Match': '"a"' }],
    ['9111 4.3.1 other fields stay', { A: '1' }, [{ ETag: '"a"' }], { A: '1', 'If-None-Match': '"a"' }],
    [
      '9111 4.3.1 the tags of the client too',
      { 'If-None-Match': '"c", "a"' },
      [{ ETag: '"a"' }],
      { 'If-None-Match': '"a", "c"' },
    ],
    ['9111 4.3.1 not its *', { 'If-None-Match': '*' }, [{ ETag: '"a"' }], { 'If-None-Match': '"a"' }],
    [
      '9111 4.3.1 not what is malformed',
      { 'If-None-Match': 'c' },
      [{ ETag: '"a"' }],
      { 'If-None-Match': '"a"' },
    ],
    [
      '9111 4.3.1 nor its date',
      { 'If-Modified-Since': date(-1) },
      [{ ETag: '"a"' }],
      { 'If-None-Match': '"a"' },
    ],
    [
      '9111 4.3.1 its tags do not help a date',
      { 'If-None-Match': '"c"' },
      [{ 'Last-Modified': date(-9) }],
      { 'If-Modified-Since': date(-9) },
    ],
    [
      '9111 4.3.1 all of it is asked for',
      { Range: 'bytes=0-1', 'If-Range': '"a"' },
      [{ ETag: '"a"' }],
      { 'If-None-Match': '"a"' },
    ],
  ])('%s', (_rule, request, responses, expected) => {
    expect(sent(request, ...responses)).toEqual(expected)
  })

  test("says which tags are the client's alone (RFC 9111 section 4.3.3)", () => {
    const found = ask({ 'If-None-Match': '"c", W/"a", "a", "b"' }, { ETag: '"a"' }, { ETag: '"b"' })!
    expect(found.clientTags).toEqual([
      { weak: false, opaque: '"c"' },
      { weak: true, opaque: '"a"' },
    ])
  })

  test('is bounded, and sends no tag that it does not know of', () => {
    const tags = Array.from({ length: 5_000 }, (_, i) => `"${i}"`)
    const found = ask({ 'If-None-Match': tags.join(', ') }, { ETag: '"a"' })!
    const all = found.headers.get('if-none-match')!.split(', ')
    expect(all).toHaveLength(32)
    expect(found.clientTags.map(({ opaque }) => opaque)).toEqual(all.slice(1))
  })

  test('leaves the request alone', () => {
    const request = HeaderList.from({ Range: 'bytes=0-1' })
    validationRequest(request, [validatorsOf(HeaderList.from({ ETag: '"a"' }), T)])
    expect([...request]).toEqual([['Range', 'bytes=0-1']])
  })
})

describe('withoutConditions', () => {
  test('asks for all of it (RFC 9111 section 3.3)', () => {
    const request = {
      A: '1',
      'If-None-Match': '"a"',
      'If-Modified-Since': 'x',
      'If-Range': '"a"',
      Range: 'bytes=0-1',
    }
    expect([...withoutConditions(HeaderList.from(request))]).toEqual([['A', '1']])
  })
})

describe('notModifiedHead', () => {
  test('has what caches go by, and nothing of the content (RFC 9110 section 15.4.5)', () => {
    const kept = {
      'Cache-Control': 'max-age=1',
      'Content-Location': '/a',
      Date: date(0),
      ETag: '"a"',
      Expires: date(1),
      Vary: 'A',
    }
    const gone = {
      'Content-Length': '1',
      'Content-Type': 'a/b',
      'Content-Encoding': 'gzip',
      'Content-Language': 'en',
      'Content-Range': 'x',
    }
    expect(Object.fromEntries(notModifiedHead(HeaderList.from({ ...gone, ...kept })))).toEqual(kept)
  })
})
