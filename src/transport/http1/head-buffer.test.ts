import { describe, expect, test } from 'vitest'
import { HeadBuffer } from './head-buffer.ts'
import { parseRequestHead, type RequestHead } from './request-head.ts'
import { parseResponseHead } from './response-head.ts'
import { SyntaxFault } from './syntax.ts'

const LIMITS = { headBytes: 16_384, headers: 100, targetBytes: 8_192 }
const parse = (bytes: Buffer, start: number, available: number): RequestHead | undefined =>
  parseRequestHead(bytes, start, available, LIMITS)

function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}

/** Feeds byte by byte, and counts the bytes that the parser was asked to look at. */
function drip(
  head: string,
  read: (bytes: Buffer, start: number, available: number) => { end: number } | undefined = parse,
): { looked: number; fed: number; fault: unknown } {
  const buffer = new HeadBuffer()
  let looked = 0
  const bytes = latin1(head)
  for (let i = 0; i < bytes.length; i++) {
    try {
      const found = buffer.read(bytes.subarray(i, i + 1), 0, LIMITS.headBytes, (all, start, available) => {
        looked += available - start
        return read(all, start, available)
      })
      if (found !== undefined) return { looked, fed: i + 1, fault: undefined }
    } catch (fault) {
      return { looked, fed: i + 1, fault }
    }
  }
  return { looked, fed: bytes.length, fault: undefined }
}

describe('HeadBuffer', () => {
  test('parses a head that comes whole where it lies', () => {
    const buffer = new HeadBuffer()
    const chunk = latin1('..GET / HTTP/1.1\r\nHost: a\r\n\r\nrest')
    let parsed: Buffer | undefined
    const head = buffer.read(chunk, 2, LIMITS.headBytes, (bytes, start, available) => {
      parsed = bytes
      return parse(bytes, start, available)
    })
    expect([head?.method, parsed === chunk, chunk.toString('latin1', buffer.rest), buffer.empty]).toEqual([
      'GET',
      true,
      'rest',
      true,
    ])
  })

  test('joins a head that comes in pieces, says where the rest begins, and is empty again', () => {
    const buffer = new HeadBuffer()
    for (const target of ['/one', '/two']) {
      expect(buffer.read(latin1(`xxGET ${target} HT`), 2, LIMITS.headBytes, parse)).toBe(undefined)
      expect(buffer.empty).toBe(false)
      expect(buffer.read(latin1('yTP/1.1\r\nHost: a\r\nX: '), 1, LIMITS.headBytes, parse)).toBe(undefined)
      const last = latin1('z1\r\n\r\nrest')
      expect(buffer.read(last, 1, LIMITS.headBytes, parse)?.target).toBe(target)
      expect([last.toString('latin1', buffer.rest), buffer.empty]).toEqual(['rest', true])
    }
  })

  test('holds no memory of the chunks it was given', () => {
    const buffer = new HeadBuffer()
    const first = latin1('GET / HTTP/1.1\r\nHost: a')
    buffer.read(first, 0, LIMITS.headBytes, parse)
    first.fill(0)
    const second = latin1('bc\r\n\r\n')
    const head = buffer.read(second, 0, LIMITS.headBytes, parse)
    second.fill(0)
    expect([head?.host, [...head!.headers]]).toEqual(['abc', [['Host', 'abc']]])
  })

  test('forgets what it holds when it is cleared', () => {
    const buffer = new HeadBuffer()
    buffer.read(latin1('GET /'), 0, LIMITS.headBytes, parse)
    buffer.clear()
    expect(buffer.empty).toBe(true)
    expect(buffer.read(latin1('PUT / HTTP/1.1\r\nHost: a\r\n\r\n'), 0, LIMITS.headBytes, parse)?.method).toBe(
      'PUT',
    )
  })

  test.each([
    ['method', 'A'.repeat(20_000)],
    ['field name', `GET / HTTP/1.1\r\n${'A'.repeat(20_000)}`],
    ['field value', `GET / HTTP/1.1\r\nX:${'a '.repeat(10_000)}`],
    ['white space', `GET / HTTP/1.1\r\nX:${' '.repeat(20_000)}`],
  ])('finds a %s that drips past the limit at the first byte past it', (_, head) => {
    const { fault, fed } = drip(head)
    expect(fault).toBeInstanceOf(SyntaxFault)
    expect([(fault as SyntaxFault).kind, fed]).toEqual(['too-large', LIMITS.headBytes + 1])
  })

  test('finds a target that drips past its limit at the first byte past it', () => {
    const { fault, fed } = drip(`GET /${'a'.repeat(9_000)}`)
    expect([(fault as SyntaxFault).kind, fed]).toEqual(['target-too-long', 4 + LIMITS.targetBytes + 1])
  })

  test.each([
    ['method', 'GE\0T'],
    ['target', 'GET /aa\0'],
    ['version', 'GET / HTTQ'],
    ['field name', 'GET / HTTP/1.1\r\nHos\0'],
    ['field value', 'GET / HTTP/1.1\r\nHost: aaa\0'],
    ['line end', 'GET / HTTP/1.1\r\nHost: aaa\rb'],
  ])('finds a wrong byte in a dripping %s at once, not only when the line ends', (_, head) => {
    const { fault, fed } = drip(`${head}aaaaaaaa`)
    expect(fault).toBeInstanceOf(SyntaxFault)
    expect(head.length - fed).toBeLessThanOrEqual(1)
  })

  test('does not read a dripping head anew for each byte', () => {
    const size = LIMITS.headBytes
    const long = `GET /${'a'.repeat(8_000)} HTTP/1.1\r\nHost: a\r\nCookie: ${'b'.repeat(8_200)}\r\n\r\n`
    const many = `GET / HTTP/1.1\r\nHost: a\r\n${Array.from({ length: 98 }, (_, i) => `x-${i}: ${'a'.repeat(154)}\r\n`).join('')}\r\n`
    expect([long, many].every((head) => head.length > size * 0.97 && head.length <= size)).toBe(true)
    // A few readings for each line: at the colon, the first byte of the value, CR, LF and the first byte of the next.
    expect(drip(long).looked).toBeLessThan(30 * size)
    expect(drip(many).looked).toBeLessThan(6 * 100 * size)
    expect(drip(many)).toMatchObject({ fault: undefined, fed: many.length })
    const reason = drip(`HTTP/1.1 200 ${'a'.repeat(16_000)}\r\n\r\n`, (bytes, start, available) =>
      parseResponseHead(bytes, start, available, LIMITS),
    )
    expect(reason.looked).toBeLessThan(30 * size)
  })
})
