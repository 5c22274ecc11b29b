import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Field, fieldsOf } from '../../../test/http2/field-lists.ts'
import { HPACK_EXAMPLES } from '../../../test/http2/rfc7541-examples.ts'
import { ErrorCode, Http2Fault } from './error-codes.ts'
import { type FieldBlockLimits, HpackDecoder } from './hpack-decoder.ts'

const LIMITS: FieldBlockLimits = { listBytes: 16_384, fields: 100 }

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(/\s/g, ''), 'hex')
}

/** A literal of a new name: `01` into the table, `00` not, `11` never. */
function literal(first: number, name: string, value: string): Buffer {
  return Buffer.concat([Buffer.from([first]), string(name), string(value)])
}

function string(text: string): Buffer {
  return Buffer.concat([integer(0, 0x7f, text.length), Buffer.from(text, 'latin1')])
}

function integer(first: number, max: number, value: number): Buffer {
  if (value < max) return Buffer.from([first | value])
  const bytes = [first | max]
  let rest = value - max
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128)
  return Buffer.from([...bytes, rest])
}

const indexed = (index: number): Buffer => integer(0x80, 0x7f, index)
const sizeUpdate = (size: number): Buffer => integer(0x20, 0x1f, size)

const INTO_TABLE = 0x40
const NOT_INTO_TABLE = 0x00
const NEVER = 0x10

function faultOf(action: () => unknown): Http2Fault {
  try {
    action()
  } catch (thrown) {
    if (thrown instanceof Http2Fault) return thrown
    throw thrown
  }
  throw new Error('nothing was thrown')
}

describe('HpackDecoder', () => {
  test.each(HPACK_EXAMPLES)('decodes RFC 7541 $section', ({ tableBytes, blocks }) => {
    const decoder = new HpackDecoder(LIMITS)
    if (tableBytes < 4096) {
      decoder.limitTable(tableBytes)
      decoder.decode(sizeUpdate(tableBytes))
    }
    for (const { hex: bytes, fields, tableSize, tableEntries } of blocks) {
      const block = decoder.decode(hex(bytes))
      const inOrder = (list: readonly Field[]): Field[] => [...list].sort(([a], [b]) => (a < b ? -1 : 1))
      expect(inOrder(fieldsOf(block))).toEqual(inOrder(fields))
      expect([block.flaw, block.tooLarge, decoder.tableBytes, decoder.tableEntries]).toEqual([
        undefined,
        false,
        tableSize,
        tableEntries,
      ])
      expect(block.count).toBe(fields.length)
      expect(block.size).toBe(fields.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0))
    }
  })

  test('decodes a part of what it is given', () => {
    const decoder = new HpackDecoder(LIMITS)
    expect(fieldsOf(decoder.decode(hex('ffff 8287 ffff'), 2, 4))).toEqual([
      [':method', 'GET'],
      [':scheme', 'https'],
    ])
  })

  test('knows every index of the static table and of the dynamic one, and no other', () => {
    const decoder = new HpackDecoder(LIMITS)
    for (let i = 1; i <= 3; i++) decoder.decode(literal(INTO_TABLE, 'n', String(i)))
    for (const [index, value] of [
      [62, '3'],
      [63, '2'],
      [64, '1'],
    ] as const) {
      expect(decoder.decode(indexed(index)).values).toEqual([value])
    }
    for (let index = 1; index <= 61; index++) expect(decoder.decode(indexed(index)).count).toBe(1)
    expect(faultOf(() => decoder.decode(indexed(65))).message).toBe(
      'a field block with the index 65, which is of no entry',
    )
    expect(faultOf(() => decoder.decode(indexed(0))).message).toMatch('the index 0')
  })

  test('keeps its table in step through thousands of entries', () => {
    const decoder = new HpackDecoder(LIMITS)
    const mirror: string[] = []
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii', minLength: 0, maxLength: 60 }), (text) => {
        const value = `x${text}x`
        decoder.decode(literal(INTO_TABLE, 'name', value))
        mirror.unshift(value)
        while (mirror.reduce((sum, it) => sum + 36 + it.length, 0) > 4096) mirror.pop()
        expect(decoder.tableEntries).toBe(mirror.length)
        for (const age of [0, mirror.length >> 1, mirror.length - 1]) {
          expect(decoder.decode(indexed(62 + age)).values).toEqual([mirror[age]])
        }
        expect(() => decoder.decode(indexed(62 + mirror.length))).toThrow('of no entry')
      }),
      { numRuns: 3000 },
    )
  })

  test('resolves a name before the entry that it stands in is evicted', () => {
    const decoder = new HpackDecoder(LIMITS)
    decoder.decode(literal(INTO_TABLE, 'old-name', 'a'.repeat(4000)))
    const block = decoder.decode(Buffer.concat([integer(INTO_TABLE, 0x3f, 62), string('b'.repeat(4000))]))
    expect(fieldsOf(block)).toEqual([['old-name', 'b'.repeat(4000)]])
    expect(decoder.tableEntries).toBe(1)
  })

  test('is emptied by an entry that is larger than the table, which is no fault', () => {
    const decoder = new HpackDecoder(LIMITS)
    decoder.decode(literal(INTO_TABLE, 'a', 'b'))
    const fits = literal(INTO_TABLE, 'n', 'v'.repeat(4096 - 33))
    expect([decoder.decode(fits).values[0]!.length, decoder.tableBytes]).toEqual([4063, 4096])
    const larger = literal(INTO_TABLE, 'n', 'v'.repeat(4096 - 32))
    expect([decoder.decode(larger).values[0]!.length, decoder.tableBytes]).toEqual([4064, 0])
  })

  test('tells which fields may be indexed nowhere', () => {
    const decoder = new HpackDecoder(LIMITS)
    const block = decoder.decode(
      Buffer.concat([
        literal(NEVER, 'x-key', 'secret'),
        literal(NOT_INTO_TABLE, 'x-plain', 'value'),
        integer(NEVER, 0x0f, 23),
        string('Basic eA=='),
      ]),
    )
    expect(fieldsOf(block)).toEqual([
      ['x-key', 'secret'],
      ['x-plain', 'value'],
      ['authorization', 'Basic eA=='],
    ])
    expect([block.neverIndexed, decoder.tableBytes]).toEqual([['x-key', 'authorization'], 0])
    expect(decoder.decode(literal(NOT_INTO_TABLE, 'x', 'y')).neverIndexed).toBe(undefined)
  })

  test('joins the pieces of a cookie where the first of them stood', () => {
    const decoder = new HpackDecoder(LIMITS)
    const block = decoder.decode(
      Buffer.concat([
        literal(NOT_INTO_TABLE, 'a', '1'),
        literal(INTO_TABLE, 'cookie', 'b=2'),
        literal(NOT_INTO_TABLE, 'c', '3'),
        literal(NOT_INTO_TABLE, 'cookie', 'd=4; e=5'),
        indexed(62),
        literal(NOT_INTO_TABLE, 'f', '6'),
      ]),
    )
    expect(fieldsOf(block)).toEqual([
      ['a', '1'],
      ['cookie', 'b=2; d=4; e=5; b=2'],
      ['c', '3'],
      ['f', '6'],
    ])
  })
})

/** Each on a fresh connection whose limit of the table is the usual one. */
const UNDECODABLE: readonly (readonly [what: string, rfc: string, bytes: Buffer])[] = [
  ['the index 0', '7541 6.1', hex('80')],
  ['an index past an empty table', '7541 2.3.3', hex('be')],
  ['an index far past the table', '7541 2.3.3', indexed(100_000)],
  ['an index whose integer breaks off', '7541 5.1', hex('ff')],
  ['an index whose integer breaks off later', '7541 5.1', hex('ff80')],
  ['an integer past 32 bits', '7541 5.1', hex('ffffffffff0f')],
  ['an integer padded with zeros', '7541 5.1', hex('ff8080808000')],
  ['an integer padded without end', '7541 5.1', Buffer.concat([hex('ff'), Buffer.alloc(1000, 0x80)])],
  ['a name of an index past the table', '7541 6.2.1', hex('7e0161')],
  ['a name of an index past the table, not indexed', '7541 6.2.2', hex('0f2f0161')],
  ['a name of an index past the table, never indexed', '7541 6.2.3', hex('1f2f0161')],
  ['a literal without a name', '7541 6.2.1', hex('40')],
  ['a literal without a value', '7541 6.2.1', hex('400161')],
  ['a literal with an indexed name and no value', '7541 6.2.1', hex('41')],
  ['a name longer than the block', '7541 5.2', hex('400561')],
  ['a value longer than the block', '7541 5.2', hex('4001610261')],
  ['a length that breaks off', '7541 5.2', hex('40017f')],
  ['a value of 256 MiB', '7541 5.2', hex('4001617fffffff7f')],
  ['a length past 32 bits', '7541 5.2', hex('4001617fffffffff7f')],
  ['a Huffman code with padding of zeros', '7541 5.2', hex('4001618118')],
  ['a Huffman code with eight bits of padding', '7541 5.2', hex('400161821fff')],
  ['a Huffman code with EOS', '7541 5.2', hex('40016184ffffffff')],
  ['a name whose Huffman code is none', '7541 5.2', hex('4081180161')],
  ['a size update past the limit', '7541 6.3', sizeUpdate(4097)],
  ['a size update far past the limit', '7541 6.3', sizeUpdate(2 ** 28)],
  ['a size update past 32 bits', '7541 6.3', hex('3fffffffff7f')],
  ['a size update that breaks off', '7541 6.3', hex('3f')],
  ['three size updates', '7541 4.2', Buffer.concat([sizeUpdate(0), sizeUpdate(0), sizeUpdate(4096)])],
  ['a size update behind a field', '7541 4.2', Buffer.concat([indexed(2), sizeUpdate(0)])],
  [
    'a size update behind two and a field',
    '7541 4.2',
    Buffer.concat([sizeUpdate(0), sizeUpdate(9), indexed(2), sizeUpdate(9)]),
  ],
]

describe('a block that cannot be decoded', () => {
  test.each(UNDECODABLE)('%s (RFC %s) is a fault of the connection', (_, __, bytes) => {
    const fault = faultOf(() => new HpackDecoder(LIMITS).decode(bytes))
    expect([fault.code, fault.scope]).toEqual([ErrorCode.COMPRESSION_ERROR, 'connection'])
  })

  test('is one even where the field is not kept', () => {
    for (const [, , bytes] of UNDECODABLE.filter(([what]) => !what.includes('size update'))) {
      const decoder = new HpackDecoder({ ...LIMITS, fields: 1 })
      const fault = faultOf(() => decoder.decode(Buffer.concat([indexed(2), indexed(6), bytes])))
      expect(fault.code).toBe(ErrorCode.COMPRESSION_ERROR)
    }
  })

  test('is the only thing that random bytes make it throw', () => {
    const wellFormed = fc.constantFrom(
      hex('82'),
      hex('4001610162'),
      hex('408825a849e95ba97d7f8925a849e95bb8e8b4bf'),
      hex('0001610162'),
      hex('5f0161'),
    )
    const telling = fc.constantFrom(
      hex('be'),
      hex('20'),
      hex('3fe11f'),
      hex('40016101'),
      hex('1000'),
      hex('ff'),
    )
    const piece = fc.oneof(
      { weight: 6, arbitrary: wellFormed },
      { weight: 1, arbitrary: telling },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 20 }) },
    )
    const blocks = fc.array(
      fc.array(piece, { maxLength: 6 }).map((pieces) => Buffer.concat(pieces)),
      { minLength: 1, maxLength: 4 },
    )
    let decoded = 0
    fc.assert(
      fc.property(blocks, (list) => {
        const decoder = new HpackDecoder({ listBytes: 200, fields: 5 })
        for (const block of list) {
          try {
            const { fields, values } = decoder.decode(block)
            expect(fields.length).toBe(values.length)
            expect(fields.length).toBeLessThanOrEqual(5)
            expect(decoder.tableBytes).toBeLessThanOrEqual(4096)
            decoded++
          } catch (thrown) {
            if (!(thrown instanceof Http2Fault)) throw thrown
            expect([thrown.code, thrown.streamId]).toEqual([ErrorCode.COMPRESSION_ERROR, 0])
            return
          }
        }
      }),
      { numRuns: 5000 },
    )
    expect(decoded).toBeGreaterThan(2000)
  })
})

describe('the size of the table', () => {
  test('is changed by the peer, within the limit', () => {
    const decoder = new HpackDecoder(LIMITS)
    decoder.decode(Buffer.concat([literal(INTO_TABLE, 'a', '1'), literal(INTO_TABLE, 'b', '2')]))
    expect(decoder.tableEntries).toBe(2)
    decoder.decode(Buffer.concat([sizeUpdate(34), indexed(62)]))
    expect([decoder.tableEntries, decoder.tableBytes]).toEqual([1, 34])
    decoder.decode(Buffer.concat([sizeUpdate(0), sizeUpdate(4096)]))
    expect([decoder.tableEntries, decoder.tableBytes]).toEqual([0, 0])
    decoder.decode(literal(INTO_TABLE, 'c', '3'))
    expect(decoder.decode(indexed(62)).values).toEqual(['3'])
  })

  test('must be lowered by the peer once it knows of a lower limit', () => {
    for (const [bytes, fault] of [
      [indexed(2), 'a field block with no table size update after the limit was lowered'],
      [Buffer.alloc(0), 'a field block with no table size update after the limit was lowered'],
      [Buffer.concat([sizeUpdate(101), indexed(2)]), 'a field block with a table of more than 100 bytes'],
    ] as const) {
      const decoder = new HpackDecoder(LIMITS)
      decoder.limitTable(100)
      expect(faultOf(() => decoder.decode(bytes)).message).toBe(fault)
    }
    const decoder = new HpackDecoder(LIMITS)
    decoder.limitTable(100)
    decoder.decode(Buffer.concat([sizeUpdate(0), sizeUpdate(100), indexed(2)]))
    decoder.decode(indexed(2))
    // It chose less than this itself.
    decoder.limitTable(4096)
    decoder.limitTable(200)
    expect(decoder.decode(indexed(2)).method).toBe('GET')
  })

  test('may be raised once the peer knows of a higher limit', () => {
    const decoder = new HpackDecoder(LIMITS)
    decoder.limitTable(8192)
    decoder.decode(literal(INTO_TABLE, 'a', 'x'.repeat(5000)))
    expect(decoder.tableEntries).toBe(0)
    decoder.decode(Buffer.concat([sizeUpdate(8192), literal(INTO_TABLE, 'a', 'x'.repeat(5000))]))
    expect(decoder.tableEntries).toBe(1)
  })
})

describe('a section that is too large', () => {
  test('has more fields than the limit, or is larger by one byte', () => {
    const field = literal(NOT_INTO_TABLE, 'name', 'value') // 41 bytes
    const three = Buffer.concat([field, field, field])
    const decode = (limits: FieldBlockLimits): [boolean, number, number] => {
      const { tooLarge, count, fields } = new HpackDecoder(limits).decode(three)
      return [tooLarge, count, fields.length]
    }
    expect(decode({ listBytes: 123, fields: 3 })).toEqual([false, 3, 3])
    expect(decode({ listBytes: 122, fields: 3 })).toEqual([true, 3, 2])
    expect(decode({ listBytes: 123, fields: 2 })).toEqual([true, 3, 2])
    expect(decode({ listBytes: 40, fields: 3 })).toEqual([true, 3, 0])
  })

  test('keeps the table in step, and the connection alive', () => {
    const small = new HpackDecoder({ listBytes: 200, fields: 100 })
    const large = new HpackDecoder(LIMITS)
    const block = Buffer.concat([
      indexed(2),
      literal(INTO_TABLE, 'x-large', 'v'.repeat(500)),
      literal(INTO_TABLE, 'x-one', '1'),
      literal(NOT_INTO_TABLE, 'x-two', '2'),
      literal(NEVER, 'x-three', '3'),
      literal(INTO_TABLE, 'x-four', '4'),
    ])
    const cut = small.decode(block)
    expect([cut.tooLarge, fieldsOf(cut), cut.size, cut.neverIndexed]).toEqual([
      true,
      [[':method', 'GET']],
      large.decode(block).size,
      undefined,
    ])
    expect([small.tableBytes, small.tableEntries]).toEqual([large.tableBytes, large.tableEntries])
    const next = Buffer.concat([indexed(62), indexed(63)])
    expect(fieldsOf(small.decode(next))).toEqual([
      ['x-four', '4'],
      ['x-one', '1'],
    ])
  })

  test('made of thousands of references to one large entry, is counted and not kept', () => {
    const decoder = new HpackDecoder(LIMITS)
    decoder.decode(literal(INTO_TABLE, 'x', 'v'.repeat(4000)))
    const bomb = decoder.decode(Buffer.alloc(65_536, 0xbe))
    expect([bomb.tooLarge, bomb.size]).toEqual([true, 65_536 * 4033])
    expect([bomb.fields.length, bomb.values.length]).toEqual([4, 4])
    expect(new Set(bomb.values).size).toBe(1)
    expect(decoder.decode(indexed(62)).values[0]!.length).toBe(4000)
  })

  test('of a mebibyte is counted and not kept, wherever its bytes are', () => {
    const many = Buffer.concat(Array<Buffer>(30_000).fill(literal(NOT_INTO_TABLE, 'x', 'y')))
    const names = Buffer.concat(
      Array.from({ length: 1000 }, (_, i) => literal(INTO_TABLE, `${i}${'n'.repeat(1000)}`, 'y')),
    )
    const one = literal(NOT_INTO_TABLE, 'x', 'y'.repeat(1_048_576))
    for (const [block, kept] of [
      [many, 100],
      [names, 15],
      [one, 0],
    ] as const) {
      const decoder = new HpackDecoder(LIMITS)
      const { tooLarge, size, fields, values } = decoder.decode(block)
      expect([tooLarge, size > 1_000_000, fields.length]).toEqual([true, true, kept])
      expect(values.reduce((sum, it) => sum + it.length, 0)).toBeLessThanOrEqual(LIMITS.listBytes)
      expect(decoder.tableBytes).toBeLessThanOrEqual(4096)
    }
  })

  test('of entries without a name or a value takes no more of the table than its size', () => {
    const decoder = new HpackDecoder(LIMITS)
    decoder.decode(Buffer.concat(Array<Buffer>(10_000).fill(literal(INTO_TABLE, '', ''))))
    expect([decoder.tableEntries, decoder.tableBytes]).toEqual([128, 4096])
  })
})

describe('a malformed message', () => {
  const flawOf = (...parts: Buffer[]): string | undefined =>
    new HpackDecoder(LIMITS).decode(Buffer.concat(parts)).flaw

  test('is no fault of the connection, and its fields are in the table', () => {
    const decoder = new HpackDecoder(LIMITS)
    const block = decoder.decode(
      Buffer.concat([literal(INTO_TABLE, 'Upper', '1'), literal(INTO_TABLE, 'fine', '2'), indexed(62)]),
    )
    expect([block.flaw, fieldsOf(block)]).toEqual([
      'a field name that is no token in lower case',
      [
        ['fine', '2'],
        ['fine', '2'],
      ],
    ])
    expect(decoder.decode(indexed(62)).flaw).toBe(undefined)
    // However it is referred to: as a field, or for its name.
    expect(decoder.decode(indexed(63)).flaw).toBe('a field name that is no token in lower case')
    expect(decoder.decode(Buffer.concat([integer(INTO_TABLE, 0x3f, 63), string('x')])).flaw).toBe(
      'a field name that is no token in lower case',
    )
  })

  test.each([
    ['', 'a field name that is no token in lower case'],
    ['a b', 'a field name that is no token in lower case'],
    ['a:b', 'a field name that is no token in lower case'],
    ['ACCEPT', 'a field name that is no token in lower case'],
    ['Accept', 'a field name that is no token in lower case'],
    ['a\r\nb', 'a field name that is no token in lower case'],
    ['a\0', 'a field name that is no token in lower case'],
    ['caf\xe9', 'a field name that is no token in lower case'],
    [':', 'an unknown pseudo-header field'],
    [':Method', 'an unknown pseudo-header field'],
    [':host', 'an unknown pseudo-header field'],
    ['connection', 'a field of the connection'],
    ['keep-alive', 'a field of the connection'],
    ['proxy-connection', 'a field of the connection'],
    ['transfer-encoding', 'a field of the connection'],
    ['upgrade', 'a field of the connection'],
    ['te', 'a TE other than "trailers"'],
    ['x', undefined],
    ["!#$%&'*+-.^_`|~09az", undefined],
  ])('is one with the name %j', (name, flaw) => {
    expect(flawOf(literal(NOT_INTO_TABLE, name, 'close'))).toBe(flaw)
    expect(flawOf(literal(INTO_TABLE, name, 'close'))).toBe(flaw)
  })

  test('has a value that no message may have, plain or in Huffman code', () => {
    const huffman = (code: string): Buffer => Buffer.concat([hex('000178'), hex(code)])
    for (let byte = 0; byte < 256; byte++) {
      const inside = `a${String.fromCharCode(byte)}b`
      const control = (byte < 0x20 && byte !== 0x09) || byte === 0x7f
      expect([byte, flawOf(literal(NOT_INTO_TABLE, 'x', inside))]).toEqual([
        byte,
        control ? 'a control character in a field value' : undefined,
      ])
    }
    // 'a' in five bits, LF in thirty, and five of padding.
    expect(flawOf(huffman('851fffffff9f'))).toBe('a control character in a field value')
    for (const value of [' a', 'a ', '\ta', 'a\t', ' ', '\t']) {
      expect(flawOf(literal(NOT_INTO_TABLE, 'x', value))).toBe('white space around a field value')
    }
    expect(flawOf(literal(NOT_INTO_TABLE, 'x', ''))).toBe(undefined)
    expect(flawOf(literal(NOT_INTO_TABLE, 'te', 'trailers'))).toBe(undefined)
    expect(flawOf(literal(NOT_INTO_TABLE, 'te', 'Trailers'))).toBe(undefined)
  })

  test.each([
    [':path', '/a/b?c=d%20e', undefined],
    [':path', '*', undefined],
    [':path', '', 'a bad :path'],
    [':path', 'a', 'a bad :path'],
    [':path', '*a', 'a bad :path'],
    [':path', 'http://a/', 'a bad :path'],
    [':path', '/a b', 'a bad :path'],
    [':path', '/a#b', 'a bad :path'],
    [':path', '/\xe9', 'a bad :path'],
    [':path', '/a\\b', 'a bad :path'],
    [':method', 'GET', undefined],
    [':method', 'get', undefined],
    [':method', '', 'a bad :method'],
    [':method', 'GET /', 'a bad :method'],
    [':method', 'G\xe9T', 'a bad :method'],
    [':scheme', 'https', undefined],
    [':scheme', '', 'a bad :scheme'],
    [':scheme', 'a:b', 'a bad :scheme'],
    [':authority', 'a.example:8080', undefined],
    [':authority', '[::1]:80', undefined],
    [':authority', '', 'a bad :authority'],
    [':authority', 'user@a', 'a bad :authority'],
    [':authority', 'a/b', 'a bad :authority'],
    [':authority', 'a b', 'a bad :authority'],
    [':authority', 'a?', 'a bad :authority'],
    [':authority', 'caf\xe9', 'a bad :authority'],
    [':protocol', 'websocket', undefined],
    [':protocol', 'web socket', 'a bad :protocol'],
    [':status', '200', undefined],
    [':status', '599', undefined],
    [':status', '600', 'a bad :status'],
    [':status', '099', 'a bad :status'],
    [':status', '20', 'a bad :status'],
    [':status', '2000', 'a bad :status'],
    [':status', '+20', 'a bad :status'],
    [':status', '2x0', 'a bad :status'],
    [':status', '20x', 'a bad :status'],
  ])('is one with %s %j', (name, value, flaw) => {
    const decoder = new HpackDecoder(LIMITS)
    const block = decoder.decode(literal(INTO_TABLE, name, value))
    expect([block.flaw, fieldsOf(block)]).toEqual([flaw, flaw === undefined ? [[name, value]] : []])
    expect(decoder.decode(indexed(62)).flaw).toBe(flaw)
  })

  test('has control data twice, or behind a field', () => {
    expect(flawOf(indexed(2), indexed(2))).toBe('more than one :method')
    expect(flawOf(indexed(2), indexed(3))).toBe('more than one :method')
    expect(flawOf(indexed(2), literal(NOT_INTO_TABLE, 'a', 'b'), indexed(6))).toBe(
      ':scheme behind a field that is no pseudo-header field',
    )
    expect(flawOf(literal(NOT_INTO_TABLE, ':status', 'x'), indexed(8))).toBe('a bad :status')
    expect(flawOf(indexed(2), indexed(6), indexed(4), literal(NOT_INTO_TABLE, 'a', 'b'))).toBe(undefined)
  })
})
