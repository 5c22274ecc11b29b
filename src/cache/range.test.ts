import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HeaderList } from '../core/headers.ts'
import {
  formatUnsatisfiedRange,
  multipartLayout,
  parseRange,
  planRange,
  type RangeSpec,
  rangeAnswer,
} from './range.ts'

const FAR = Number.MAX_SAFE_INTEGER

describe('parseRange', () => {
  test.each<[rule: string, value: string | undefined, specs: RangeSpec[] | undefined]>([
    ['9110 14.1.1', 'bytes=0-4', [{ first: 0, last: 4 }]],
    ['9110 14.1.1 to the end', 'bytes=5-', [{ first: 5, last: undefined }]],
    ['9110 14.1.2 suffix', 'bytes=-5', [{ suffix: 5 }]],
    [
      '9110 14.1.2 several',
      'bytes=0-0, -1,5-',
      [{ first: 0, last: 0 }, { suffix: 1 }, { first: 5, last: undefined }],
    ],
    ['9110 14.1 case of the unit', 'Bytes=0-4', [{ first: 0, last: 4 }]],
    ['9110 5.6.1 empty elements', 'bytes=,0-4, ,', [{ first: 0, last: 4 }]],
    ['9110 14.1.1 leading zeros', 'bytes=007-08', [{ first: 7, last: 8 }]],
    ['9110 14.1.1 too large', `bytes=0-${'9'.repeat(400)}`, [{ first: 0, last: FAR }]],
    ['9110 14.1.2 a suffix too large', `bytes=-${'9'.repeat(30)}`, [{ suffix: FAR }]],
    ['9110 14.1.2 an empty suffix', 'bytes=-0', [{ suffix: 0 }]],
    ['9110 14.2 none', undefined, undefined],
    ['9110 14.2 another unit', 'pages=0-4', undefined],
    ['9110 14.2 no unit', '0-4', undefined],
    ['9110 14.2 nothing', 'bytes=', undefined],
    ['9110 14.1.1 turned round', 'bytes=4-0', undefined],
    ['9110 14.1.1 one that is turned round', 'bytes=0-4, 9-5', undefined],
    ['9110 14.1.1 a dash', 'bytes=-', undefined],
    ['9110 14.1.1 signs', 'bytes=+0-4', undefined],
    ['9110 14.1.1 negative', 'bytes=--5', undefined],
    ['9110 14.1.1 a space', 'bytes=0 -4', undefined],
    ['9110 14.1.1 a space behind =', 'bytes= 0-4', [{ first: 0, last: 4 }]],
    ['9110 14.1.1 letters', 'bytes=0x0-4', undefined],
    ['9110 14.2 two lines', 'bytes=0-4, bytes=5-9', undefined],
    [
      '9110 17.15 as many as there may be',
      `bytes=${'0-0,'.repeat(16)}`,
      Array.from({ length: 16 }, () => ({ first: 0, last: 0 })),
    ],
    ['9110 17.15 too many', `bytes=${'0-0,'.repeat(17)}`, undefined],
  ])('%s: %j', (_rule, value, specs) => {
    expect(parseRange(value)).toEqual(specs)
  })

  test('takes as many as it is told to', () => {
    expect(parseRange('bytes=0-0,1-1', 1)).toBeUndefined()
  })
})

describe('planRange', () => {
  const plan = (value: string | undefined, size: number) => {
    const found = planRange(parseRange(value), size)
    return found.answer === 'parts'
      ? found.ranges.map(({ first, last }) => `${first}-${last}`).join()
      : found.answer
  }

  test.each<[rule: string, value: string | undefined, size: number, answer: string]>([
    ['9110 14.1.2', 'bytes=0-4', 10, '0-4'],
    ['9110 14.1.2 to the end', 'bytes=5-', 10, '5-9'],
    ['9110 14.1.2 past the end', 'bytes=5-99', 10, '5-9'],
    ['9110 14.1.2 the last byte', 'bytes=9-9', 10, '9-9'],
    ['9110 14.1.2 suffix', 'bytes=-3', 10, '7-9'],
    ['9110 14.1.2 a suffix of more than all', 'bytes=-99', 10, '0-9'],
    ['9110 14.1.2 all', 'bytes=0-', 10, '0-9'],
    ['9110 14.2 none', undefined, 10, 'whole'],
    ['9110 14.2 malformed', 'bytes=x', 10, 'whole'],
    ['9110 15.5.17 past the end', 'bytes=10-', 10, 'unsatisfiable'],
    ['9110 15.5.17 an empty suffix', 'bytes=-0', 10, 'unsatisfiable'],
    ['9110 15.5.17 of nothing', 'bytes=0-', 0, 'unsatisfiable'],
    ['9110 14.1.2 a suffix of nothing', 'bytes=-5', 0, 'whole'],
    ['9110 15.5.17 an empty suffix of nothing', 'bytes=-0', 0, 'unsatisfiable'],
    ['9110 14.1.2 one that is past the end', 'bytes=99-, 0-1', 10, '0-1'],
    ['9110 15.3.7.2 in the order of the request', 'bytes=900-999, 0-99', 1_000, '900-999,0-99'],
    ['9110 15.3.7.2 overlapping', 'bytes=0-499, 400-599', 1_000, '0-599'],
    ['9110 15.3.7.2 within another', 'bytes=0-499, 100-200', 1_000, '0-499'],
    ['9110 15.3.7.2 touching', 'bytes=0-4, 5-9', 1_000, '0-9'],
    ['9110 15.3.7.2 a gap that does not pay', 'bytes=0-4, 85-90', 1_000, '0-90'],
    ['9110 15.3.7.2 a gap that pays', 'bytes=0-4, 86-90', 1_000, '0-4,86-90'],
    ['9110 15.3.7.2 joined, in the order of the first', 'bytes=900-999, 0-9, 890-910', 1_000, '890-999,0-9'],
    ['9110 17.15 all of it many times', 'bytes=0-,0-,0-,0-,-1000,-999', 1_000, '0-999'],
  ])('%s: %j of %d bytes', (_rule, value, size, answer) => {
    expect(plan(value, size)).toBe(answer)
  })

  test('gives what was asked for, within bounds, no byte twice (RFC 9110 sections 14.1.2 and 17.15)', () => {
    const spec = fc.oneof(
      fc
        .record({ first: fc.nat(600), more: fc.nat(300) })
        .map(({ first, more }) => ({ first, last: first + more })),
      fc.record({ first: fc.nat(600), last: fc.constant(undefined) }),
      fc.record({ suffix: fc.nat(600) }),
    )
    fc.assert(
      fc.property(fc.array(spec, { minLength: 1, maxLength: 16 }), fc.nat(500), (specs, size) => {
        const found = planRange(specs, size)
        const wanted = new Set<number>()
        for (const one of specs) {
          const first = 'suffix' in one ? size - one.suffix : one.first
          const last = 'suffix' in one ? size - 1 : (one.last ?? size - 1)
          for (let at = Math.max(0, first); at <= Math.min(last, size - 1); at++) wanted.add(at)
        }
        expect(found.answer === 'parts').toBe(wanted.size > 0)
        if (found.answer !== 'parts') return
        const sent: number[] = []
        for (const { first, last } of found.ranges) for (let at = first; at <= last; at++) sent.push(at)
        expect(new Set(sent).size).toBe(sent.length)
        expect(Math.max(...sent)).toBeLessThan(size)
        expect(sent).toEqual(expect.arrayContaining([...wanted]))
      }),
    )
  })
})

describe('rangeAnswer', () => {
  const range = { Range: 'bytes=0-4' }

  test.each<[rule: string, method: string, request: Record<string, string>, status: number, answer: string]>([
    ['9110 14.2', 'GET', range, 200, 'parts'],
    ['9110 14.2 of stored parts', 'GET', range, 206, 'parts'],
    ['9110 14.2 HEAD', 'HEAD', range, 200, 'whole'],
    ['9110 14.2 POST', 'POST', range, 200, 'whole'],
    ['9110 14.2 of a 404', 'GET', range, 404, 'whole'],
    ['9110 14.2 none', 'GET', {}, 200, 'whole'],
    ['9110 13.1.5 If-Range holds', 'GET', { ...range, 'If-Range': '"a"' }, 200, 'parts'],
    ['9110 13.1.5 If-Range does not', 'GET', { ...range, 'If-Range': '"b"' }, 200, 'whole'],
    ['9110 15.5.17', 'GET', { Range: 'bytes=99-' }, 200, 'unsatisfiable'],
    [
      '9110 13.1.5 before it is unsatisfiable',
      'GET',
      { Range: 'bytes=99-', 'If-Range': '"b"' },
      200,
      'whole',
    ],
  ])('%s', (_rule, method, request, status, answer) => {
    const stored = { status, headers: HeaderList.from({ ETag: '"a"' }), responseTime: 0 }
    expect(rangeAnswer({ method, headers: HeaderList.from(request) }, stored, 10).answer).toBe(answer)
  })
})

describe('multipartLayout', () => {
  const bytes = Buffer.from('0123456789'.repeat(30))
  const ranges = [
    { first: 200, last: 204 },
    { first: 0, last: 1 },
  ]
  const body = (contentType: string | undefined) => {
    const layout = multipartLayout(ranges, bytes.length, contentType, 'BOUND')
    const parts = ranges.map(
      ({ first, last }, i) => layout.before[i] + bytes.toString('latin1', first, last + 1),
    )
    return { layout, text: parts.join('') + layout.end }
  }

  test('is the format of RFC 9110 section 14.6, to the byte', () => {
    const { layout, text } = body('text/plain')
    expect(layout.contentType).toBe('multipart/byteranges; boundary=BOUND')
    expect(text.split('\r\n')).toEqual([
      '--BOUND',
      'Content-Type: text/plain',
      'Content-Range: bytes 200-204/300',
      '',
      '01234',
      '--BOUND',
      'Content-Type: text/plain',
      'Content-Range: bytes 0-1/300',
      '',
      '01',
      '--BOUND--',
      '',
    ])
    expect(layout.length).toBe(text.length)
  })

  test('names no type where there is none', () => {
    const { layout, text } = body(undefined)
    expect(text).not.toContain('Content-Type')
    expect(layout.length).toBe(text.length)
  })
})

describe('formatUnsatisfiedRange', () => {
  test('says the size (RFC 9110 section 15.5.17)', () => {
    expect(formatUnsatisfiedRange(10)).toBe('bytes */10')
  })
})
