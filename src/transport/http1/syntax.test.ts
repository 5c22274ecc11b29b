import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FIELD_KINDS, FieldKind } from '../../core/field-name.ts'
import { trimWhiteSpace } from '../../core/headers.ts'
import {
  areAllOf,
  contentLength,
  FIELD_VALUE,
  FieldLines,
  isTargetByte,
  isTokenByte,
  isValueByte,
  SyntaxFault,
  TOKEN,
} from './syntax.ts'

const BYTES = Array.from({ length: 256 }, (_, byte) => byte)

function text(bytes: readonly number[]): string {
  return String.fromCharCode(...bytes)
}

describe('the classes of bytes', () => {
  test('are those of RFC 9110 section 5 and RFC 3986', () => {
    expect(text(BYTES.filter(isTokenByte))).toBe(
      "!#$%&'*+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz|~",
    )
    const value = BYTES.filter((byte) => byte === 9 || (byte >= 0x20 && byte !== 0x7f))
    expect(BYTES.filter(isValueByte)).toEqual(value)
    const target = BYTES.filter((byte) => byte > 0x20 && byte < 0x7f && !'"#<>\\'.includes(text([byte])))
    expect(BYTES.filter(isTargetByte)).toEqual(target)
  })

  test('areAllOf looks at the bytes of the range, all of them and no others', () => {
    const bytes = Buffer.from('\0ab\0')
    expect([
      areAllOf(TOKEN, bytes, 1, 3),
      areAllOf(TOKEN, bytes, 1, 4),
      areAllOf(TOKEN, bytes, 0, 3),
    ]).toEqual([true, false, false])
    expect([areAllOf(TOKEN, bytes, 1, 1), areAllOf(0, bytes, 1, 2)]).toEqual([true, false])
    expect(areAllOf(TOKEN | FIELD_VALUE, Buffer.from('a b'), 0, 3)).toBe(true)
  })
})

describe('contentLength', () => {
  test('reads every plain number that is exact', () => {
    fc.assert(fc.property(fc.nat({ max: 999_999_999_999_999 }), (n) => contentLength(String(n)) === n))
    expect([contentLength('0'), contentLength('999999999999999')]).toEqual([0, 999_999_999_999_999])
  })

  test.each([
    '',
    '-1',
    '+1',
    '-0',
    '00',
    '01',
    ' 1',
    '1 ',
    '1,1',
    '1, 1',
    '0x1',
    '1e3',
    '1.0',
    '1_0',
    'a',
    '1a',
    '1\n',
  ])('refuses "%s"', (value) => {
    expect(() => contentLength(value)).toThrow(SyntaxFault)
  })

  test.each(['1000000000000000', '18446744073709551616', '9'.repeat(400), '٣', '\xb2'])(
    'refuses %s',
    (value) => {
      expect(() => contentLength(value)).toThrow(SyntaxFault)
    },
  )
})

describe('trimWhiteSpace', () => {
  test('takes spaces and tabs, and nothing else that JavaScript calls white space', () => {
    expect(trimWhiteSpace(' \t a \t b\t ')).toBe('a \t b')
    expect([trimWhiteSpace(''), trimWhiteSpace(' \t ')]).toEqual(['', ''])
    for (const kept of ['\xa0a', 'a\xa0', '\va\f', '\ra\n', '\ufeffa\u2028'])
      expect(trimWhiteSpace(kept)).toBe(kept)
  })
})

describe('FieldLines', () => {
  const lines = new FieldLines()

  function scan(section: string, maxLines = 100): [string, string][] | number {
    const bytes = Buffer.from(`<<${section}`, 'latin1')
    const behind = lines.scan(bytes, 2, bytes.length, maxLines)
    if (behind < 0) return behind
    return [...lines.list(bytes.toString('latin1', 2, behind), 2)]
  }

  test('keeps order, case and doubles, and takes the white space around values away', () => {
    expect(scan('b: 1\r\nA:\t2 3 \t\r\nB:\r\nb: \xe9\r\n\r\n')).toEqual([
      ['b', '1'],
      ['A', '2 3'],
      ['B', ''],
      ['b', '\xe9'],
    ])
    expect(scan('\r\n')).toEqual([])
  })

  test('says of an incomplete section which bytes would change nothing', () => {
    const waits = (section: string): number => {
      expect(scan(section)).toBe(-1)
      return lines.awaits
    }
    for (const inName of ['X', 'a: b\r\nX-Y']) expect(waits(inName)).toBe(TOKEN)
    for (const inValue of ['X:', 'X: ', 'X: a', 'X: a ']) expect(waits(inValue)).toBe(FIELD_VALUE)
    for (const elsewhere of ['', '\r', 'X: a\r', 'X: a\r\n', 'X: a\r\n\r']) expect(waits(elsewhere)).toBe(0)
  })

  test('reads names right however often, and in whatever spelling and neighbourhood, they come', () => {
    const name = fc.stringMatching(/^[!#-'*+.0-9A-Z^-z|~-]{1,24}$/)
    const known = fc.constantFrom(
      'Host',
      'host',
      'HOST',
      'Hosts',
      'Sec-Fetch-Site',
      'Sec-Fetch-Mode',
      'a',
      'b',
      'A',
    )
    fc.assert(
      fc.property(fc.array(fc.oneof(name, known), { maxLength: 20 }), (names) => {
        const read = scan(`${names.map((it) => `${it}:1\r\n`).join('')}\r\n`)
        expect(read).toEqual(names.map((it) => [it, '1']))
      }),
      { numRuns: 1000 },
    )
  })

  test('notes the lines that mean something, in any case, and those written in an unusual way', () => {
    const section = 'X: 1\r\nhOST: a\r\nY:2\r\nContent-LENGTH:  5\r\nHosts: b\r\nZ: \r\nW: 1\t\r\n\r\n'
    const bytes = Buffer.from(section)
    lines.scan(bytes, 0, bytes.length, 100)
    const found = Array.from({ length: lines.marked }, (_, i) => [
      lines.lowerName(i, section, 0),
      lines.value(i, section, 0),
      lines.kind(i),
    ])
    expect(found).toEqual([
      ['host', 'a', FieldKind.host],
      ['y', '2', FieldKind.unusual],
      ['content-length', '5', FieldKind.framing | FieldKind.unusual],
      ['z', '', FieldKind.unusual],
      ['w', '1', FieldKind.unusual],
    ])
    expect(lines.list(section, 0).lines(FieldKind.host | FieldKind.framing)).toBe(
      'X: 1\r\nY: 2\r\nHosts: b\r\nZ: \r\nW: 1\r\n',
    )
  })

  test('knows a name that means something from every other name that is near to it', () => {
    const kindOf = (name: string): number => {
      const bytes = Buffer.from(`${name}: 1\r\n\r\n`)
      lines.scan(bytes, 0, bytes.length, 100)
      return lines.marked === 0 ? FieldKind.ordinary : lines.kind(0)
    }
    // An underscore for a hyphen is a disguise.
    const kindByName = (name: string): number => {
      const lower = name.toLowerCase()
      const disguised = FIELD_KINDS.has(lower.replaceAll('_', '-')) ? FieldKind.disguised : FieldKind.ordinary
      return FIELD_KINDS.get(lower) ?? disguised
    }
    for (const [name, kind] of FIELD_KINDS) {
      const upper = name.toUpperCase()
      expect([kindOf(name), kindOf(upper)]).toEqual([kind, kind])
      for (let i = 0; i < name.length; i++) {
        for (const byte of BYTES.filter(isTokenByte)) {
          const other = name.slice(0, i) + text([byte]) + name.slice(i + 1)
          expect([other, kindOf(other)]).toEqual([other, kindByName(other)])
        }
      }
      for (const other of [
        `${name}x`,
        `x${name}`,
        name.slice(1),
        name.slice(0, -1),
        name.replace('-', '_'),
      ]) {
        if (!FIELD_KINDS.has(other)) expect([other, kindOf(other)]).toEqual([other, kindByName(other)])
      }
    }
  })

  test('has a limit of lines', () => {
    expect(scan('a: 1\r\nb: 2\r\n\r\n', 2)).toHaveLength(2)
    expect(() => scan('a: 1\r\nb: 2\r\nc', 2)).toThrow('more than 2 field lines')
    expect(() => scan('a', 0)).toThrow('more than 0 field lines')
  })
})
