import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeBlock, type Field, fieldsOf, paths } from '../../../test/http2/field-lists.ts'
import { FieldKind } from '../../core/field-name.ts'
import { HeaderList } from '../../core/headers.ts'
import { HpackDecoder } from './hpack-decoder.ts'
import { HpackEncoder } from './hpack-encoder.ts'
import { OutputBuffer } from './output-buffer.ts'

const LIMITS = { listBytes: 1_000_000, fields: 1000 }

/** The two ends of a connection, whose tables are compared after each block. */
function pair(tableBytes?: number): {
  readonly send: (fields: readonly Field[]) => Buffer
  encoder: HpackEncoder
  decoder: HpackDecoder
} {
  const encoder = new HpackEncoder(tableBytes)
  const decoder = new HpackDecoder(LIMITS)
  return {
    encoder,
    decoder,
    send(fields) {
      const bytes = encodeBlock(encoder, fields)
      const block = decoder.decode(bytes)
      expect([fieldsOf(block), block.flaw]).toEqual([fields, undefined])
      expect(decoder.tableBytes).toBe(encoder.tableBytes)
      return bytes
    },
  }
}

/** The first byte of each field's representation, where each has one of its own. */
function firstByteOf(encoder: HpackEncoder, field: Field): number {
  return encodeBlock(encoder, [field])[0]!
}

const NAMES = [
  'accept',
  'accept-encoding',
  'authorization',
  'content-length',
  'content-type',
  'date',
  'etag',
  'server',
  'set-cookie',
  'x-request-id',
  'x-unknown',
  'x-other',
  'n',
]
const VALUES = [
  '',
  'a',
  'gzip, deflate',
  'text/html',
  '0',
  '1024',
  'a'.repeat(130),
  '\xff',
  'a b',
  '~'.repeat(40),
]

const value = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...VALUES) },
  {
    weight: 1,
    arbitrary: fc
      .array(fc.oneof(fc.integer({ min: 0x21, max: 0x7e }), fc.integer({ min: 0x80, max: 0xff })), {
        maxLength: 300,
      })
      .map((bytes) => Buffer.from(bytes).toString('latin1')),
  },
)
const field = fc.tuple(
  fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...NAMES) },
    {
      weight: 1,
      arbitrary: fc
        .stringMatching(/^[!#$%&'*+\-.^_`|~0-9a-z]{1,40}$/)
        .filter((it) => !/^(?:te|upgrade|connection|cookie)$/.test(it)),
    },
  ),
  value,
)
const control = fc.oneof(
  fc.constantFrom<readonly Field[]>([[':status', '200']], [[':status', '418']], []),
  paths.map((path): readonly Field[] => [
    [':method', 'POST'],
    [':scheme', 'https'],
    [':authority', 'a.example'],
    [':path', path],
  ]),
)
const message = fc.tuple(control, fc.array(field, { maxLength: 12 })).map((parts) => parts.flat())

describe('HpackEncoder', () => {
  test('writes what the decoder reads back, through many messages and sizes of the table', () => {
    const step = fc.oneof(
      { weight: 8, arbitrary: message },
      { weight: 1, arbitrary: fc.constantFrom(0, 33, 100, 400, 4096, 10_000) },
    )
    fc.assert(
      fc.property(
        fc.constantFrom(0, 64, 300, 4096, 8192),
        fc.array(step, { maxLength: 40, size: 'max' }),
        (own, steps) => {
          const { encoder, decoder, send } = pair(own)
          // All of it has been acknowledged before the next block.
          let limits: number[] = []
          for (const one of steps) {
            if (typeof one === 'number') {
              limits.push(one)
              encoder.limitTable(one)
            } else {
              for (const limit of limits) decoder.limitTable(limit)
              limits = []
              send(one)
            }
          }
        },
      ),
      { numRuns: 200 },
    )
  })

  test('writes one byte for each field that it has sent before', () => {
    const { send } = pair()
    const fields: Field[] = [
      [':method', 'GET'],
      [':scheme', 'https'],
      [':authority', 'www.example.com'],
      [':path', '/'],
      ['user-agent', 'curl/8.5.0'],
      ['accept', '*/*'],
      ['x-own', 'value'],
    ]
    expect(send(fields).length).toBeGreaterThan(40)
    expect(send(fields).length).toBe(fields.length)
    send([['x-own', 'other']])
    expect(send(fields).length).toBe(fields.length)
  })

  test('refers to every entry of the static table that there is', () => {
    const encoder = new HpackEncoder()
    expect(encodeBlock(encoder, [[':status', '404']])).toEqual(Buffer.from([0x8d]))
    expect(encodeBlock(encoder, [['accept-encoding', 'gzip, deflate']])).toEqual(Buffer.from([0x90]))
    expect(encodeBlock(encoder, [['www-authenticate', '']])).toEqual(Buffer.from([0x80 | 61]))
    expect(encoder.tableBytes).toBe(0)
  })

  test.each(['authorization', 'proxy-authorization', 'cookie', 'set-cookie'])(
    'puts %s into no table, at any hop',
    (name) => {
      const { send, encoder, decoder } = pair()
      for (let i = 0; i < 3; i++) {
        const bytes = send([[name, 'secret']])
        expect(bytes[0]! & 0xf0).toBe(0x10)
        expect(decoder.decode(bytes).neverIndexed).toEqual([name])
      }
      expect(encoder.tableBytes).toBe(0)
    },
  )

  test('puts a field that it is told to keep secret into no table, and does not refer to one that is there', () => {
    const encoder = new HpackEncoder()
    encodeBlock(encoder, [['x-key', 'guess']])
    const before = encoder.tableBytes
    const out = new OutputBuffer(64)
    encoder.field(out, 'x-key', 'guess', true)
    expect(out.bytes[0]! & 0xf0).toBe(0x10)
    expect(encoder.tableBytes).toBe(before)
  })

  test.each([':path', 'content-length', 'etag', 'location', 'last-modified'])(
    'does not put %s into the table',
    (name) => {
      const encoder = new HpackEncoder()
      expect(firstByteOf(encoder, [name, '/x']) & 0xf0).toBe(0x00)
      expect(encoder.tableBytes).toBe(0)
    },
  )

  test('does not put a value into the table that takes more than half of it', () => {
    const { send, encoder } = pair()
    send([['x', 'v'.repeat(2015)]])
    expect(encoder.tableBytes).toBe(2048)
    send([['y', 'v'.repeat(2016)]])
    expect(encoder.tableBytes).toBe(2048)
  })

  test('finds out which names have values that change, and leaves what repeats in the table', () => {
    const { send, encoder } = pair()
    const stable: Field[] = [
      [':status', '200'],
      ['server', 'gatewright'],
      ['content-type', 'application/json'],
      ['x-served-by', 'node-7'],
    ]
    send(stable)
    let most = 0
    let total = 0
    for (let i = 0; i < 1000; i++) {
      const changing = `${i}-0123456789abcdef0123456789abcdef`
      const bytes = send([...stable, ['x-request-id', changing], ['x-trace', changing]])
      // One byte for each of the stable ones; for the others an index for the name, or the name, and the value.
      most = Math.max(most, bytes.length)
      total += bytes.length
    }
    expect(most).toBeLessThan(130)
    expect(total / 1000).toBeLessThan(4 + 2 * 42)
    expect(encoder.tableBytes).toBeLessThanOrEqual(4096)
    // And finds out again that they do not.
    for (let i = 0; i < 40; i++) send([['x-trace', 'same']])
    expect(send([['x-trace', 'same']]).length).toBe(1)
  })

  test('forgets names that nothing is known of', () => {
    const { send, encoder } = pair()
    for (let i = 0; i < 5000; i++) {
      send([[`x-${i}`, 'v']])
      expect(encoder.learntNames).toBeLessThanOrEqual(256)
    }
    const wide = pair(65_536)
    wide.encoder.limitTable(65_536)
    wide.decoder.limitTable(65_536)
    for (let i = 0; i < 10_000; i++) wide.send([[`x-${i}`, 'v']])
    // A table of this size holds 65536 / 39 of them; twice as many are known.
    expect(wide.encoder.learntNames).toBeLessThanOrEqual(2 * 1681)
  })

  test('writes all fields of a list, in lower case, but for those of some kinds', () => {
    const encoder = new HpackEncoder()
    const list = HeaderList.from([
      ['Content-Type', 'text/html'],
      ['Connection', 'close'],
      ['X-Upper', 'A'],
      ['Host', 'a'],
      ['x-upper', 'b'],
    ])
    const out = new OutputBuffer(8)
    encoder.begin(out)
    encoder.fields(out, list, FieldKind.hopByHop | FieldKind.host)
    expect(fieldsOf(new HpackDecoder(LIMITS).decode(out.bytes, 0, out.length))).toEqual([
      ['content-type', 'text/html'],
      ['x-upper', 'A'],
      ['x-upper', 'b'],
    ])
  })
})

describe('the size of the table', () => {
  const start = (encoder: HpackEncoder): string => encodeBlock(encoder, []).toString('hex')

  test('is told to the peer where it is not the usual one', () => {
    expect(start(new HpackEncoder())).toBe('')
    expect(start(new HpackEncoder(0))).toBe('20')
    expect(start(new HpackEncoder(8192))).toBe('')
    const encoder = new HpackEncoder(100)
    expect([start(encoder), start(encoder)]).toEqual(['3f45', ''])
  })

  test('follows the limit of the peer', () => {
    const encoder = new HpackEncoder(8192)
    encodeBlock(encoder, [['x', 'a'.repeat(1000)]])
    encoder.limitTable(100)
    expect([encoder.tableBytes, start(encoder), start(encoder)]).toEqual([0, '3f45', ''])
    encoder.limitTable(10_000)
    expect(start(encoder)).toBe('3fe13f')
    encoder.limitTable(20_000)
    expect(start(encoder)).toBe('')
  })

  test('that was smaller in between is told too, so that the peer evicts the same', () => {
    const encoder = new HpackEncoder()
    encodeBlock(encoder, [['x', 'a'.repeat(1000)]])
    encoder.limitTable(50)
    encoder.limitTable(40)
    encoder.limitTable(4096)
    expect([encoder.tableBytes, start(encoder), start(encoder)]).toEqual([0, '3f093fe11f', ''])
  })
})
