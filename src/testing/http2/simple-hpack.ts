import { decodeHuffman } from './simple-huffman.ts'

/** A field line as it stands in a header section, pseudo-header fields included. */
export type Http2Field = readonly [name: string, value: string]

/**
 * @internal Writes a header section the simplest way there is: every field as a literal that enters no table. So it keeps no
 * state, and what a peer's table may hold does not matter. Characters are bytes.
 */
export function encodeFields(fields: readonly Http2Field[]): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [NEW_NAME, literal(name), literal(value)]))
}

/** @internal Reads the header sections of one connection, in their order. Throws at what RFC 7541 does not know. */
export class SimpleHpackDecoder {
  /** Newest first. */
  readonly #table: Http2Field[] = []
  #tableBytes = 0
  #limit = DEFAULT_TABLE_BYTES
  #bytes: Buffer = NOTHING
  #at = 0

  decode(block: Buffer): Http2Field[] {
    this.#bytes = block
    this.#at = 0
    const fields: Http2Field[] = []
    while (this.#at < block.length) {
      const first = block[this.#at]!
      if (first >= 0x80) fields.push(this.#entry(this.#integer(7)))
      else if (first >= 0x40) {
        const field = this.#literal(6)
        fields.push(field)
        this.#add(field)
      } else if (first >= 0x20) {
        if (fields.length > 0) throw new Error('HPACK: a change of the table in the midst of fields')
        this.#resize(this.#integer(5))
      } else fields.push(this.#literal(4))
    }
    return fields
  }

  #literal(prefixBits: number): Http2Field {
    const index = this.#integer(prefixBits)
    const name = index === 0 ? this.#string() : this.#entry(index)[0]
    return [name, this.#string()]
  }

  #entry(index: number): Http2Field {
    const found = index <= STATIC.length ? STATIC[index - 1] : this.#table[index - STATIC.length - 1]
    if (found === undefined) throw new Error(`HPACK: no entry ${index}`)
    return found
  }

  #add(field: Http2Field): void {
    this.#table.unshift(field)
    this.#tableBytes += sizeOf(field)
    this.#evict()
  }

  #resize(bytes: number): void {
    // We never say another size than this one.
    if (bytes > DEFAULT_TABLE_BYTES) throw new Error(`HPACK: a table of ${bytes} bytes`)
    this.#limit = bytes
    this.#evict()
  }

  #evict(): void {
    while (this.#tableBytes > this.#limit) this.#tableBytes -= sizeOf(this.#table.pop()!)
  }

  /** RFC 7541 section 5.1. */
  #integer(prefixBits: number): number {
    const most = 2 ** prefixBits - 1
    let value = this.#byte() & most
    if (value < most) return value
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#byte()
      value += (byte & 0x7f) * scale
      if (value > 2 ** 31) throw new Error('HPACK: a number that is too large')
      if (byte < 0x80) return value
    }
  }

  /** RFC 7541 section 5.2. */
  #string(): string {
    const coded = this.#bytes[this.#at]! >= 0x80
    const length = this.#integer(7)
    const end = this.#at + length
    if (end > this.#bytes.length) throw new Error('HPACK: a string that is cut off')
    const bytes = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return (coded ? decodeHuffman(bytes) : bytes).toString('latin1')
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++]
    if (byte === undefined) throw new Error('HPACK: a block that is cut off')
    return byte
  }
}

function literal(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1')
  if (bytes.length < 0x7f) return Buffer.concat([Buffer.of(bytes.length), bytes])
  const size = [0x7f]
  let left = bytes.length - 0x7f
  for (; left >= 0x80; left = Math.floor(left / 128)) size.push(0x80 | (left % 128))
  return Buffer.concat([Buffer.from([...size, left]), bytes])
}

/** RFC 7541 section 4.1. */
function sizeOf([name, value]: Http2Field): number {
  return name.length + value.length + 32
}

const NOTHING = Buffer.alloc(0)
/** A literal without indexing that brings its name along. */
const NEW_NAME = Buffer.of(0)
const DEFAULT_TABLE_BYTES = 4_096

/** RFC 7541 Appendix A: a line for each name, with the values that it has entries for. */
const STATIC: readonly Http2Field[] = `
:authority
:method GET POST
:path / /index.html
:scheme http https
:status 200 204 206 304 400 404 500
accept-charset
accept-encoding gzip,~deflate
accept-language
accept-ranges
accept
access-control-allow-origin
age
allow
authorization
cache-control
content-disposition
content-encoding
content-language
content-length
content-location
content-range
content-type
cookie
date
etag
expect
expires
from
host
if-match
if-modified-since
if-none-match
if-range
if-unmodified-since
last-modified
link
location
max-forwards
proxy-authenticate
proxy-authorization
range
referer
refresh
retry-after
server
set-cookie
strict-transport-security
transfer-encoding
user-agent
vary
via
www-authenticate
`
  .trim()
  .split('\n')
  .flatMap((line) => {
    const [name = '', ...values] = line.split(' ')
    return (values.length === 0 ? [''] : values).map((value): Http2Field => [name, value.replace('~', ' ')])
  })
