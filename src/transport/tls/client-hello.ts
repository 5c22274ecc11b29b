import type { ClientHello } from '../../core/exchange.ts'

/** What came is no TLS, or no ClientHello that can be read. */
export class ClientHelloFault extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'ClientHelloFault'
  }
}

/** The longest that is read. One of a browser, with keys that withstand quantum computers, has less than 2 KiB. */
const MAX_HELLO_BYTES = 16_384
/** It may come in so many records. */
const MAX_RECORDS = 32

const RECORD_HEADER_BYTES = 5
const HANDSHAKE_HEADER_BYTES = 4
const MAX_RECORD_BYTES = 16_384
const HANDSHAKE_RECORD = 22
const NOTHING: Buffer = Buffer.alloc(0)
const CLIENT_HELLO = 1
const RANDOM_BYTES = 32
const MAX_SESSION_ID_BYTES = 32

const EXTENSION = { serverName: 0, alpn: 16 } as const
const HOST_NAME = 0

/** Names as they stand in DNS, which is all that this name may be (RFC 6066 section 3). */
const NAME = /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?$/i

/**
 * Reads what a client says when it begins TLS (RFC 8446 section 4.1.2), without taking part in it. `undefined`: it is not
 * complete yet. Any split of the same bytes gives the same result, and so does any split into records.
 *
 * @throws `ClientHelloFault`
 */
export function parseClientHello(bytes: Buffer): ClientHello | undefined {
  const message = handshakeMessage(bytes)
  return message && readHello(new Reader(message))
}

/** The first message of the handshake, without its header, put together from the records that it comes in. */
function handshakeMessage(bytes: Buffer): Buffer | undefined {
  const fragments: Buffer[] = []
  /** The header of the message, which may itself come in several records. */
  let header = NOTHING
  let size = 0
  let at = 0
  for (let records = 0; ; records++) {
    if (bytes.length <= at) return undefined
    if (bytes[at] !== HANDSHAKE_RECORD) throw new ClientHelloFault('no TLS handshake')
    if (bytes.length <= at + 1) return undefined
    if (bytes[at + 1] !== 3) throw new ClientHelloFault('a version of TLS that there is not')
    if (records === MAX_RECORDS)
      throw new ClientHelloFault(`a ClientHello in more than ${MAX_RECORDS} records`)
    if (bytes.length < at + RECORD_HEADER_BYTES) return undefined
    const length = bytes.readUInt16BE(at + 3)
    if (length === 0 || length > MAX_RECORD_BYTES)
      throw new ClientHelloFault('a record of a size that none has')
    at += RECORD_HEADER_BYTES
    const fragment = bytes.subarray(at, at + length)
    fragments.push(fragment)
    size += fragment.length
    at += length
    // Joined once, when all is there: this is read anew with each piece that comes.
    if (header.length < HANDSHAKE_HEADER_BYTES)
      header = Buffer.concat([header, fragment.subarray(0, HANDSHAKE_HEADER_BYTES - header.length)])
    if (header.length > 0 && header[0] !== CLIENT_HELLO) throw new ClientHelloFault('no ClientHello')
    if (header.length < HANDSHAKE_HEADER_BYTES) continue
    const end = HANDSHAKE_HEADER_BYTES + header.readUIntBE(1, 3)
    if (end > MAX_HELLO_BYTES)
      throw new ClientHelloFault(`a ClientHello of more than ${MAX_HELLO_BYTES} bytes`)
    if (size >= end) return Buffer.concat(fragments, size).subarray(HANDSHAKE_HEADER_BYTES, end)
  }
}

function readHello(hello: Reader): ClientHello {
  hello.skip(2 + RANDOM_BYTES)
  const sessionId = hello.vector(1)
  const suites = hello.vector(2)
  const compressions = hello.vector(1)
  if (
    sessionId.size > MAX_SESSION_ID_BYTES ||
    suites.size < 2 ||
    suites.size % 2 === 1 ||
    compressions.size < 1
  )
    throw new ClientHelloFault('a field of a size that it cannot have')
  let servername: string | undefined
  let alpn: readonly string[] = []
  if (hello.size > 0) {
    const extensions = hello.vector(2)
    hello.finish()
    const seen = new Set<number>()
    while (extensions.size > 0) {
      const type = extensions.number(2)
      const body = extensions.vector(2)
      if (seen.has(type)) throw new ClientHelloFault('the same extension twice')
      seen.add(type)
      if (type === EXTENSION.serverName) servername = serverName(body)
      else if (type === EXTENSION.alpn) alpn = protocols(body)
    }
  }
  return { servername, alpn }
}

/** RFC 6066 section 3: a list, of one name for each kind, and there is one kind. */
function serverName(body: Reader): string {
  const list = body.vector(2)
  body.finish()
  if (list.number(1) !== HOST_NAME) throw new ClientHelloFault('a server name of an unknown kind')
  const name = list.vector(2).text()
  list.finish()
  if (!NAME.test(name) || name.length > 255) throw new ClientHelloFault('a server name that is none')
  return (name.endsWith('.') ? name.slice(0, -1) : name).toLowerCase()
}

/** RFC 7301 section 3.1. */
function protocols(body: Reader): string[] {
  const list = body.vector(2)
  body.finish()
  const found: string[] = []
  while (list.size > 0) {
    const protocol = list.vector(1)
    if (protocol.size === 0) throw new ClientHelloFault('a protocol without a name')
    found.push(protocol.text())
  }
  if (found.length === 0) throw new ClientHelloFault('a list of no protocols')
  return found
}

/** Reads bytes from front to back, and none past their end. */
class Reader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get size(): number {
    return this.#bytes.length - this.#at
  }

  number(bytes: 1 | 2): number {
    const at = this.#at
    this.skip(bytes)
    return this.#bytes.readUIntBE(at, bytes)
  }

  /** What stands behind its own length. */
  vector(lengthBytes: 1 | 2): Reader {
    const length = this.number(lengthBytes)
    const at = this.#at
    this.skip(length)
    return new Reader(this.#bytes.subarray(at, at + length))
  }

  text(): string {
    return this.#bytes.toString('latin1', this.#at)
  }

  skip(bytes: number): void {
    if (this.size < bytes) throw new ClientHelloFault('a ClientHello that breaks off')
    this.#at += bytes
  }

  finish(): void {
    if (this.size > 0) throw new ClientHelloFault('more than there is room for')
  }
}
