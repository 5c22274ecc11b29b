import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FieldLines } from '../transport/http1/syntax.ts'
import { FieldKind } from './field-name.ts'
import { HeaderList, listHasToken } from './headers.ts'

/** A list as the parser makes it: not told apart yet. */
function parsed(section: string): HeaderList {
  const lines = new FieldLines()
  const bytes = Buffer.from(`${section}\r\n`, 'latin1')
  expect(lines.scan(bytes, 0, bytes.length, 1000)).toBe(bytes.length)
  return lines.list(bytes.toString('latin1'), 0)
}

const NAMES = [
  'X-A',
  'x-a',
  'Host',
  'CONNECTION',
  'te',
  'Content-Length',
  'X-Forwarded-For',
  'Via',
  'Date',
  'Set-Cookie',
  'Y',
]
const section = fc
  .array(
    fc.tuple(
      fc.constantFrom(...NAMES),
      fc.constantFrom('', ' ', '\t', '  '),
      fc.constantFrom('', 'a', 'b  c', '\xe9'),
      fc.constantFrom('', ' ', '\t '),
    ),
  )
  .map((lines) =>
    lines.map(([name, before, value, after]) => `${name}:${before}${value}${after}\r\n`).join(''),
  )

describe('HeaderList', () => {
  test('keeps names in wire order and case, and looks them up in any case', () => {
    const list = HeaderList.from([
      ['X-B', '1'],
      ['x-a', '2'],
      ['X-b', '3'],
    ])
    expect([...list]).toEqual([
      ['X-B', '1'],
      ['x-a', '2'],
      ['X-b', '3'],
    ])
    expect(list.get('x-B')).toBe('1, 3')
    expect(list.getAll('X-B')).toEqual(['1', '3'])
    expect([list.has('X-A'), list.has('X-C'), list.size]).toEqual([true, false, 3])
  })

  test('gives the first of several Set-Cookie lines, which cannot be joined', () => {
    expect(new HeaderList().append('Set-Cookie', 'a=1').append('set-cookie', 'b=2').get('Set-Cookie')).toBe(
      'a=1',
    )
  })

  test('sets in the place of the first line, and removes the others', () => {
    const list = HeaderList.from({ a: ['1', '2'], b: '3' })
    list.append('A', '4').set('A', '5')
    expect([...list]).toEqual([
      ['A', '5'],
      ['b', '3'],
    ])
    expect([...list.set('c', '6').delete('B')]).toEqual([
      ['A', '5'],
      ['c', '6'],
    ])
  })

  test.each(['a\r\nb', 'a\nb', 'a\0', ' a', 'a\t', 'Ā', 1 as unknown as string])(
    'refuses the value %j',
    (value) => {
      expect(() => new HeaderList().set('x', value)).toThrow(
        expect.objectContaining({ code: 'ERR_OPTION_INVALID', option: 'x' }),
      )
    },
  )

  test.each(['', 'a b', 'a:', 'a\r', 'ä'])('refuses the name %j', (name) => {
    expect(() => new HeaderList().append(name, 'v')).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID' }),
    )
  })

  test('has no names of the prototype', () => {
    expect([
      new HeaderList().get('constructor'),
      HeaderList.from(JSON.parse('{"__proto__":"1"}')).size,
    ]).toEqual([undefined, 1])
  })

  test('a copy does not change with its original', () => {
    for (const list of [parsed('A: 1\r\n'), HeaderList.from({ A: '1' })]) {
      const copy = list.clone()
      list.set('A', '2').append('B', '3')
      expect([[...copy], [...list]]).toEqual([
        [['A', '1']],
        [
          ['A', '2'],
          ['B', '3'],
        ],
      ])
    }
  })
})

describe('HeaderList.parsed', () => {
  const more = fc.array(fc.tuple(fc.constantFrom(...NAMES), fc.constantFrom('', 'b', 'b, c')), {
    maxLength: 3,
  })

  test('writes the same lines as when its fields were told apart, whatever is dropped', () => {
    fc.assert(
      fc.property(section, fc.integer({ min: 0, max: 255 }), more, (text, dropped, added) => {
        const whole = parsed(text)
        const apart = HeaderList.from([...parsed(text)])
        const before = whole.clone()
        for (const [name, value] of added) {
          whole.append(name, value)
          apart.append(name, value)
        }
        expect([...before]).toEqual([...apart].slice(0, apart.size - added.length))
        expect(whole.lines(dropped)).toBe(apart.lines(dropped))
        expect([whole.size, whole.hasKind(FieldKind.host)]).toEqual([
          apart.size,
          apart.hasKind(FieldKind.host),
        ])
        expect([...whole]).toEqual([...apart])
      }),
      { numRuns: 2000 },
    )
  })

  test('lets kinds be taken out of it, and is as if their lines had never been there', () => {
    fc.assert(
      fc.property(
        section,
        fc.integer({ min: 0, max: 255 }),
        more,
        fc.integer({ min: 0, max: 255 }),
        (text, taken, added, dropped) => {
          const whole = parsed(text)
          const apart = HeaderList.from([...parsed(text)])
          expect(whole.takeKinds(taken)).toEqual(apart.takeKinds(taken))
          for (const [name, value] of added) {
            whole.append(name, value)
            apart.append(name, value)
          }
          expect(whole.lines(dropped)).toBe(apart.lines(dropped))
          expect([whole.size, whole.hasKind(dropped)]).toEqual([apart.size, apart.hasKind(dropped)])
          expect([...whole]).toEqual([...apart])
        },
      ),
      { numRuns: 2000 },
    )
  })

  test('changes like any other', () => {
    expect([...parsed('A: 1\r\nB:2 \r\n').set('b', '3')]).toEqual([
      ['A', '1'],
      ['b', '3'],
    ])
    expect(parsed('A: 1\r\nB:2 \r\n').delete('a').lines(0)).toBe('B: 2\r\n')
  })
})

describe('listHasToken', () => {
  test('finds a token in any case, and no part of one', () => {
    expect(listHasToken('a, Chunked ,b', 'chunked')).toBe(true)
    expect(listHasToken('xchunked', 'chunked')).toBe(false)
    expect(listHasToken('CHUNKED', 'chunked')).toBe(true)
  })
})
