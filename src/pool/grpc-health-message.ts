/**
 * The two messages of gRPC's health checking protocol (grpc/health/v1/health.proto), in the wire format of Protocol Buffers
 * and in gRPC's framing: a byte that says whether the message is compressed, its length in four, the message.
 */
const FRAMING_BYTES = 5

/** `HealthCheckRequest`: its field 1 is the name of a service, of ASCII and at most 256 characters. */
export function healthCheckRequest(service: string): Buffer {
  const name = Buffer.from(service, 'latin1')
  const length = varint(name.length)
  // A string that is empty is left out.
  const message = name.length === 0 ? name : Buffer.concat([Buffer.of(0x0a), length, name])
  const framing = Buffer.alloc(FRAMING_BYTES)
  framing.writeUInt32BE(message.length, 1)
  return Buffer.concat([framing, message])
}

/** The name of the status in a `HealthCheckResponse`; `undefined` where the bytes are none. */
export function servingStatus(framed: Buffer): string | undefined {
  if (framed.length < FRAMING_BYTES || framed[0] !== 0) return undefined
  if (framed.readUInt32BE(1) !== framed.length - FRAMING_BYTES) return undefined
  const status = readStatus(new ProtobufReader(framed.subarray(FRAMING_BYTES)))
  return status === undefined ? undefined : (SERVING_STATUS[status] ?? `serving status ${status}`)
}

/** `HealthCheckResponse.ServingStatus`. */
const SERVING_STATUS: readonly string[] = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN']

/** Types of fields in the wire format. The others were for groups, which nothing has any more. */
const Type = { varint: 0, eightBytes: 1, lengthDelimited: 2, fourBytes: 5 } as const

/** Field 1, the last one where there are several, and 0 where there is none. Other fields are skipped. */
function readStatus(reader: ProtobufReader): number | undefined {
  let status = 0
  while (reader.left > 0) {
    const tag = reader.varint()
    if (tag === undefined) return undefined
    const field = Math.floor(tag / 8)
    const type = tag % 8
    if (field === 1) {
      const value = type === Type.varint ? reader.varint() : undefined
      if (value === undefined) return undefined
      status = value
    } else if (field === 0 || !skip(reader, type)) return undefined
  }
  return status
}

function skip(reader: ProtobufReader, type: number): boolean {
  switch (type) {
    case Type.varint:
      return reader.varint() !== undefined
    case Type.eightBytes:
      return reader.skip(8)
    case Type.fourBytes:
      return reader.skip(4)
    case Type.lengthDelimited: {
      const length = reader.varint()
      return length !== undefined && reader.skip(length)
    }
    default:
      return false
  }
}

class ProtobufReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get left(): number {
    return this.#bytes.length - this.#at
  }

  /** Up to ten bytes of seven bits, the least ones first. `undefined` where there are more, or too few. */
  varint(): number | undefined {
    let value = 0
    for (let i = 0; i < 10 && this.left > 0; i++) {
      const byte = this.#bytes[this.#at++]!
      value += (byte & 0x7f) * 2 ** (7 * i)
      if (byte < 0x80) return value
    }
    return undefined
  }

  skip(bytes: number): boolean {
    if (bytes > this.left) return false
    this.#at += bytes
    return true
  }
}

/** Of a number below 2 ** 14. */
function varint(value: number): Buffer {
  return value < 0x80 ? Buffer.of(value) : Buffer.of((value & 0x7f) | 0x80, value >> 7)
}
