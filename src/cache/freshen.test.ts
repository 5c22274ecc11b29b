import { describe, expect, test } from 'vitest'
import { HeaderList } from '../core/headers.ts'
import { type Freshenable, freshenedBy, freshenedHead, type HeadUpdate, headUpdate } from './freshen.ts'
import { formatHttpDate } from './http-date.ts'
import { validatorsOf } from './validators.ts'

type Fields = Record<string, string | string[]>
const T = Date.UTC(2026, 10, 26, 12)
const date = (seconds: number) => formatHttpDate(T + seconds * 1_000)

describe('freshenedHead', () => {
  const head = (stored: Fields, update: Fields) =>
    [...freshenedHead(HeaderList.from(stored), HeaderList.from(update), T)]
      .map(([name, value]) => `${name.toLowerCase()}: ${value}`)
      .filter((line) => !line.startsWith('date'))
      .sort()

  test.each<[rule: string, stored: Fields, update: Fields, lines: string[]]>([
    ['9111 3.2 what is not in it stays', { A: '1' }, {}, ['a: 1']],
    ['9111 3.2 what is in it is replaced', { A: '1' }, { a: '2' }, ['a: 2']],
    ['9111 3.2 what is new is added', { A: '1' }, { B: '2' }, ['a: 1', 'b: 2']],
    ['9111 3.2 all lines are replaced', { A: ['1', '2'] }, { A: '3' }, ['a: 3']],
    ['9111 3.2 by all lines', { A: '1' }, { A: ['2', '3'] }, ['a: 2', 'a: 3']],
    [
      '9111 3.2 Content-Length never',
      { 'Content-Length': '5' },
      { 'Content-Length': '0' },
      ['content-length: 5'],
    ],
    ['9111 3.2 Content-Length is not added', {}, { 'Content-Length': '0' }, []],
    [
      '9111 3.2 Content-Encoding never',
      { 'Content-Encoding': 'gzip' },
      { 'Content-Encoding': 'br' },
      ['content-encoding: gzip'],
    ],
    ['9111 3.2 Content-Encoding is not added', {}, { 'Content-Encoding': 'br' }, []],
    [
      '9111 3.2 Content-Range never',
      { 'Content-Range': 'bytes 0-4/10' },
      { 'Content-Range': 'bytes 0-9/10' },
      ['content-range: bytes 0-4/10'],
    ],
    ['9111 3.2 Content-Type', { 'Content-Type': 'a/b' }, { 'Content-Type': 'c/d' }, ['content-type: c/d']],
    [
      '9111 3.2 Cache-Control',
      { 'Cache-Control': 'max-age=1' },
      { 'Cache-Control': 'max-age=60' },
      ['cache-control: max-age=60'],
    ],
    ['9111 3.2 Expires', { Expires: date(1) }, { Expires: date(9) }, [`expires: ${date(9)}`]],
    ['9111 3.2 ETag', { ETag: 'W/"a"' }, { ETag: '"a"' }, ['etag: "a"']],
    [
      '9111 3.2 Set-Cookie',
      { 'Set-Cookie': 'a=1' },
      { 'Set-Cookie': ['a=2', 'b=1'] },
      ['set-cookie: a=2', 'set-cookie: b=1'],
    ],
    ['9111 3.1 of the connection', { A: '1' }, { Connection: 'A', 'Keep-Alive': '5', A: '2' }, ['a: 1']],
    ['9111 3.1 Transfer-Encoding', {}, { 'Transfer-Encoding': 'chunked' }, []],
    ['9111 4.2.3 an old Age goes', { Age: '500' }, {}, []],
    ['9111 4.2.3 a new Age comes', { Age: '500' }, { Age: '3' }, ['age: 3']],
  ])('%s', (_rule, stored, update, lines) => {
    expect(head(stored, update)).toEqual(lines)
  })

  test('leaves out what is for the client alone (RFC 9111 section 7.3)', () => {
    const [stored, update] = [{ A: '1' }, { A: '2', 'Set-Cookie': 'a=b' }].map((fields) =>
      HeaderList.from(fields),
    )
    const found = freshenedHead(stored!, update!, T, ['set-cookie'])
    expect([found.get('a'), found.has('set-cookie')]).toEqual(['2', false])
  })

  test.each<[rule: string, update: Fields, found: string]>([
    ['9111 4.2.3 of the update', { Date: date(-5) }, date(-5)],
    ['9110 6.6.1 when it came', {}, date(0)],
  ])('%s: its Date', (_rule, update, found) => {
    const stored = HeaderList.from({ Date: date(-999) })
    expect(freshenedHead(stored, HeaderList.from(update), T).getAll('date')).toEqual([found])
  })
})

describe('freshenedBy', () => {
  const one = (name: string, fields: Fields, made: number): Freshenable & { name: string } => ({
    name,
    validators: validatorsOf(HeaderList.from(fields), T),
    date: made,
  })
  const a = one('a', { ETag: '"a"' }, 1)
  const again = one('again', { ETag: '"a"' }, 2)
  const twin = one('twin', { ETag: '"a"' }, 1)
  const weak = one('weak', { ETag: 'W/"a"' }, 3)
  const b = one('b', { ETag: '"b"' }, 4)
  const dated = one('dated', { 'Last-Modified': date(-100), Date: date(0) }, 5)
  const sameDate = one('sameDate', { 'Last-Modified': date(-100), Date: date(0) }, 6)
  const bare = one('bare', {}, 7)

  test.each<[rule: string, update: Fields, asked: (Freshenable & { name: string })[], names: string[]]>([
    ['9111 4.3.4 a strong tag', { ETag: '"a"' }, [a, b], ['a']],
    ['9111 4.3.4 all that have it', { ETag: '"a"' }, [a, b, again], ['a', 'again']],
    ['9111 4.3.4 not a weak one', { ETag: '"a"' }, [weak], []],
    ['9111 4.3.4 none has it', { ETag: '"c"' }, [a, b], []],
    ['9111 4.3.4 none has it, and one was asked for', { ETag: '"c"' }, [a], []],
    ['9111 4.3.4 a weak tag: the most recent', { ETag: 'W/"a"' }, [weak, a, again, b], ['weak']],
    ['9111 4.3.4 a weak tag: the most recent, turned', { ETag: 'W/"a"' }, [again, a], ['again']],
    ['9111 4.3.4 a weak tag: of two of one second the later one', { ETag: 'W/"a"' }, [a, twin], ['twin']],
    ['9111 4.3.4 a weak tag: none has it', { ETag: 'W/"c"' }, [a, b], []],
    [
      '9111 4.3.4 a strong date',
      { 'Last-Modified': date(-100), Date: date(0) },
      [dated, a, sameDate],
      ['dated', 'sameDate'],
    ],
    [
      '9111 4.3.4 a weak date: the most recent',
      { 'Last-Modified': date(-100), Date: date(-100) },
      [dated, sameDate],
      ['sameDate'],
    ],
    ['9111 4.3.4 another date', { 'Last-Modified': date(-99), Date: date(0) }, [dated], []],
    [
      '9111 4.3.4 the tag comes before the date',
      { ETag: '"a"', 'Last-Modified': date(-100), Date: date(0) },
      [dated, a],
      ['a'],
    ],
    ['9111 4.3.4 no validator, one was asked for', {}, [dated], ['dated']],
    ['9111 4.3.4 no validator, one without', {}, [bare], ['bare']],
    ['9111 4.3.4 no validator, several', {}, [a, b], []],
    ['9111 4.3.4 nothing was asked for', { ETag: '"a"' }, [], []],
  ])('%s', (_rule, update, asked, names) => {
    const found = freshenedBy(validatorsOf(HeaderList.from(update), T), asked, false)
    expect(found.map(({ name }) => name)).toEqual(names)
  })

  test('without a validator it may be about what the client has (RFC 9111 section 4.3.3)', () => {
    expect(freshenedBy(validatorsOf(new HeaderList(), T), [a], true)).toEqual([])
    expect(freshenedBy(validatorsOf(HeaderList.from({ ETag: '"a"' }), T), [a], true)).toEqual([a])
  })
})

describe('headUpdate', () => {
  const stored = { ETag: '"a"', 'Last-Modified': date(-9), 'Content-Length': '5' }

  test.each<[rule: string, status: number, head: Fields, update: HeadUpdate]>([
    ['9111 4.3.5 all the same', 200, stored, 'freshen'],
    ['9111 4.3.5 nothing to compare', 200, { A: '1' }, 'freshen'],
    ['9111 4.3.5 another tag', 200, { ...stored, ETag: '"b"' }, 'stale'],
    ['9111 4.3.5 another date', 200, { ...stored, 'Last-Modified': date(-8) }, 'stale'],
    ['9111 4.3.5 another length', 200, { 'Content-Length': '6' }, 'stale'],
    ['9111 4.3.5 an error', 404, { ...stored, ETag: '"b"' }, 'none'],
    ['9111 4.3.5 not modified', 304, stored, 'none'],
  ])('%s', (_rule, status, head, update) => {
    const known = { status: 200, headers: HeaderList.from(stored), length: 5 }
    expect(headUpdate(known, { status, headers: HeaderList.from(head) })).toBe(update)
  })

  test('a tag that was not stored is another one (RFC 9111 section 4.3.5)', () => {
    const known = { status: 200, headers: new HeaderList(), length: 5 }
    expect(headUpdate(known, { status: 200, headers: HeaderList.from({ ETag: '"a"' }) })).toBe('stale')
  })

  test('what is compared is the length of the content, and the status (RFC 9111 section 4.3.5)', () => {
    const known = { status: 200, headers: new HeaderList(), length: 5 }
    const head = { status: 200, headers: HeaderList.from({ 'Content-Length': '5' }) }
    expect(headUpdate(known, head)).toBe('freshen')
    expect(headUpdate({ ...known, status: 404 }, head)).toBe('stale')
  })
})
