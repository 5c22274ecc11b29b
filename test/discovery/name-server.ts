import { createSocket, type Socket } from 'node:dgram'

/** One answer: the records of a name and type, or a code in their place. */
export type ZoneEntry = 'nxdomain' | 'servfail' | 'silence' | readonly ZoneRecord[]

export type ZoneRecord =
  | { readonly ttl: number; readonly address: string }
  | {
      readonly ttl: number
      readonly priority: number
      readonly weight: number
      readonly port: number
      readonly host: string
    }

const TYPES: Readonly<Record<number, string>> = { 1: 'A', 28: 'AAAA', 33: 'SRV' }

/** A real name server on loopback, as far as RFC 1035 is needed for A, AAAA and SRV. `zone` is by `TYPE name`. */
export class NameServer {
  readonly zone: Record<string, ZoneEntry> = {}
  readonly asked: string[] = []
  readonly #socket: Socket = createSocket('udp4')
  #onAsked: () => void = () => {}

  /** Resolves with its address and port. */
  start(): Promise<string> {
    this.#socket.on('message', (query, { port, address }) => {
      const answer = this.#answer(query)
      if (answer !== undefined) this.#socket.send(answer, port, address)
      this.#onAsked()
    })
    return new Promise((resolve, reject) => {
      this.#socket.once('error', reject)
      this.#socket.bind(0, '127.0.0.1', () => resolve(`127.0.0.1:${this.#socket.address().port}`))
    })
  }

  /** Resolves with the next question. */
  question(): Promise<void> {
    return new Promise((resolve) => (this.#onAsked = resolve))
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#socket.close(resolve))
  }

  #answer(query: Buffer): Buffer | undefined {
    const labels: string[] = []
    let at = 12
    for (let length = query[at]!; length > 0; length = query[at]!) {
      labels.push(query.toString('latin1', at + 1, at + 1 + length))
      at += 1 + length
    }
    const question = query.subarray(12, at + 5)
    const key = `${TYPES[query.readUInt16BE(at + 1)]} ${labels.join('.').toLowerCase()}`
    this.asked.push(key)
    const entry = this.zone[key] ?? []
    if (entry === 'silence') return undefined
    const records = typeof entry === 'string' ? [] : entry
    const head = Buffer.alloc(12)
    query.copy(head, 0, 0, 2)
    // An answer, recursion asked for and at hand.
    head.writeUInt16BE(0x8180 | (entry === 'nxdomain' ? 3 : entry === 'servfail' ? 2 : 0), 2)
    head.writeUInt16BE(1, 4)
    head.writeUInt16BE(records.length, 6)
    return Buffer.concat([head, question, ...records.map(encoded)])
  }
}

/** The name is that of the question, at byte 12. */
function encoded(record: ZoneRecord): Buffer {
  const [type, data] = 'address' in record ? addressData(record.address) : [33, serviceData(record)]
  const head = Buffer.alloc(12)
  head.writeUInt16BE(0xc00c, 0)
  head.writeUInt16BE(type, 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt32BE(record.ttl, 6)
  head.writeUInt16BE(data.length, 10)
  return Buffer.concat([head, data])
}

function addressData(address: string): readonly [number, Buffer] {
  if (!address.includes(':')) return [1, Buffer.from(address.split('.').map(Number))]
  const [left = [], right = []] = address.split('::').map((half) => half.split(':').filter((it) => it !== ''))
  const groups = [...left, ...new Array<string>(8 - left.length - right.length).fill('0'), ...right]
  const data = Buffer.alloc(16)
  for (const [i, group] of groups.entries()) data.writeUInt16BE(Number.parseInt(group, 16), i * 2)
  return [28, data]
}

function serviceData({ priority, weight, port, host }: Extract<ZoneRecord, { host: string }>): Buffer {
  const numbers = Buffer.alloc(6)
  numbers.writeUInt16BE(priority, 0)
  numbers.writeUInt16BE(weight, 2)
  numbers.writeUInt16BE(port, 4)
  const labels = host.split('.').filter((it) => it !== '')
  return Buffer.concat([
    numbers,
    ...labels.map((it) => Buffer.from(`${String.fromCharCode(it.length)}${it}`)),
    Buffer.alloc(1),
  ])
}
