import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { splits } from '../../testing/arbitraries/index.ts'
import { crc32c } from './crc32c.ts'
import { proxyHeader } from './header-writer.ts'
import { parseProxyHeader } from './proxy-header.ts'
import { ProxyHeaderFault } from './proxy-header-fault.ts'
import { ADDRESS_BYTES, VERSION2_BYTES, VERSION2_SIGNATURE } from './version2.ts'

const line = (text: string) => Buffer.from(text, 'latin1')

function tlv(type: number, value: string | Buffer): Buffer {
  const bytes = Buffer.from(value as string, 'latin1')
  return Buffer.concat([Buffer.from([type, bytes.length >> 8, bytes.length & 0xff]), bytes])
}

/** A header of version 2, from its parts. */
function v2(command: number, family: number, body: Buffer, length = body.length): Buffer {
  return Buffer.concat([VERSION2_SIGNATURE, Buffer.from([command, family, length >> 8, length & 0xff]), body])
}

const TCP4 = Buffer.from([192, 0, 2, 1, 198, 51, 100, 2, 0xdc, 0x04, 0x01, 0xbb])
const ENDS = {
  source: { address: '192.0.2.1', port: 56_324 },
  destination: { address: '198.51.100.2', port: 443 },
}

/** With its checksum, as its sender computes it. */
function summed(build: (crc: Buffer) => Buffer): Buffer {
  const zeroed = build(Buffer.alloc(4))
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc32c(zeroed))
  return build(sum)
}

test('crc32c is that of RFC 3720', () => {
  expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa)
  expect(crc32c(Buffer.alloc(32, 0xff))).toBe(0x62a8ab43)
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283)
})

describe('a header of version 1', () => {
  test('gives both ends', () => {
    const bytes = line('PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\nGET /')
    expect(parseProxyHeader(bytes)).toEqual({ forwarded: ENDS, end: bytes.length - 5 })
    expect(parseProxyHeader(line('PROXY TCP6 2001:db8::1 ::1 0 65535\r\n'))?.forwarded).toEqual({
      source: { address: '2001:db8::1', port: 0 },
      destination: { address: '::1', port: 65_535 },
    })
    expect(parseProxyHeader(line('PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n'))?.forwarded?.source).toEqual({
      address: '192.0.2.1',
      port: 1,
    })
  })

  test.each(['PROXY UNKNOWN\r\n', 'PROXY UNKNOWN whatever 1 2\r\n'])('that knows nothing: %j', (text) => {
    expect(parseProxyHeader(line(text))).toEqual({ forwarded: undefined, end: text.length })
  })

  test('may be 107 bytes long, and no longer', () => {
    const longest = `PROXY UNKNOWN ${'f'.repeat(107 - 16)}\r\n`
    expect(longest.length).toBe(107)
    expect(parseProxyHeader(line(longest))?.end).toBe(107)
    for (const bytes of [line(longest.replace('f', 'ff')), line(`PROXY UNKNOWN ${'f'.repeat(93)}`)])
      expect(() => parseProxyHeader(bytes)).toThrow('a line of more than 107 bytes')
  })

  test.each([
    ['another protocol', 'GET / HTTP/1.1\r\n'],
    ['lower case', 'proxy TCP4 1.1.1.1 1.1.1.1 1 1\r\n'],
    ['an unknown family', 'PROXY UDP4 1.1.1.1 1.1.1.1 1 1\r\n'],
    ['UNKNOWN glued to something', 'PROXY UNKNOWNX\r\n'],
    ['no ports', 'PROXY TCP4 1.1.1.1 1.1.1.1\r\n'],
    ['one port', 'PROXY TCP4 1.1.1.1 1.1.1.1 1\r\n'],
    ['more than ports', 'PROXY TCP4 1.1.1.1 1.1.1.1 1 1 1\r\n'],
    ['two spaces', 'PROXY TCP4  1.1.1.1 1.1.1.1 1 1\r\n'],
    ['a space at the end', 'PROXY TCP4 1.1.1.1 1.1.1.1 1 1 \r\n'],
    ['a port with a zero in front', 'PROXY TCP4 1.1.1.1 1.1.1.1 01 1\r\n'],
    ['a port that is too large', 'PROXY TCP4 1.1.1.1 1.1.1.1 65536 1\r\n'],
    ['a signed port', 'PROXY TCP4 1.1.1.1 1.1.1.1 +1 1\r\n'],
    ['an address with zeros in front', 'PROXY TCP4 1.1.1.01 1.1.1.1 1 1\r\n'],
    ['an address of the other family', 'PROXY TCP4 ::1 ::1 1 1\r\n'],
    ['an IPv4 address as TCP6', 'PROXY TCP6 1.1.1.1 ::1 1 1\r\n'],
    ['an address with a zone', 'PROXY TCP6 fe80::1%1 ::1 1 1\r\n'],
    ['a name', 'PROXY TCP4 localhost 1.1.1.1 1 1\r\n'],
    ['a bare line feed', 'PROXY TCP4 1.1.1.1 1.1.1.1 1 1\n'],
    ['a bare carriage return', 'PROXY TCP4 1.1.1.1 1.1.1.1 1 1\rX'],
    ['a NUL', 'PROXY TCP4 1.1.1.1\0 1.1.1.1 1 1\r\n'],
  ])('is refused for %s', (_, text) => {
    expect(() => parseProxyHeader(line(text))).toThrow(ProxyHeaderFault)
  })
})

describe('a header of version 2', () => {
  test('gives both ends', () => {
    const bytes = Buffer.concat([v2(0x21, 0x11, TCP4), line('GET /')])
    expect(parseProxyHeader(bytes)).toEqual({ forwarded: ENDS, end: 28 })
    const six = Buffer.alloc(36)
    six[0] = 0x20
    six[1] = 0x01
    six[15] = 1
    six.fill(0xff, 26, 28)
    six.set([203, 0, 113, 9], 28)
    six.writeUInt16BE(80, 34)
    expect(parseProxyHeader(v2(0x21, 0x21, six))?.forwarded).toEqual({
      source: { address: '2001::1', port: 0 },
      destination: { address: '203.0.113.9', port: 80 },
    })
  })

  test.each([
    ['LOCAL without a family', v2(0x20, 0x00, Buffer.alloc(0))],
    ['LOCAL of a family that nobody knows', v2(0x20, 0xff, Buffer.alloc(7))],
    ['UNSPEC', v2(0x21, 0x00, Buffer.alloc(0))],
    ['UNSPEC with an extension', v2(0x21, 0x00, tlv(0x04, 'noop'))],
    ['a UNIX socket', v2(0x21, 0x31, Buffer.alloc(216, 0x61))],
  ])('that says nothing of ends: %s', (_, bytes) => {
    expect(parseProxyHeader(bytes)).toEqual({ forwarded: undefined, end: bytes.length })
  })

  test('gives what extensions say, and passes over those that it does not know', () => {
    const body = [TCP4, tlv(0x01, 'h2'), tlv(0x30, 'netns'), tlv(0x02, 'db.example'), tlv(0x05, 'id-1')]
    expect(parseProxyHeader(v2(0x21, 0x11, Buffer.concat(body)))?.forwarded).toEqual({
      ...ENDS,
      alpn: 'h2',
      authority: 'db.example',
      uniqueId: Buffer.from('id-1'),
    })
  })

  test('is checked by its checksum, where it has one', () => {
    const build = (crc: Buffer) =>
      v2(0x21, 0x11, Buffer.concat([TCP4, tlv(0x04, 'xx'), tlv(0x03, crc), tlv(0x02, 'a.example')]))
    const right = summed(build)
    expect(parseProxyHeader(right)?.forwarded).toEqual({ ...ENDS, authority: 'a.example' })
    for (let at = 16; at < right.length; at++) {
      const wrong = Buffer.from(right)
      wrong[at]! ^= 1
      expect(() => parseProxyHeader(wrong), `byte ${at}`).toThrow(ProxyHeaderFault)
    }
    expect(() => parseProxyHeader(v2(0x21, 0x11, Buffer.concat([TCP4, tlv(0x03, 'abc')])))).toThrow(
      'a checksum that is no CRC-32C',
    )
  })

  test.each([
    ['another version', v2(0x11, 0x11, TCP4)],
    ['an unknown command', v2(0x22, 0x11, TCP4)],
    ['datagrams', v2(0x21, 0x12, TCP4)],
    ['an unknown family', v2(0x21, 0x41, TCP4)],
    ['addresses that break off', v2(0x21, 0x11, TCP4.subarray(0, 11))],
    ['too long a header', v2(0x21, 0x11, TCP4, VERSION2_BYTES - 15)],
    ['an extension without a length', v2(0x21, 0x11, Buffer.concat([TCP4, Buffer.from([4, 0])]))],
    ['an extension past the end', v2(0x21, 0x11, Buffer.concat([TCP4, Buffer.from([4, 0, 1])]))],
    ['an extension twice', v2(0x21, 0x11, Buffer.concat([TCP4, tlv(2, 'a'), tlv(2, 'b')]))],
    ['an authority that would break a log', v2(0x21, 0x11, Buffer.concat([TCP4, tlv(2, 'a\nb')]))],
    ['an empty authority', v2(0x21, 0x11, Buffer.concat([TCP4, tlv(2, '')]))],
    ['too long a unique id', v2(0x21, 0x11, Buffer.concat([TCP4, tlv(5, 'x'.repeat(129))]))],
    ['a signature that breaks off', line('\r\n\r\n\0\r\nQUIX')],
  ])('is refused for %s', (_, bytes) => {
    expect(() => parseProxyHeader(bytes)).toThrow(ProxyHeaderFault)
  })

  test('is refused for its length before all of it has come', () => {
    expect(() => parseProxyHeader(v2(0x21, 0x11, Buffer.alloc(0), 65_535))).toThrow('more than 4096 bytes')
  })
})

const ipv4 = fc.ipV4()
const anyAddress = fc.oneof(ipv4, fc.ipV6())
const end = (address: fc.Arbitrary<string>) => fc.record({ address, port: fc.nat({ max: 65_535 }) })
const anyEnds = fc.oneof(
  fc.record({ source: end(ipv4), destination: end(ipv4) }),
  fc.record({ source: end(anyAddress), destination: end(anyAddress) }),
)
const version = fc.constantFrom('v1' as const, 'v2' as const)

/** One spelling of each address. */
const canonical = (address: string) => {
  if (!address.includes(':')) return address
  const short = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const mapped = /^::ffff:([0-9a-f]+):([0-9a-f]+)$/.exec(short)
  if (mapped === null) return short
  const [high, low] = [Number.parseInt(mapped[1]!, 16), Number.parseInt(mapped[2]!, 16)]
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`
}

test('what is written is read as it was meant, with whatever follows it left', () => {
  fc.assert(
    fc.property(version, anyEnds, fc.uint8Array(), (which, ends, behind) => {
      const header = proxyHeader(which, ends)
      const read = parseProxyHeader(Buffer.concat([header, behind]))!
      expect(read.end).toBe(header.length)
      const { source, destination } = read.forwarded!
      expect([source, destination].map(({ address, port }) => [canonical(address), port])).toEqual(
        [ends.source, ends.destination].map(({ address, port }) => [canonical(address), port]),
      )
    }),
  )
})

test('the host name that was asked for is said by version 2', () => {
  const header = proxyHeader('v2', { ...ENDS, authority: 'db.example' })
  expect(header).toEqual(v2(0x21, 0x11, Buffer.concat([TCP4, tlv(2, 'db.example')])))
  expect(proxyHeader('v1', { ...ENDS, authority: 'db.example' })).toEqual(proxyHeader('v1', ENDS))
})

test('a connection of the proxy itself, and one without addresses, are told as such', () => {
  expect(proxyHeader('v1', undefined).toString()).toBe('PROXY UNKNOWN\r\n')
  expect(proxyHeader('v2', undefined)).toEqual(v2(0x20, 0, Buffer.alloc(0)))
  const unnamed = { source: { address: 'client', port: 1 }, destination: { address: '', port: 2 } }
  expect(proxyHeader('v1', unnamed).toString()).toBe('PROXY UNKNOWN\r\n')
  expect(proxyHeader('v2', unnamed)).toEqual(v2(0x21, 0, Buffer.alloc(0)))
})

/** What it makes of the bytes when they come in these pieces. */
function readInPieces(pieces: readonly Buffer[]): unknown {
  let all = Buffer.alloc(0)
  for (const piece of pieces) {
    all = Buffer.concat([all, piece])
    try {
      const header = parseProxyHeader(all)
      if (header !== undefined) return header
    } catch (error) {
      expect(error).toBeInstanceOf(ProxyHeaderFault)
      return 'refused'
    }
  }
  return 'incomplete'
}

const families = fc.constantFrom(...ADDRESS_BYTES.keys(), 0x12, 0x41)
const tlvs = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 6 }), fc.uint8Array({ maxLength: 9 })), { maxLength: 4 })
  .map((list) => Buffer.concat(list.map(([type, value]) => tlv(type, Buffer.from(value)))))
const nearV2 = fc
  .tuple(fc.constantFrom(0x20, 0x21, 0x22), families, fc.uint8Array({ maxLength: 40 }), tlvs, fc.nat(3))
  .map(([command, family, addresses, extensions, off]) => {
    const size = ADDRESS_BYTES.get(family) ?? 12
    const body = Buffer.concat([Buffer.from(addresses), Buffer.alloc(size)]).subarray(0, size)
    const all = Buffer.concat([body, extensions])
    return v2(command, family, all, Math.max(0, all.length - off))
  })
const nearV1 = fc
  .tuple(version, anyEnds, fc.nat(), fc.integer({ min: 0, max: 255 }))
  .map(([which, ends, at, byte]) => {
    const header = proxyHeader(which, ends)
    header[at % header.length] = byte
    return header
  })
const anything = fc.uint8Array({ maxLength: 140 }).map((it) => Buffer.from(it))
const afterPrefix = fc
  .tuple(fc.constantFrom(line('PROXY '), line('PROXY TCP4 '), VERSION2_SIGNATURE), anything)
  .map((parts) => Buffer.concat(parts))

test('any split of the same bytes gives the same result, and nothing else than a fault is thrown', () => {
  const bytes = fc.oneof(nearV1, nearV2, afterPrefix, anything)
  fc.assert(
    fc.property(
      bytes.chain((all) => fc.tuple(fc.constant(all), splits(all))),
      ([all, pieces]) => {
        const whole = readInPieces([all])
        const bytewise = readInPieces(Array.from(all, (_, i) => all.subarray(i, i + 1)))
        expect(readInPieces(pieces)).toEqual(bytewise)
        expect(whole).toEqual(bytewise)
      },
    ),
    { numRuns: 2_000 },
  )
})
