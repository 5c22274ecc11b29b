import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { everyByte } from '../../../test/http1/read-message.ts'
import type { HeaderList } from '../../core/headers.ts'
import type { MemoryUse } from '../../core/network.ts'
import { requests, splits } from '../../testing/arbitraries/index.ts'
import { BodyDecoder, type BodyLimits } from './body-decoder.ts'
import { SyntaxFault } from './syntax.ts'

const LIMITS: BodyLimits = { bodyBytes: 1000, chunkExtensionBytes: 16, trailerBytes: 100, trailers: 4 }

interface Result {
  body: string
  trailers: [string, string][] | undefined
  ended: boolean
  fault: string | undefined
  consumed: number
}

class Collector {
  readonly chunks: Buffer[] = []
  trailers: HeaderList | undefined
  ends = 0
  /** What `onBodyChunk` answers. */
  use: MemoryUse = true

  onBodyChunk(chunk: Buffer): MemoryUse {
    this.chunks.push(Buffer.from(chunk))
    return this.use
  }

  onBodyEnd(trailers: HeaderList | undefined): void {
    this.ends++
    this.trailers = trailers
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString('latin1')
  }
}

function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}

/** Decodes pieces that are overwritten once fed, as a socket's buffer is. */
function decode(
  pieces: readonly Buffer[],
  begin: (decoder: BodyDecoder) => void,
  limits: BodyLimits = LIMITS,
): Result {
  const owner = new Collector()
  const decoder = new BodyDecoder(owner, limits)
  let consumed = 0
  let fault: string | undefined
  let begun = false
  try {
    begin(decoder)
    begun = !decoder.ended
    for (const piece of pieces) {
      const behind = decoder.feed(piece, 0)
      consumed += behind
      piece.fill(0x21)
      if (decoder.ended) break
      expect(behind).toBe(piece.length)
    }
  } catch (thrown) {
    if (!(thrown instanceof SyntaxFault)) throw thrown
    fault = `${thrown.kind}: ${thrown.message}`
  }
  expect(owner.ends).toBe(begun && decoder.ended ? 1 : 0)
  return {
    body: owner.text,
    trailers: owner.trailers && [...owner.trailers],
    ended: decoder.ended,
    fault,
    consumed: fault === undefined ? consumed : -1,
  }
}

/** Values, each with pieces that the bytes of it may come in. */
function inPieces<T>(
  values: fc.Arbitrary<T>,
  bytesOf: (value: T) => Uint8Array,
): fc.Arbitrary<[T, readonly Buffer[]]> {
  return values.chain((value) => fc.tuple(fc.constant(value), splits(bytesOf(value))))
}

function behindHead(message: Buffer): Buffer {
  return message.subarray(message.indexOf('\r\n\r\n') + 4)
}

const chunked = (decoder: BodyDecoder): void => decoder.expectChunked()
const untilClose = (decoder: BodyDecoder): void => decoder.expectUntilClose()

/** The alphabet of chunked bodies, so that random text goes deep into the grammar. */
const hostile = fc
  .array(
    fc.constantFrom(
      ...[
        '0',
        '1',
        '5',
        'a',
        'F',
        'fffffffffffff',
        '\r\n',
        '\r',
        '\n',
        ';',
        'a=b',
        '="',
        '"',
        '\\',
        ' ',
        '\0',
      ],
      ...[
        'hello',
        'X: 1',
        ':',
        '0\r\n\r\n',
        '5\r\nhello\r\n',
        '0\r\n',
        '1;a\r\nx\r\n',
        'Host: a\r\n',
        '\xff',
      ],
    ),
    { maxLength: 30, size: 'max' },
  )
  .map((parts) => latin1(parts.join('')))

describe('BodyDecoder', () => {
  test('reads a well-formed chunked body back, whole and in any pieces', () => {
    const limits = { ...LIMITS, trailerBytes: 2000 }
    const followed = fc.tuple(
      requests({ framings: ['chunked'], maxTrailers: 4 }),
      fc.constantFrom('', 'GET / HTTP/1.1\r\n'),
    )
    fc.assert(
      fc.property(
        inPieces(followed, ([{ bytes }, next]) => Buffer.concat([behindHead(bytes), latin1(next)])),
        ([[{ bytes, body, trailers }], pieces]) => {
          expect(decode(pieces, chunked, limits)).toEqual({
            body: body!.toString('latin1'),
            trailers: trailers.length === 0 ? undefined : trailers,
            ended: true,
            fault: undefined,
            consumed: behindHead(bytes).length,
          })
        },
      ),
      { numRuns: 2000 },
    )
  })

  test('gives the same bytes, trailers and fault for hostile input in any pieces, and throws nothing but faults', () => {
    fc.assert(
      fc.property(
        inPieces(hostile, (bytes) => bytes),
        ([bytes, pieces]) => {
          const whole = decode([Buffer.from(bytes)], chunked)
          expect(decode(pieces, chunked)).toEqual(whole)
          expect(decode(everyByte(bytes.toString('latin1')), chunked)).toEqual(whole)
          expect(whole.body.length).toBeLessThanOrEqual(LIMITS.bodyBytes)
        },
      ),
      { numRuns: 5000 },
    )
  })

  test('takes the bytes of its length and no more, in any pieces', () => {
    fc.assert(
      fc.property(
        fc.nat(40),
        inPieces(fc.uint8Array({ maxLength: 80 }), (data) => data),
        (length, [data, pieces]) => {
          const bytes = Buffer.from(data)
          const ended = bytes.length >= length
          expect(decode(pieces, (decoder) => decoder.expectLength(length))).toEqual({
            body: bytes.subarray(0, length).toString('latin1'),
            trailers: undefined,
            ended,
            fault: undefined,
            consumed: Math.min(length, bytes.length),
          })
        },
      ),
    )
  })

  test('takes everything until the close, which ends it properly; no other body ends so', () => {
    const owner = new Collector()
    const decoder = new BodyDecoder(owner, LIMITS)
    decoder.expectUntilClose()
    expect(decoder.feed(latin1('abc'), 1)).toBe(3)
    expect(decoder.ended).toBe(false)
    expect(decoder.closed()).toBe(true)
    expect([owner.text, owner.ends, decoder.ended, decoder.closed()]).toEqual(['bc', 1, true, true])

    decoder.expectLength(3)
    decoder.feed(latin1('ab'), 0)
    expect(decoder.closed()).toBe(false)
    for (const begun of ['', '1', '1\r\na', '0\r\n', '0\r\nX: 1\r\n']) {
      decoder.expectChunked()
      decoder.feed(latin1(begun), 0)
      expect(decoder.closed()).toBe(false)
    }
    expect(owner.ends).toBe(1)
  })

  test('refuses a body past the limit before it gives on any byte past it', () => {
    const fault = 'too-large: a body of more than 1000 bytes'
    expect(() => decode([], (decoder) => decoder.expectLength(1000))).not.toThrow()
    expect(decode([], (decoder) => decoder.expectLength(1001)).fault).toBe(fault)
    const announced = decode([latin1(`3e9\r\n${'a'.repeat(1001)}`)], chunked)
    expect([announced.fault, announced.body]).toEqual([fault, ''])
    const second = decode([latin1(`3e8\r\n${'a'.repeat(1000)}\r\n1\r\n`)], chunked)
    expect([second.fault, second.body.length]).toEqual([fault, 1000])
    expect(decode([latin1(`3e8\r\n${'a'.repeat(1000)}\r\n0\r\n\r\n`)], chunked).fault).toBe(undefined)
    fc.assert(
      fc.property(splits(Buffer.alloc(1001, 0x61)), (pieces) => {
        const result = decode(pieces, untilClose)
        expect([result.fault, result.body.length]).toEqual([fault, 1000])
      }),
    )
  })

  test('has no limit where the limit is Infinity, but for the size that a number can hold', () => {
    const unlimited = { ...LIMITS, bodyBytes: Number.POSITIVE_INFINITY }
    const open = decode([latin1('fffffffffffff\r\nabc')], chunked, unlimited)
    expect([open.fault, open.body]).toEqual([undefined, 'abc'])
    expect(decode([latin1('10000000000000\r\n')], chunked, unlimited).fault).toMatch('malformed')
    expect(decode([latin1('00000000000001\r\n')], chunked, unlimited).fault).toMatch('malformed')
    expect(decode([Buffer.alloc(5000)], untilClose, unlimited).body.length).toBe(5000)
  })

  test('refuses chunk extensions past the cap, and many that stay under it', () => {
    expect(decode([latin1(`0;${'a'.repeat(15)}\r\n\r\n`)], chunked).ended).toBe(true)
    expect(decode([latin1(`0;${'a'.repeat(16)}\r\n\r\n`)], chunked).fault).toMatch('too long')
    const drip = `1;${'a'.repeat(15)}\r\nx\r\n`
    expect(decode([latin1(drip.repeat(1000))], chunked).fault).toBe(undefined)
    const unlimited = { ...LIMITS, bodyBytes: Number.POSITIVE_INFINITY }
    expect(decode([latin1(drip.repeat(1200))], chunked, unlimited).fault).toMatch('too long')
  })

  test('counts the extensions and the trailers of each body anew', () => {
    const owner = new Collector()
    const decoder = new BodyDecoder(owner, LIMITS)
    const bytes = `${`1;${'a'.repeat(15)}\r\nx\r\n`.repeat(900)}0\r\nX: 1\r\n\r\n`
    for (let i = 1; i <= 5; i++) {
      decoder.expectChunked()
      decoder.feed(latin1(bytes.slice(0, -3)), 0)
      expect(decoder.feed(latin1(bytes.slice(-3)), 0)).toBe(3)
      expect([owner.ends, decoder.received, [...owner.trailers!]]).toEqual([i, 900, [['X', '1']]])
    }
  })

  test('holds no more of a trailer section than its limit', () => {
    const line = 'X: aaaaaaaa\r\n'
    expect(decode([latin1(`0\r\nX: ${'a'.repeat(93)}\r\n\r\n`)], chunked).ended).toBe(true)
    for (const bytes of [`0\r\nX: ${'a'.repeat(94)}\r\n\r\n`, `0\r\nX: ${'a'.repeat(5000)}`]) {
      const whole = decode([latin1(bytes)], chunked)
      expect(whole.fault).toBe('too-large: a trailer section that is larger than the limit')
      expect(decode(everyByte(bytes), chunked)).toEqual(whole)
    }
    expect(decode([latin1(`0\r\n${line.repeat(5)}`)], chunked).fault).toBe(
      'too-large: more than 4 field lines',
    )
  })

  test('tells what became of the memory of the chunk that was fed last', () => {
    const owner = new Collector()
    const decoder = new BodyDecoder(owner, LIMITS)
    const feed = (text: string, use: MemoryUse): MemoryUse => {
      owner.use = use
      decoder.feed(latin1(text), 0)
      return decoder.memoryUse
    }
    decoder.expectChunked()
    expect(feed('5\r\nhe', true)).toBe(true)
    expect(feed('l', false)).toBe(false)
    expect(feed('l', undefined)).toBe(undefined)
    // Nothing of this one went to the owner, who says nothing about it.
    expect(feed('o\r\n', true)).toBe(true)
    expect(feed('1\r\nx\r\n0\r\nX: ', undefined)).toBe(undefined)
    expect(feed('1\r\n\r\n', undefined)).toBe(true)
    expect([owner.text, owner.ends]).toEqual(['hellox', 1])
  })

  test('takes memory for as free as its least free part', () => {
    const uses: MemoryUse[] = [true, false, undefined]
    for (const one of uses) {
      for (const other of uses) {
        const answers = [one, other]
        const decoder = new BodyDecoder({ onBodyChunk: () => answers.shift(), onBodyEnd() {} }, LIMITS)
        decoder.expectChunked()
        decoder.feed(latin1('1\r\na\r\n1\r\nb\r\n0\r\n\r\n'), 0)
        expect([one, other, decoder.memoryUse]).toEqual([
          one,
          other,
          uses[Math.max(uses.indexOf(one), uses.indexOf(other))],
        ])
      }
    }
  })

  test('gives on a chunk that is all body as it came, and a part of one as a view', () => {
    const given: Buffer[] = []
    const decoder = new BodyDecoder(
      { onBodyChunk: (chunk) => void given.push(chunk), onBodyEnd() {} },
      LIMITS,
    )
    const chunk = latin1('hello')
    decoder.expectLength(7)
    decoder.feed(chunk, 0)
    decoder.feed(chunk, 3)
    expect(given[0]).toBe(chunk)
    expect([given[1]!.buffer, String(given[1])]).toEqual([chunk.buffer, 'lo'])
  })

  test('knows what has come and what is to come', () => {
    const decoder = new BodyDecoder(new Collector(), LIMITS)
    decoder.expectLength(5)
    decoder.feed(latin1('ab'), 0)
    expect([decoder.received, decoder.remaining, decoder.ended]).toEqual([2, 3, false])
    decoder.feed(latin1('cde'), 0)
    expect([decoder.received, decoder.remaining, decoder.ended]).toEqual([5, 0, true])
    expect(decoder.feed(latin1('next'), 1)).toBe(1)
    decoder.expectChunked()
    decoder.feed(latin1('3\r\nab'), 0)
    expect([decoder.received, decoder.remaining]).toEqual([2, Number.POSITIVE_INFINITY])
  })
})
