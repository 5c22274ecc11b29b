import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { splits } from '../../testing/arbitraries/index.ts'
import { ClientHelloFault, parseClientHello } from './client-hello.ts'

const u8 = (value: number) => Buffer.from([value])
const u16 = (value: number) => Buffer.from([value >> 8, value & 0xff])
const vector = (bytes: Buffer, length: (size: number) => Buffer) =>
  Buffer.concat([length(bytes.length), bytes])
const extension = (type: number, body: Buffer) => Buffer.concat([u16(type), vector(body, u16)])
const sni = (name: string, kind = 0) =>
  extension(0, vector(Buffer.concat([u8(kind), vector(Buffer.from(name), u16)]), u16))
const alpn = (...names: string[]) =>
  extension(16, vector(Buffer.concat(names.map((name) => vector(Buffer.from(name), u8))), u16))

interface Parts {
  sessionId?: Buffer
  suites?: Buffer
  compressions?: Buffer
  extensions?: Buffer[] | Buffer
  behind?: Buffer
}

/** The message with its handshake header. */
function hello({
  sessionId = Buffer.alloc(32, 7),
  suites = Buffer.from([0x13, 0x01]),
  compressions = u8(0),
  extensions = [sni('a.example')],
  behind = Buffer.alloc(0),
}: Parts = {}): Buffer {
  const list = Array.isArray(extensions) ? vector(Buffer.concat(extensions), u16) : extensions
  const body = Buffer.concat([
    Buffer.from([3, 3]),
    Buffer.alloc(32, 9),
    vector(sessionId, u8),
    vector(suites, u16),
    vector(compressions, u8),
    list,
    behind,
  ])
  return Buffer.concat([u8(1), u8(0), u16(body.length), body])
}

const record = (bytes: Buffer, type = 22, major = 3) =>
  Buffer.concat([u8(type), u8(major), u8(1), vector(bytes, u16)])

/** In records of this size. */
function records(message: Buffer, size = message.length): Buffer {
  const count = Math.ceil(message.length / size)
  return Buffer.concat(
    Array.from({ length: count }, (_, i) => record(message.subarray(i * size, (i + 1) * size))),
  )
}

describe('parseClientHello', () => {
  test('gives the server name and the protocols that are offered', () => {
    const bytes = records(
      hello({ extensions: [extension(0x0a0a, u8(0)), alpn('h2', 'http/1.1'), sni('A.Example.')] }),
    )
    expect(parseClientHello(bytes)).toEqual({ servername: 'a.example', alpn: ['h2', 'http/1.1'] })
    // What follows is the service's.
    expect(parseClientHello(Buffer.concat([bytes, Buffer.from('anything')]))?.servername).toBe('a.example')
  })

  test.each([
    ['no extensions', Buffer.alloc(0)],
    ['an empty list of extensions', []],
  ])('gives nothing where there is %s', (_, extensions) => {
    expect(parseClientHello(records(hello({ extensions })))).toEqual({ servername: undefined, alpn: [] })
  })

  test('puts together a header of which each byte comes in a record of its own', () => {
    const message = hello({ extensions: [sni('a.example'), alpn('h2')] })
    for (const first of [1, 2, 3]) {
      const bytes = Buffer.concat([records(message.subarray(0, first), 1), record(message.subarray(first))])
      expect(parseClientHello(bytes)).toEqual({ servername: 'a.example', alpn: ['h2'] })
    }
  })

  test('puts together what comes in several records', () => {
    const message = hello({ extensions: [sni('a.example'), alpn('h2')] })
    for (let size = 4; size <= message.length; size++)
      expect(parseClientHello(records(message, size))).toEqual({ servername: 'a.example', alpn: ['h2'] })
  })

  const listed = (names: Buffer) => extension(0, vector(names, u16))
  const oneName = Buffer.concat([u8(0), vector(Buffer.from('a'), u16)])
  test.each([
    ['another protocol', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['an alert', record(hello(), 21)],
    ['SSL 2', record(hello(), 22, 2)],
    ['an empty record', record(Buffer.alloc(0))],
    ['too long a record', Buffer.concat([Buffer.from([22, 3, 1]), u16(16_385)])],
    ['another message', record(Buffer.concat([u8(2), hello().subarray(1)]))],
    ['too long a message', record(Buffer.from([1, 0, 0x40, 0]))],
    ['more records than there may be', records(hello({ extensions: [sni('a'.repeat(60))] }), 4)],
    ['a message that breaks off', records(hello({ suites: Buffer.alloc(2) }).fill(0xff, 71, 73))],
    ['too long a session id', records(hello({ sessionId: Buffer.alloc(33) }))],
    ['no cipher suites', records(hello({ suites: Buffer.alloc(0) }))],
    ['half a cipher suite', records(hello({ suites: Buffer.alloc(3) }))],
    ['no compression', records(hello({ compressions: Buffer.alloc(0) }))],
    ['something behind the extensions', records(hello({ behind: u8(0) }))],
    ['an extension that breaks off', records(hello({ extensions: [u16(0), u8(0)] }))],
    ['an extension twice', records(hello({ extensions: [alpn('h2'), alpn('h2')] }))],
    ['two names', records(hello({ extensions: [listed(Buffer.concat([oneName, oneName]))] }))],
    ['no name', records(hello({ extensions: [listed(Buffer.alloc(0))] }))],
    ['an empty name', records(hello({ extensions: [sni('')] }))],
    ['a name of another kind', records(hello({ extensions: [sni('a', 1)] }))],
    ['a name with a NUL', records(hello({ extensions: [sni('a\0b')] }))],
    ['a name with a slash', records(hello({ extensions: [sni('a/b')] }))],
    ['an empty label', records(hello({ extensions: [sni('a..b')] }))],
    ['an empty list of protocols', records(hello({ extensions: [alpn()] }))],
    ['a protocol without a name', records(hello({ extensions: [alpn('')] }))],
  ])('refuses %s', (_, bytes) => {
    expect(() => parseClientHello(bytes)).toThrow(ClientHelloFault)
  })

  test('any split of the same bytes gives the same result, and nothing else than a fault is thrown', () => {
    const read = (pieces: readonly Buffer[]): unknown => {
      let all = Buffer.alloc(0)
      for (const piece of pieces) {
        all = Buffer.concat([all, piece])
        try {
          const found = parseClientHello(all)
          if (found !== undefined) return found
        } catch (error) {
          expect(error).toBeInstanceOf(ClientHelloFault)
          return 'refused'
        }
      }
      return 'incomplete'
    }
    const message = hello({ extensions: [sni('a.example'), alpn('h2', 'x')] })
    const bytes = fc.oneof(
      fc
        .tuple(
          fc.integer({ min: 3, max: message.length }),
          fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 3 }),
          fc.nat({ max: 300 }),
        )
        .map(([size, changes, cut]) => {
          const all = records(message, size)
          for (const [at, byte] of changes) all[at % all.length] = byte
          return all.subarray(0, Math.max(1, all.length - (cut > 200 ? cut - 200 : 0)))
        }),
      fc.uint8Array({ maxLength: 60 }).map((it) => Buffer.from(it)),
    )
    fc.assert(
      fc.property(
        bytes.chain((all) => fc.tuple(fc.constant(all), splits(all))),
        ([all, pieces]) => {
          const bytewise = read(Array.from(all, (_, i) => all.subarray(i, i + 1)))
          expect(read([all])).toEqual(bytewise)
          expect(read(pieces)).toEqual(bytewise)
        },
      ),
      { numRuns: 1_000 },
    )
  })
})
